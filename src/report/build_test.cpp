#include "report/build.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/error.h"
#include "report/metrics.h"
#include "report/synthetic_study.h"

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

TEST(BuildReport, NamesTierSourceAndScopeOfEveryEnergyFigure) {
    const Report& report = example();
    for (const char* key : {key::kEnergy, key::kPower, key::kOptimizeEnergy}) {
        EXPECT_EQ(measure(report, 1, key).tier, "B") << key;
        EXPECT_EQ(measure(report, 1, key).scope, "CPU package 0; gross") << key;
        EXPECT_TRUE(measure(report, 1, key).source) << key;
    }
    EXPECT_EQ(report.models[0].verdict.tier, "B");
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
