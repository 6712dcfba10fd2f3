#include "report/build.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/error.h"
#include "report/metrics.h"
#include "report/synthetic_study.h"
#include "store/notes.h"

namespace espalier::report {
namespace {

Report build(const store::StudyRecord& study) {
    return build_report(study, {"0.1.0", {}, "2026-11-23T12:00:00Z", {}, {}, 300});
}

/// The report of the study as it is, built once.
const Report& example() {
    static const Report report = build(testing::study());
    return report;
}

const Measure& measure(const Report& report, int variant, const char* key) {
    return report.models.at(0).variants.at(static_cast<std::size_t>(variant)).measures.at(key);
}

TEST(BuildReport, TakesMediansOverBlocksInTheUnitsOfTheMetrics) {
    const Report& report = example();
    EXPECT_NEAR(*measure(report, 0, key::kTime).value, 10.0, 0.1);
    EXPECT_NEAR(*measure(report, 1, key::kTime).value, 5.0, 0.05);
    EXPECT_NEAR(*measure(report, 0, key::kPower).value, 20.0, 1e-9);
    EXPECT_NEAR(*measure(report, 0, key::kEnergy).value, 0.202, 0.002);
    EXPECT_NEAR(*measure(report, 0, key::kThroughput).value, 99.0, 1.0);
    EXPECT_NEAR(*measure(report, 0, key::kUtilization).value, 100.0, 1e-9);
    EXPECT_DOUBLE_EQ(*measure(report, 0, key::kMemory).value, 60e6);
    EXPECT_EQ(measure(report, 0, key::kTime).per_block.size(), 10u);
    EXPECT_LE(*measure(report, 0, key::kTime).low, *measure(report, 0, key::kTime).value);
    EXPECT_EQ(measure(report, 0, key::kTime).interval, "bootstrap-95");
}

// Requirement 40.
TEST(BuildReport, NamesTierSourceAndScopeOfEveryEnergyFigure) {
    const Report& report = example();
    for (const char* key : {key::kEnergy, key::kPower, key::kOptimizeEnergy}) {
        EXPECT_EQ(measure(report, 1, key).tier, "B") << key;
        EXPECT_EQ(measure(report, 1, key).scope, "CPU package 0; gross") << key;
        EXPECT_TRUE(measure(report, 1, key).source) << key;
    }
    EXPECT_EQ(report.models[0].verdict.tier, "B");
}

// Requirement 33.
TEST(BuildReport, CombinesScatterAndBudgetOfEveryMeasuredEnergy) {
    const Report& report = example();
    for (const char* key : {key::kEnergy, key::kPower, key::kOptimizeEnergy}) {
        const auto& shown = measure(report, 1, key);
        ASSERT_TRUE(shown.uncertainty) << key;
        const auto& u = *shown.uncertainty;
        EXPECT_NEAR(u.meter, 0.004 * *shown.value, 1e-4 * *shown.value) << key;
        EXPECT_NEAR(u.standard, std::hypot(u.repetitions, u.meter), 1e-12) << key;
        EXPECT_GT(u.expanded, 1.9 * u.standard) << key;
    }
    // The meter's error is the same in both, so that only their scatter is left in the ratio.
    const auto& saved = measure(report, 1, key::kEnergy);
    ASSERT_TRUE(saved.comparison->uncertainty);
    EXPECT_LT(*saved.comparison->uncertainty, 0.004 * *saved.comparison->value);
    EXPECT_FALSE(measure(report, 1, key::kTime).uncertainty);
    const Report estimated = build(testing::study("E"));
    EXPECT_FALSE(measure(estimated, 1, key::kEnergy).uncertainty);
    EXPECT_EQ(measure(estimated, 1, key::kEnergy).interval, "factor");
    EXPECT_EQ(measure(estimated, 1, key::kEnergy).comparison->finding, "not-tested");
}

TEST(BuildReport, ABudgetThatOneBlockLacksIsUnknown) {
    auto record = testing::study();
    for (auto& phase : record.trials[1].phases) phase.readings.clear();
    const Report report = build(record);
    EXPECT_FALSE(measure(report, 1, key::kEnergy).uncertainty);
    EXPECT_TRUE(measure(report, 0, key::kEnergy).uncertainty);
}

// Requirement 21.
TEST(BuildReport, TellsWhatReadingTheMetersCost) {
    // 1 ms of each second, of which two processors were busy.
    EXPECT_NEAR(*measure(example(), 0, key::kSamplerShare).value, 0.05, 1e-9);
    EXPECT_EQ(find_metric(example().metrics, key::kSamplerShare).unit, "%");
}

TEST(BuildReport, ShowsWhatAGpuDidWhereItExecutes) {
    auto record = testing::study();
    EXPECT_EQ(build(record).models[0].variants[0].measures.count(key::kGpuUtilization), 0u);
    for (auto& variant : record.variants) variant.device = "cuda:0";
    EXPECT_FALSE(measure(build(record), 0, key::kGpuUtilization).value);
    for (auto& trial : record.trials) {
        for (auto& phase : trial.phases) {
            phase.readings.push_back({"nvml-utilization GPU-1", "1", 0.6});
            phase.readings.push_back({"nvml-utilization GPU-1/memory", "1", 0.1});
            phase.readings.push_back({"nvml-utilization GPU-2", "1", 0.2});
            phase.readings.push_back({"nvml-memory GPU-1", "B", 3e9});
            phase.readings.push_back({"nvml-memory GPU-2", "B", std::nullopt});
        }
    }
    const Report report = build(record);
    EXPECT_NEAR(*measure(report, 0, key::kGpuUtilization).value, 40, 1e-9);
    EXPECT_EQ(measure(report, 0, key::kGpuUtilization).source, "NVML");
    EXPECT_NEAR(*measure(report, 0, key::kGpuMemory).value, 3e9, 1e-3);
}

// Requirement 19.
TEST(BuildReport, NetEnergyIsAnExtraBesideTheGrossOne) {
    auto record = testing::study();
    EXPECT_FALSE(measure(build(record), 0, key::kNetEnergy).value);
    EXPECT_TRUE(measure(build(record), 0, key::kNetEnergy).reason);
    for (auto& trial : record.trials) {
        auto before = testing::phase("idle", 0.0, 2.0);
        testing::add_energy(before, 2.0 * 5.0, "B");
        auto after = testing::phase("idle-after", 10.0, 12.0);
        testing::add_energy(after, 2.0 * 5.0, "B");
        trial.phases.push_back(before);
        trial.phases.push_back(after);
    }
    const Report report = build(record);
    // 5 of 20 W are drawn at rest.
    EXPECT_NEAR(*measure(report, 0, key::kNetEnergy).value, 0.75 * *measure(report, 0, key::kEnergy).value,
                1e-6);
    EXPECT_EQ(measure(report, 0, key::kNetEnergy).scope, "CPU package 0; net");
    EXPECT_GT(measure(report, 0, key::kNetEnergy).uncertainty->meter,
              measure(report, 0, key::kEnergy).uncertainty->meter);
    EXPECT_FALSE(measure(report, 1, key::kNetEnergy).comparison);
}

// Requirement 26.
TEST(BuildReport, LeavesOutExcludedTrialsAndCountsThemByArm) {
    auto record = testing::study();
    for (auto& energy : record.trials[1].phases[1].energies) energy.joules = 1e6;
    record.notes.push_back({record.trials[1].id, store::kExcluded, "heat held the cores down", ""});
    const Report report = build(record);
    EXPECT_EQ(report.study.trials_excluded, 1);
    EXPECT_EQ(report.models[0].variants[0].excluded, 0);
    EXPECT_EQ(report.models[0].variants[1].excluded, 1);
    EXPECT_EQ(report.models[0].variants[1].status, "complete");
    EXPECT_FALSE(measure(report, 1, key::kEnergy).per_block[0]);
    EXPECT_NEAR(*measure(report, 1, key::kEnergy).value, 0.101, 0.002);
}

// Requirement 28.
TEST(BuildReport, TellsHowFarTheControlWorkloadScattered) {
    auto record = testing::study();
    record.controls = {{0, "", 1.0, 2.0, 10.0, "powercap", "B", "CPU package 0"},
                       {15, "", 1.01, 2.0, 10.0, "powercap", "B", "CPU package 0"},
                       {30, "", 1.02, std::nullopt, std::nullopt, "", "", ""}};
    std::map<std::string, Fact> facts;
    for (const Fact& fact : build(record).environment) {
        if (fact.group == "Control workload") facts[fact.name] = fact;
    }
    EXPECT_EQ(facts.at("the same work each time").value, "3 runs");
    EXPECT_EQ(facts.at("scatter of time").value, "0.99 %");
    EXPECT_EQ(facts.at("scatter of energy").note, "powercap, tier B, CPU package 0");
}

// Requirement 37.
TEST(BuildReport, SciNeedsIntensityAndTheMakingOfTheMachine) {
    auto record = testing::study();
    auto plan = nlohmann::json::parse(record.plan);
    plan["costs"]["carbon_g_per_kwh"] = {{"value", 360.0}, {"date", "2023"}, {"source", "grid"}};
    record.plan = plan.dump();
    EXPECT_FALSE(build(record).models[0].variants[0].measures.contains(key::kSci));
    plan["costs"]["embodied_g_per_h"] = {{"value", 36.0}, {"date", "2026"}, {"source", "maker"}};
    record.plan = plan.dump();
    const Report report = build(record);
    // Of a million images: 0.202 J at 0.1 mg/J, and 10 ms at 10 mg/s.
    const double expected = 1e6 * (*measure(report, 0, key::kEnergy).value * 1e-4 +
                                   *measure(report, 0, key::kTime).value * 1e-3 * 1e-2);
    EXPECT_NEAR(*measure(report, 0, key::kSci).value, expected, 1e-9 * expected);
    EXPECT_EQ(measure(report, 0, key::kSci).tier, "B");
    // Once, of half a second at 20 W.
    EXPECT_NEAR(*measure(report, 2, key::kSciProvider).value, 10.0 * 1e-4 + 0.5 * 1e-2, 1e-9);
}

// Requirement 37.
TEST(BuildReport, PueChangesOnlyWhatIsOfTheFacility) {
    auto record = testing::study();
    const Report without = build(record);
    auto plan = nlohmann::json::parse(record.plan);
    plan["costs"]["pue"] = {{"value", 1.5}, {"date", "2026"}, {"source", "operator"}};
    record.plan = plan.dump();
    const Report with = build(record);
    EXPECT_EQ(measure(with, 0, key::kEnergy).value, measure(without, 0, key::kEnergy).value);
    EXPECT_EQ(measure(with, 0, key::kPower).value, measure(without, 0, key::kPower).value);
    EXPECT_NEAR(*measure(with, 0, key::kElectricity).value,
                1.5 * *measure(without, 0, key::kElectricity).value, 1e-9);
}

TEST(BuildReport, ListsTheEnergyOfAGpuAndComparesNothingByIt) {
    auto record = testing::study("E");
    for (auto& trial : record.trials) {
        for (auto& phase : trial.phases)
            phase.energies.push_back({"nvml-energy", "GPU-1", 70.0, "B", "GPU board", true, 1, 1, "", "gpu"});
    }
    record.environment = R"({"cpu":"Test CPU","gpus":[{"name":"NVIDIA H100","uuid":"GPU-1","ecc":null,)"
                         R"("power_limit_w":700.0,"persistence_mode":true}]})";
    const Report report = build(record);
    EXPECT_EQ(report.models[0].verdict.tier, "E");
    EXPECT_EQ(measure(report, 1, key::kEnergy).tier, "E");
    ASSERT_EQ(report.method.meters.size(), 2u);
    EXPECT_EQ(report.method.meters[0].source, "GPU energy counter (NVML)");
    EXPECT_EQ(report.method.meters[0].tier, "B");
    const auto warned = [&](const std::string& words) {
        return std::any_of(report.warnings.begin(), report.warnings.end(), [&](const Warning& warning) {
            return warning.text.find(words) != std::string::npos;
        });
    };
    EXPECT_TRUE(warned("energy is estimated (tier E)"));
    std::map<std::string, Text> facts;
    for (const Fact& fact : report.environment) {
        if (fact.group == "GPU") facts[fact.name] = fact.value;
    }
    EXPECT_EQ(facts.at("model"), "NVIDIA H100");
    EXPECT_EQ(facts.at("power limit"), "700.0 W");
    EXPECT_EQ(facts.at("persistence mode"), "yes");
    EXPECT_FALSE(facts.at("ECC"));
}

TEST(BuildReport, ShowsWhatIsBetterAndClaimsNothingOtherwise) {
    const Report& report = example();
    const auto& faster = *measure(report, 1, key::kTime).comparison;
    EXPECT_NEAR(*faster.value, 0.5, 0.001);
    EXPECT_EQ(faster.finding, "better");
    EXPECT_LT(*faster.p, 0.05);
    EXPECT_EQ(measure(report, 2, key::kTime).comparison->finding, "no-difference");
    EXPECT_FALSE(measure(report, 0, key::kTime).comparison);
}

TEST(BuildReport, TestsAllVariantsAtOnceBeforeThePairs) {
    const Report& report = example();
    const auto& tests = report.models[0].omnibus;
    const auto time =
        std::find_if(tests.begin(), tests.end(), [](const auto& test) { return test.metric == key::kTime; });
    ASSERT_NE(time, tests.end());
    EXPECT_EQ(time->test, "Friedman");
    EXPECT_EQ(time->degrees_of_freedom, 2);
    EXPECT_EQ(time->blocks, 10);
    EXPECT_LT(time->p, 0.05);
    for (int variant : {1, 2}) EXPECT_GE(*measure(report, variant, key::kTime).comparison->p, time->p);
    EXPECT_TRUE(build(testing::study("B", 5)).models[0].omnibus.empty());
}

TEST(BuildReport, SaysHowLargeEffectsAre) {
    const Report& report = example();
    const auto& faster = *measure(report, 1, key::kTime).comparison->effect;
    EXPECT_EQ(faster.delta, -1);
    EXPECT_EQ(faster.magnitude, "large");
    EXPECT_EQ(faster.a12, 0);
    EXPECT_NEAR(faster.typical, 0.5, 0.001);
    EXPECT_LE(faster.typical_low, faster.typical);
    EXPECT_GE(faster.typical_high, faster.typical);
    EXPECT_TRUE(faster.normality_p);
    EXPECT_GT(*faster.equivalence_p, 0.5);
    EXPECT_LT(*measure(report, 2, key::kTime).comparison->effect->equivalence_p, 0.05);
    EXPECT_FALSE(measure(report, 1, key::kTop1).comparison->effect);
    EXPECT_FALSE(measure(build(testing::study("E")), 1, key::kEnergy).comparison->effect);
}

TEST(BuildReport, ComparesAccuracyImageByImage) {
    const Report& report = example();
    EXPECT_DOUBLE_EQ(*measure(report, 0, key::kTop1).value, 95.0);
    EXPECT_DOUBLE_EQ(*measure(report, 1, key::kTop1).comparison->value, 0.0);
    const auto& lost = *measure(report, 2, key::kTop1).comparison;
    EXPECT_NEAR(*lost.value, -3.0, 1e-9);
    // Three discordant images, all one way: exact p = 0.25, then Holm over two tactics.
    EXPECT_NEAR(*lost.p, 0.5, 1e-12);
    EXPECT_EQ(lost.finding, "inconclusive");
    EXPECT_DOUBLE_EQ(*measure(report, 0, key::kTop5).value, 95.0);
}

// Requirements 34 and 40.
TEST(BuildReport, EstimatedEnergyGetsAFactorAndIsNeverTested) {
    const Report report = build(testing::study("E"));
    const auto& energy = measure(report, 1, key::kEnergy);
    EXPECT_EQ(energy.interval, "factor");
    EXPECT_NEAR(*energy.low, *energy.value * 0.4, 1e-12);
    EXPECT_EQ(energy.comparison->finding, "not-tested");
    EXPECT_FALSE(energy.comparison->p);
    EXPECT_EQ(measure(report, 1, key::kTime).comparison->finding, "better");
    for (const auto& payback : report.models[0].variants[1].paybacks) EXPECT_EQ(payback.currency, "time");
    EXPECT_TRUE(std::any_of(report.warnings.begin(), report.warnings.end(), [](const Warning& warning) {
        return warning.text.find("ranking equals") != std::string::npos ||
               warning.text.find("ranking by CPU time") != std::string::npos;
    }));
}

// Requirement 25.
TEST(BuildReport, FewBlocksAreDescribedAndNotTested) {
    const Report report = build(testing::study("B", 5));
    for (const auto& variant : report.models[0].variants) {
        for (const auto& [key, shown] : variant.measures) {
            const bool tested = !shown.per_block.empty() && shown.comparison && shown.comparison->p;
            EXPECT_FALSE(tested) << key;
        }
    }
}

TEST(BuildReport, PaysBackInEnergyMoneyAndTime) {
    const Report& report = example();
    const auto& paybacks = report.models[0].variants[1].paybacks;
    ASSERT_EQ(paybacks.size(), 3u);
    // 0.5 s at 20 W against about 0.101 J an image: 99 images.
    EXPECT_EQ(paybacks[0].currency, "energy");
    EXPECT_NEAR(*paybacks[0].images, 98.6, 1.0);
    EXPECT_LE(*paybacks[0].images_low, *paybacks[0].images);
    EXPECT_EQ(paybacks[1].currency, "money");
    EXPECT_NEAR(*paybacks[1].images, *paybacks[0].images, 1e-6);
    EXPECT_EQ(paybacks[2].currency, "time");
    EXPECT_NEAR(*paybacks[2].images, 100.0, 1.0);
    const auto& pruned = report.models[0].variants[2].paybacks[0];
    EXPECT_FALSE(pruned.images);
    EXPECT_TRUE(pruned.reason);
}

// Requirement 37.
TEST(BuildReport, PricesComeWithUnitDateAndSource) {
    const Report& report = example();
    EXPECT_NEAR(*measure(report, 0, key::kElectricity).value, *measure(report, 0, key::kEnergy).value * 0.1,
                1e-9);
    EXPECT_EQ(find_metric(report.metrics, key::kElectricity).unit, "EUR/1M images");
    const auto& price = report.inputs.at(0);
    EXPECT_EQ(price.unit, "EUR/kWh");
    EXPECT_EQ(price.date, "2026-11-01");
    EXPECT_EQ(price.source, "--price");
    EXPECT_FALSE(report.inputs.at(1).value);
    EXPECT_THROW(find_metric(report.metrics, key::kCarbon), Error);
}

TEST(BuildReport, UnknownStaysUnknownAndSaysWhy) {
    auto study = testing::study();
    for (auto& trial : study.trials) {
        if (trial.variant_id != 2) continue;
        trial.state = store::TrialState::kFailed;
        trial.error = "node stem/conv: 4 groups";
        trial.phases.clear();
        trial.evidence.clear();
    }
    study.variants[1].prediction.reset();
    const Report report = build(study);
    const auto& failed = report.models[0].variants[1];
    EXPECT_EQ(failed.status, "failed");
    EXPECT_EQ(failed.reason, "10 of 10 trials failed: node stem/conv: 4 groups");
    for (const auto& [key, shown] : failed.measures) {
        EXPECT_FALSE(shown.value) << key;
        EXPECT_TRUE(shown.reason) << key;
    }
    EXPECT_EQ(report.study.trials_failed, 10);
}

// Requirements 2 and 34.
TEST(BuildReport, AGapLeavesOneBlockOutAndAnotherMeterIsNotMixedIn) {
    auto study = testing::study();
    auto& gap = study.trials[3].phases[1].energies[0];
    gap.joules.reset();
    gap.problem = "the counter went away";
    study.trials[6].phases[1].energies[0].tier = "E";
    const Report report = build(study);
    const auto& energy = measure(report, 0, key::kEnergy);
    EXPECT_EQ(std::count_if(energy.per_block.begin(), energy.per_block.end(),
                            [](const Number& value) { return !value; }),
              2);
    EXPECT_TRUE(energy.value);
    EXPECT_EQ(energy.reason, "package-0: the counter went away");
}

TEST(BuildReport, AnUnfinishedStudySaysSo) {
    auto study = testing::study();
    study.trials.back().state = store::TrialState::kPlanned;
    const Report report = build(study);
    EXPECT_EQ(report.study.blocks_complete, 9);
    EXPECT_FALSE(report.study.finished);
    EXPECT_NE(report.warnings.at(0).text.find("29 of 30"), std::string::npos);
    EXPECT_EQ(report.models[0].verdict.headline, "No verdict.");
}

TEST(BuildReport, VariantsOfOneTacticAreToldApart) {
    auto study = testing::study();
    EXPECT_EQ(variant_id(study, study.variants[1]), "compile");
    study.variants[2].tactic = "compile";
    study.variants[2].batch = 16;
    EXPECT_EQ(variant_id(study, study.variants[2]), "compile, native, cpu, batch 16, 2 threads");
}

TEST(BuildReport, DamagedRecordsAreNamed) {
    auto study = testing::study();
    study.plan = "{";
    EXPECT_THROW(build(study), Error);
    study = testing::study();
    study.trials[0].evidence = "[]";
    EXPECT_THROW(build(study), Error);
}

}  // namespace
}  // namespace espalier::report
