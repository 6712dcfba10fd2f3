#include "cli/shown_verdict.h"

#include <gtest/gtest.h>

namespace espalier::cli {
namespace {

store::StudyRecord study() {
    store::StudyRecord record;
    record.models.push_back({.id = 4, .name = "tiny"});
    const char* tactics[] = {"baseline", "compile", "dynamic-quantization", "local-pruning:0.5"};
    for (int i = 0; i < 4; ++i) {
        record.variants.push_back({.id = 10 + i, .model_id = 4, .tactic = tactics[i], .is_baseline = i == 0});
    }
    return record;
}

lab::Comparison comparison(double baseline, double ratio) {
    lab::Comparison c;
    c.baseline = baseline;
    c.treated = baseline * ratio;
    c.ratio = ratio;
    c.interval = {ratio - 0.01, ratio + 0.01, 0.95};
    c.p_value = 0.01;
    return c;
}

lab::StudyVerdict verdict(lab::Decision decision) {
    lab::ModelVerdict model;
    model.model_id = 4;
    model.decision = decision;
    model.because = "it shows the greatest saving of time";
    model.cautions = {"the machine was busy"};
    for (int i = 1; i < 4; ++i) {
        lab::VariantFindings findings;
        findings.variant_id = 10 + i;
        findings.time = comparison(0.01, 1.0 - 0.2 * i);
        model.variants.push_back(findings);
    }
    model.variants[0].tactic = "compile";
    model.variants[1].tactic = "dynamic-quantization";
    model.variants[2].tactic = "local-pruning:0.5";
    model.variants[2].rejected = "top-1 -2.9 pt";
    model.recommendation = decision == lab::Decision::kKeep ? "baseline" : "dynamic-quantization";
    lab::StudyVerdict all;
    all.threads = 2;
    all.images = 1200;
    all.models.push_back(model);
    return all;
}

TEST(ShownVerdict, CarriesTheGroups) {
    auto given = verdict(lab::Decision::kAdopt);
    EXPECT_TRUE(shown_verdicts(study(), given).at(4).ranking.empty());
    given.models[0].contests["time"].ranking = {{"compile", 1, 0.005}, {"baseline", 2, 0.01}};
    const auto ranking = shown_verdicts(study(), given).at(4).ranking;
    ASSERT_EQ(ranking.size(), 2u);
    EXPECT_EQ(ranking[0].label, "compile");
    EXPECT_EQ(ranking[1].group, 2);
}

TEST(ShownVerdict, CarriesTheComparisonOfModels) {
    auto given = verdict(lab::Decision::kAdopt);
    EXPECT_FALSE(shown_across(given));
    lab::TacticAcross tactic{.tactic = "compile", .models = 6, .saving = 5, .admissible = 6, .ratio = 0.6};
    tactic.interval = statistics::Interval{0.5, 0.7, 0.97};
    given.across = lab::AcrossModels{.tactics = {tactic}};
    given.across->families.push_back({"hybrid", {"a", "b"}, {tactic}, ""});
    const auto across = *shown_across(given);
    EXPECT_EQ(across.quantity, "time");
    EXPECT_NEAR(*across.tactics[0].change, -40, 1e-9);
    EXPECT_NEAR(*across.tactics[0].low, -50, 1e-9);
    EXPECT_FALSE(across.families[0].best);
    EXPECT_EQ(across.test,
              "Fewer than 10 models have every tactic, so tactics are not tested across models.");
}

TEST(ShownVerdict, SaysWhatToUseInTheUnitsOfTheReport) {
    const auto shown = shown_verdicts(study(), verdict(lab::Decision::kAdopt)).at(4);
    EXPECT_EQ(shown.decision, "adopt");
    EXPECT_EQ(shown.variant, "dynamic-quantization");
    EXPECT_EQ(shown.headline, "Use dynamic-quantization.");
    EXPECT_EQ(shown.because, "It shows the greatest saving of time.");
    ASSERT_EQ(shown.changes.size(), 1u);
    EXPECT_EQ(shown.changes[0].metric, "latency_ms");
    EXPECT_DOUBLE_EQ(*shown.changes[0].from, 10.0);
    EXPECT_NEAR(*shown.changes[0].change, -40.0, 1e-9);
    EXPECT_NEAR(*shown.changes[0].low, -41.0, 1e-9);
}

TEST(ShownVerdict, SeparatesTheRejectedFromTheNotChosen) {
    const auto shown = shown_verdicts(study(), verdict(lab::Decision::kAdopt)).at(4);
    ASSERT_EQ(shown.rejected.size(), 1u);
    EXPECT_EQ(shown.rejected[0].reason, "top-1 -2.9 pt");
    ASSERT_EQ(shown.others.size(), 1u);
    EXPECT_EQ(shown.others[0].label, "compile");
    EXPECT_EQ(shown.others[0].reason, "-20 % time");
}

TEST(ShownVerdict, AProvisionalOneSaysOnWhatItDepends) {
    const auto shown = shown_verdicts(study(), verdict(lab::Decision::kAdoptProvisionally)).at(4);
    EXPECT_EQ(shown.decision, "provisional");
    EXPECT_EQ(shown.headline, "Use dynamic-quantization, if its accuracy holds on more images.");
}

TEST(ShownVerdict, KeepingTheOriginalChangesNothing) {
    const auto shown = shown_verdicts(study(), verdict(lab::Decision::kKeep)).at(4);
    EXPECT_EQ(shown.decision, "keep");
    EXPECT_EQ(shown.headline, "Keep the original.");
    EXPECT_EQ(shown.variant, "baseline");
    EXPECT_TRUE(shown.changes.empty());
    ASSERT_EQ(shown.others.size(), 2u);
    EXPECT_EQ(shown.others[0].label, "dynamic-quantization");
    EXPECT_EQ(shown.cautions.at(0), "The machine was busy.");
}

}  // namespace
}  // namespace espalier::cli
