#include "lab/verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/random.h"
#include "store/notes.h"

namespace espalier::lab {
namespace {

/// Enough to tell a saving of half from none, and quick under a sanitizer.
const statistics::BootstrapOptions kQuick = {.resamples = 500};

using testing::HasSubstr;
using testing::Not;

/// How a variant of an invented study behaves.
struct Behaviour {
    std::string tactic;
    double factor = 1.0;   ///< of the baseline's 10 ms and 2 J per image
    int wrong_images = 0;  ///< of those the baseline has right
    double optimize_s = 0.1;
};

constexpr int kImagesInWindow = 100;
constexpr double kWatts = 200.0;  ///< so that 10 ms cost 2 J

store::EnergyRecord energy(double joules, const std::string& tier) {
    store::EnergyRecord record{
        .meter = "powercap", .zone = "package-0", .joules = joules, .tier = tier, .scope = "package"};
    if (tier == "E") {
        record.factor_low = 0.4;
        record.factor_high = 1.6;
    }
    return record;
}

store::PhaseRecord make_phase(const std::string& name, double seconds, const std::string& tier) {
    store::PhaseRecord phase{.name = name, .start_s = 0.0, .end_s = seconds};
    if (tier != "N") phase.energies.push_back(energy(seconds * kWatts, tier));
    if (tier == "B")
        phase.readings.push_back({"powercap standard uncertainty", "J", 0.01 * seconds * kWatts});
    phase.cpu_s = seconds * 2.0;
    return phase;
}

store::TrialRecord make_trial(const Behaviour& behaviour, int block, double noise, const std::string& tier) {
    const double call = 0.010 * behaviour.factor * noise;
    store::TrialRecord trial{.block = block, .state = store::TrialState::kDone};
    trial.phases.push_back(make_phase("optimize", behaviour.optimize_s, tier));
    auto window = make_phase("measure", call * kImagesInWindow, tier);
    window.images = kImagesInWindow;
    window.calls = kImagesInWindow;
    window.latency_s.assign(kImagesInWindow, static_cast<float>(call));
    trial.phases.push_back(std::move(window));
    trial.evidence = R"({"nodes_after": 100, "weight_bytes": 346000000})";
    return trial;
}

/// 90 % right, less the images the variant gets wrong.
store::PredictionRecord make_predictions(int images, int wrong) {
    store::PredictionRecord prediction;
    for (int i = 0; i < images; ++i) {
        const bool right = i % 10 != 0 && i / 10 * 9 + i % 10 - 1 >= wrong;
        prediction.labels.push_back(i % 7);
        prediction.predicted.push_back(right ? i % 7 : 7);
        prediction.ranks.push_back(right ? 0 : 1);
    }
    return prediction;
}

store::StudyRecord make_study(const std::vector<Behaviour>& behaviours, int blocks,
                              const std::string& tier = "B", int images = 2000) {
    store::StudyRecord study{.id = 1, .key = "7c1e00000000", .blocks = blocks};
    study.dataset.images = images;
    study.models.push_back({.id = 1, .name = "vit-mini"});
    Random random(7);
    for (std::size_t v = 0; v < behaviours.size(); ++v) {
        store::VariantRecord variant{
            .id = static_cast<store::Id>(v + 1), .model_id = 1, .tactic = behaviours[v].tactic};
        variant.is_baseline = v == 0;
        variant.prediction = make_predictions(images, behaviours[v].wrong_images);
        study.variants.push_back(std::move(variant));
    }
    for (int block = 0; block < blocks; ++block) {
        const double drift = 1.0 + 0.02 * random.normal();
        for (std::size_t v = 0; v < behaviours.size(); ++v) {
            auto trial = make_trial(behaviours[v], block, drift * (1.0 + 0.002 * random.normal()), tier);
            trial.id = static_cast<store::Id>(study.trials.size() + 1);
            trial.variant_id = static_cast<store::Id>(v + 1);
            trial.position = static_cast<int>(v);
            study.trials.push_back(std::move(trial));
        }
    }
    return study;
}

const std::vector<Behaviour> kTypical = {{"baseline"},
                                         {"compile", 0.8},
                                         {"dynamic-quantization", 0.4, 2, 30.0},
                                         {"local-pruning:0.3", 0.999},
                                         {"global-pruning:0.5", 0.3, 60}};

TEST(Verdict, WithoutABaselineThereIsNone) {
    auto study = make_study(kTypical, 12);
    study.variants.erase(study.variants.begin());
    const auto verdict = judge(study, {}, {}, kQuick).models.at(0);
    EXPECT_EQ(verdict.decision, Decision::kNone);
    EXPECT_EQ(verdict.because, "there is no baseline to compare with");
}

TEST(Verdict, OfAnImportHoldsForWhereItWasMeasured) {
    auto study = make_study(kTypical, 12);
    study.imported = store::ImportRecord{"table.csv", "replication", {}};
    for (auto& variant : study.variants) variant.batch = variant.threads = 0;
    const auto verdict = judge(study, {}, {}, kQuick);
    EXPECT_THAT(conditions_of(verdict),
                testing::ElementsAre("the machine on which table.csv was measured", "batch size unknown",
                                     "threads unknown", "2 000 images"));
    EXPECT_EQ(verdict.models.at(0).variants.at(0).happened, "unknown: what was imported holds no evidence");
    EXPECT_TRUE(to_json(verdict)["conditions"]["batch"].is_null());
}

TEST(Verdict, RecommendsTheGreatestShownSavingAmongTheAdmissible) {
    const auto verdict = judge(make_study(kTypical, 12), {}, {}, kQuick).models.at(0);
    EXPECT_EQ(verdict.decision, Decision::kAdopt);
    EXPECT_EQ(verdict.recommendation, "dynamic-quantization");
    EXPECT_TRUE(verdict.by_energy);
    EXPECT_NEAR(verdict.chosen()->energy->ratio, 0.4, 0.01);
    EXPECT_NEAR(verdict.chosen()->energy->baseline, 2.0, 0.1);
    EXPECT_EQ(verdict.variants[3].rejected, "top-1 -3.0 pt");
    EXPECT_FALSE(verdict.variants[2].energy->saves(0.02));
}

TEST(Verdict, ReadsAsDesigned) {
    const auto text = describe(judge(make_study(kTypical, 12), {}, {}, kQuick), false);
    EXPECT_THAT(text, HasSubstr("Use dynamic-quantization."));
    EXPECT_THAT(text, HasSubstr("study 7c1e"));
    EXPECT_THAT(text, HasSubstr("measured, tier B (powercap: package)"));
    EXPECT_THAT(text, HasSubstr("-60 %"));
    EXPECT_THAT(text, HasSubstr("top-1     90.0 -> 89.9 %"));
    EXPECT_THAT(text, HasSubstr("limit -1: not worse"));
    EXPECT_THAT(text, HasSubstr("energy: pays back after 5 000 images"));
    EXPECT_THAT(text, HasSubstr("Rejected: global-pruning:0.5 (top-1 -3.0 pt)."));
    EXPECT_THAT(text, HasSubstr("Holds for: this machine, batch 1, 1 thread, 2 000 images."));
}

TEST(Verdict, KeepsTheOriginalWhereNothingSaves) {
    const auto verdict =
        judge(make_study({{"baseline"}, {"compile", 1.0}, {"local-pruning:0.3", 1.2}}, 12), {}, {}, kQuick);
    EXPECT_EQ(verdict.models.at(0).decision, Decision::kKeep);
    EXPECT_EQ(verdict.models.at(0).recommendation, "baseline");
    EXPECT_THAT(describe(verdict, false), HasSubstr("Keep the original."));
}

// Requirement 25.
TEST(Verdict, ClaimsNothingFromFewBlocks) {
    const auto verdict = judge(make_study(kTypical, 5), {}, {}, kQuick);
    EXPECT_EQ(verdict.models.at(0).decision, Decision::kNone);
    for (const auto& variant : verdict.models.at(0).variants) {
        EXPECT_FALSE(variant.energy->p_value);
        EXPECT_FALSE(variant.time->p_value);
    }
    EXPECT_THAT(describe(verdict, true), Not(HasSubstr("signed-rank")));
    EXPECT_THAT(describe(verdict, false), HasSubstr("complete blocks: 5 of the 10"));
}

// Requirement 34.
TEST(Verdict, NeverTestsAnEstimateAsEnergy) {
    const auto verdict = judge(make_study(kTypical, 12, "E"), {}, {}, kQuick).models.at(0);
    EXPECT_FALSE(verdict.by_energy);
    EXPECT_FALSE(verdict.chosen()->energy);
    EXPECT_EQ(verdict.recommendation, "dynamic-quantization");
    EXPECT_TRUE(verdict.chosen()->time->shown());
    for (const auto& payback : verdict.chosen()->paybacks) EXPECT_NE(payback.currency, "energy");
    const auto text = describe(judge(make_study(kTypical, 12, "E"), {}, {}, kQuick), false);
    EXPECT_THAT(text, HasSubstr("about 2.0 -> 0.80 J/image"));
    EXPECT_THAT(text, HasSubstr("x0.40 to x1.6"));
    EXPECT_THAT(text, HasSubstr("ranking equals CPU-time ranking"));
}

TEST(Verdict, TheCounterOfAnIdleGpuDoesNotMakeTheProcessorsEnergyMeasured) {
    auto study = make_study(kTypical, 12, "E");
    for (auto& trial : study.trials) {
        for (auto& phase : trial.phases) {
            phase.energies.push_back({.meter = "nvml-energy",
                                      .zone = "GPU-1",
                                      .joules = 70.0,
                                      .tier = "B",
                                      .scope = "GPU board",
                                      .device = "gpu"});
        }
    }
    const auto verdict = judge(study, {}, {}, kQuick).models.at(0);
    EXPECT_FALSE(verdict.by_energy);
    EXPECT_EQ(verdict.source.meter, "powercap");
    EXPECT_EQ(verdict.source.tier, "E");
    for (auto& variant : study.variants) variant.device = "gpu";
    EXPECT_EQ(judge(study, {}, {}, kQuick).models.at(0).source.meter, "nvml-energy");
}

TEST(Verdict, WorksWithoutAnyEnergy) {
    const auto verdict = judge(make_study(kTypical, 12, "N"), {}, {}, kQuick).models.at(0);
    EXPECT_EQ(verdict.recommendation, "dynamic-quantization");
    EXPECT_EQ(verdict.source.tier, "N");
}

TEST(Verdict, RecommendsOnConditionWhereImagesAreTooFew) {
    const auto study = make_study({{"baseline"}, {"compile", 0.5}}, 12, "B", 60);
    const auto verdict = judge(study, {}, {}, kQuick);
    EXPECT_EQ(verdict.models.at(0).decision, Decision::kAdoptProvisionally);
    EXPECT_EQ(verdict.models.at(0).recommendation, "compile");
    const auto text = describe(verdict, false);
    EXPECT_THAT(text, HasSubstr("Use compile, if its accuracy holds on more images."));
    EXPECT_THAT(text, HasSubstr("not shown: more images needed"));
}

TEST(Verdict, PrefersShownAccuracyToAGreaterSaving) {
    // Losing exactly the limit is neither shown nor excluded by 2000 images.
    const auto study = make_study({{"baseline"}, {"compile", 0.8}, {"local-pruning:0.3", 0.3, 19}}, 12);
    const auto verdict = judge(study, {}, {}, kQuick).models.at(0);
    EXPECT_EQ(verdict.variants[1].accuracy->verdict, AccuracyVerdict::kNotShown);
    EXPECT_EQ(verdict.recommendation, "compile");
    EXPECT_EQ(verdict.decision, Decision::kAdopt);
}

// Requirement 34.
TEST(Verdict, AMixOfTiersIsNeverCompared) {
    auto study = make_study({{"baseline"}, {"compile", 0.5}}, 12);
    for (auto& trial : study.trials) {
        if (trial.variant_id == 2) trial.phases[1].energies[0].tier = "C";
    }
    const auto verdict = judge(study, {}, {}, kQuick).models.at(0);
    EXPECT_FALSE(verdict.variants[0].energy);
    EXPECT_NE(verdict.decision, Decision::kAdopt);
}

TEST(Verdict, AFailedVariantIsRejectedWithItsError) {
    auto study = make_study({{"baseline"}, {"compile", 0.5}, {"local-pruning:0.3"}}, 12);
    for (auto& trial : study.trials) {
        if (trial.variant_id != 3) continue;
        trial = {.variant_id = 3,
                 .block = trial.block,
                 .state = store::TrialState::kFailed,
                 .error = "no such layer"};
    }
    study.variants[2].prediction.reset();
    const auto verdict = judge(study, {}, {}, kQuick).models.at(0);
    EXPECT_EQ(verdict.variants[1].rejected, "every trial failed: no such layer");
    EXPECT_EQ(verdict.recommendation, "compile");
}

TEST(Verdict, GivesAnOpinionOnAStudyThatHasNotBegun) {
    auto study = make_study(kTypical, 12);
    for (auto& trial : study.trials) trial = {.variant_id = trial.variant_id, .block = trial.block};
    for (auto& variant : study.variants) variant.prediction.reset();
    const auto verdict = judge(study, {}, {}, kQuick);
    EXPECT_FALSE(verdict.complete);
    EXPECT_EQ(verdict.models.at(0).decision, Decision::kNone);
    EXPECT_THAT(describe(verdict, true), HasSubstr("no trial of the baseline is complete"));
}

TEST(Verdict, ShowsNothingThatTheOmnibusTestDoesNotShow) {
    const auto verdict = judge(make_study(kTypical, 12), {}, {}, kQuick).models.at(0);
    for (const char* quantity : {"energy", "time", "p95_time", "cpu_time"}) {
        const auto& omnibus = verdict.contests.at(quantity).omnibus;
        ASSERT_TRUE(omnibus) << quantity;
        EXPECT_EQ(omnibus->treatments, 5u);
        EXPECT_EQ(omnibus->used, 12u);
        EXPECT_LT(omnibus->p_value, 0.001);
    }
    for (const auto& variant : verdict.variants)
        EXPECT_GE(*variant.energy->p_value, verdict.contest().omnibus->p_value);
}

TEST(Verdict, RanksVariantsInGroups) {
    const auto verdict = judge(make_study(kTypical, 12), {}, {}, kQuick).models.at(0);
    std::vector<std::pair<std::string, std::size_t>> places;
    for (const auto& one : verdict.contest().ranking) places.emplace_back(one.tactic, one.group);
    ASSERT_EQ(places.size(), 5u);
    EXPECT_EQ(places[0], std::pair("global-pruning:0.5" + std::string(), std::size_t{1}));
    EXPECT_EQ(places[1], std::pair("dynamic-quantization" + std::string(), std::size_t{2}));
    EXPECT_EQ(places[2], std::pair("compile" + std::string(), std::size_t{3}));
    EXPECT_EQ(places[3].second, places[4].second);
}

TEST(Verdict, TellsNoDifferenceFromNotShown) {
    const auto verdict = judge(make_study(kTypical, 12), {}, {}, kQuick);
    const auto& variants = verdict.models.at(0).variants;
    EXPECT_TRUE(variants[2].energy->equivalent());   // 0.1 % less
    EXPECT_FALSE(variants[1].energy->equivalent());  // 60 % less
    EXPECT_THAT(describe(verdict, false), HasSubstr("% energy, no difference)."));
}

TEST(Verdict, SaysHowLargeAnEffectIs) {
    const auto verdict = judge(make_study(kTypical, 12), {}, {}, kQuick).models.at(0);
    const auto& energy = *verdict.chosen()->energy;
    EXPECT_EQ(energy.effect.delta, -1);
    EXPECT_EQ(energy.effect.a12, 0);
    EXPECT_GT(energy.effect.delta_interval.high, -1);
    EXPECT_NEAR(energy.effect.typical.value, 0.4, 0.002);
    EXPECT_TRUE(energy.effect.typical.interval.contains(0.4));
    EXPECT_EQ(energy.effect.typical.method, statistics::BootstrapMethod::kBca);
    EXPECT_TRUE(energy.effect.typical_exact->contains(0.4));
    EXPECT_TRUE(energy.normality_p);
    // Noise of 0.28 % between the runs of a block: 12 blocks show about half a per cent.
    EXPECT_GT(*energy.detectable, 0.001);
    EXPECT_LT(*energy.detectable, 0.01);
}

// Requirement 33.
TEST(Verdict, CombinesScatterAndBudgetOfTheMeter) {
    const auto verdict = judge(make_study(kTypical, 12), {}, {}, kQuick).models.at(0);
    const auto& baseline = *verdict.baseline_uncertainty;
    EXPECT_NEAR(baseline.figure.value, 2.0, 0.05);
    const double runs = baseline.figure.sources.at(0).standard;
    EXPECT_NEAR(baseline.figure.sources.at(1).standard, 0.02, 0.001);
    EXPECT_NEAR(baseline.combined.standard, std::hypot(runs, baseline.figure.sources.at(1).standard), 1e-12);
    // The meter's error is common to both and leaves the ratio: what is left is the scatter, less than 1 %.
    EXPECT_LT(verdict.chosen()->ratio_uncertainty->standard, 0.4 * 0.01);
    EXPECT_GT(verdict.chosen()->ratio_uncertainty->standard, 0);
    EXPECT_FALSE(judge(make_study(kTypical, 12, "E"), {}, {}, kQuick).models.at(0).baseline_uncertainty);
}

TEST(Verdict, AUncertaintyThatNoMeterStatedIsUnknown) {
    auto study = make_study(kTypical, 12);
    for (auto& trial : study.trials) {
        for (auto& phase : trial.phases) phase.readings.clear();
    }
    EXPECT_FALSE(judge(study, {}, {}, kQuick).models.at(0).baseline_uncertainty);
}

TEST(VerdictJson, HoldsTestsEffectsAndRanking) {
    const auto json = to_json(judge(make_study(kTypical, 12), {}, {}, kQuick));
    const auto& model = json["models"][0];
    EXPECT_EQ(model["omnibus"]["energy"]["test"], "Friedman");
    EXPECT_EQ(model["omnibus"]["energy"]["degrees_of_freedom"], 4);
    EXPECT_EQ(model["ranking"][0]["tactic"], "global-pruning:0.5");
    EXPECT_EQ(model["ranking"][0]["group"], 1);
    const auto& energy = model["variants"][1]["energy"];
    EXPECT_EQ(energy["effect"]["cliffs_delta"], -1);
    EXPECT_EQ(energy["effect"]["magnitude"], "large");
    EXPECT_EQ(energy["effect"]["typical_ci_method"], "BCa");
    EXPECT_EQ(energy["equivalent"], false);
    EXPECT_TRUE(energy["normality_p"].is_number());
    EXPECT_TRUE(model["variants"][1]["energy_uncertainty_per_image"]["expanded95_j"].is_number());
    EXPECT_TRUE(json["across_models"].is_null());
}

TEST(VerdictJson, WhatFewBlocksCannotTestIsNull) {
    const auto json = to_json(judge(make_study(kTypical, 5), {}, {}, kQuick));
    const auto& model = json["models"][0];
    EXPECT_TRUE(model["omnibus"]["energy"].is_null());
    EXPECT_TRUE(model["ranking"].empty());
    EXPECT_TRUE(model["variants"][1]["energy"]["equivalence_p"].is_null());
    EXPECT_TRUE(model["variants"][1]["energy"]["detectable_saving"].is_null());
}

TEST(VerdictJson, NamesSchemaUnitsAndRecommendation) {
    const auto json = to_json(judge(make_study(kTypical, 12), {}, {}, kQuick));
    EXPECT_EQ(json["schema"], "espalier.verdict/1");
    EXPECT_EQ(json["recommendation"], "dynamic-quantization");
    EXPECT_EQ(json["decision"], "adopt");
    const auto& variant = json["models"][0]["variants"][1];
    EXPECT_NEAR(variant["energy"]["change_ratio"].get<double>(), -0.6, 0.01);
    EXPECT_NEAR(variant["top1"]["change_points"].get<double>(), -0.1, 1e-9);
    EXPECT_EQ(variant["payback"][0]["currency"], "energy");
}

// Requirement 26.
TEST(Verdict, LeavesOutExcludedTrialsAndTellsThemByArm) {
    auto study = make_study({{"baseline"}, {"compile", 0.5, 0, 10.0}}, 12);
    const auto whole = judge(study, {}, {}, kQuick).models.at(0);
    auto& hot = study.trials[1];
    for (auto& phase : hot.phases) {
        for (auto& energy : phase.energies) energy.joules = 1e6;
    }
    study.notes.push_back({hot.id, store::kExcluded, "heat", ""});
    const auto verdict = judge(study, {}, {}, kQuick).models.at(0);
    const bool of_baseline = hot.variant_id == study.variants[0].id;
    EXPECT_EQ(verdict.baseline_excluded, of_baseline ? 1 : 0);
    EXPECT_EQ(verdict.variants.at(0).excluded, of_baseline ? 0 : 1);
    EXPECT_EQ(verdict.variants.at(0).energy->blocks, 11u);
    EXPECT_NEAR(verdict.variants.at(0).energy->ratio, whole.variants.at(0).energy->ratio, 0.02);
    EXPECT_THAT(verdict.cautions, testing::Contains(HasSubstr("left out, as the plan says: ")));
}

// Requirements 37 and 38.
TEST(Economics, BreakEvenIsCostOverSaving) {
    const auto study = make_study({{"baseline"}, {"compile", 0.5, 0, 10.0}}, 12);
    CostSettings costs;
    costs.price = CostFigure{0.36, "2026-11", "bill"};
    costs.pue = CostFigure{1.5, "2026-11", "operator"};
    costs.per_day = CostFigure{500, "2026-11", "log"};
    costs.carbon = CostFigure{360, "2026-11", "grid"};
    costs.rent = CostFigure{3.6, "2026-11", "cloud"};
    costs.currency = "EUR";
    const auto verdict = judge(study, {}, costs, kQuick).models.at(0);
    const auto& paybacks = verdict.chosen()->paybacks;
    ASSERT_EQ(paybacks.size(), 5u);
    // 10 s at 200 W against 1 J saved per image: about 2000 images, in whatever currency.
    for (const auto& payback : paybacks)
        EXPECT_NEAR(payback.break_even.images, 2000.0, 60.0) << payback.currency;
    EXPECT_NEAR(*paybacks[0].days, 4.0, 0.2);
    EXPECT_EQ(paybacks[1].currency, "money");
    EXPECT_NEAR(paybacks[1].break_even.cost, 2000.0 * 0.36 * 1.5 / 3.6e6, 1e-9);
    EXPECT_EQ(paybacks[2].unit, "g CO2e");
    EXPECT_NEAR(paybacks[0].break_even.cost, 2000.0, 1e-6);  // the PUE stays out of the device's energy
    EXPECT_EQ(paybacks[4].currency, "rent");
    EXPECT_NEAR(paybacks[4].break_even.cost, 0.01, 1e-9);
    EXPECT_THAT(paybacks[1].basis, HasSubstr("0.36 EUR/kWh (bill, 2026-11)"));
}

// Requirement 38.
TEST(Economics, TheSignOfTheSavingDecides) {
    const auto state = [](double factor) {
        const auto verdict =
            judge(make_study({{"baseline"}, {"compile", factor, 0, 10.0}}, 12), {}, {}, kQuick);
        return verdict.models.at(0).variants.at(0).paybacks.at(0).break_even.state;
    };
    EXPECT_EQ(state(0.5), statistics::BreakEvenState::kShown);
    EXPECT_EQ(state(1.0), statistics::BreakEvenState::kNotShown);
    EXPECT_EQ(state(1.5), statistics::BreakEvenState::kNever);
}

// Requirement 36.
TEST(Evidence, IsTheDifferenceInOneLine) {
    const std::string baseline =
        R"({"nodes_after":100,"weight_bytes":346000000,"disk_bytes":346000000,"parameters":100,"nonzero_parameters":100})";
    EXPECT_EQ(describe_evidence(baseline, R"({"macs_share":{"f32":0.03,"int8":0.97},"disk_bytes":88000000})"),
              "97 % of MACs in int8 kernels, weights 346 -> 88.0 MB on disk");
    EXPECT_EQ(describe_evidence(baseline, R"({"parameters":100,"nonzero_parameters":70})"),
              "30 % of the weights are zero, but no kernel skips them");
    EXPECT_EQ(describe_evidence(baseline, R"({"nodes_after":40})"), "100 -> 40 nodes");
    EXPECT_EQ(describe_evidence(baseline, baseline), "nothing that differs from the original");
    EXPECT_EQ(describe_evidence("", baseline), "");
}

}  // namespace
}  // namespace espalier::lab
