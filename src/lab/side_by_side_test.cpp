#include "lab/side_by_side.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace espalier::lab {
namespace {

using testing::ElementsAre;

store::StudyRecord study_with(const std::string& key, const std::string& cpu, double seconds,
                              int blocks = 1) {
    store::StudyRecord study{.id = 1, .key = key, .tool_version = "0.1.0"};
    study.environment = R"({"cpu":")" + cpu + R"("})";
    study.dataset.images = 10;
    study.models.push_back({.id = 1, .name = "vit"});
    for (int v = 0; v < 2; ++v) {
        study.variants.push_back({.id = v + 1, .model_id = 1, .tactic = v == 0 ? "baseline" : "compile"});
        study.variants.back().is_baseline = v == 0;
        for (int block = 0; block < blocks; ++block) {
            store::TrialRecord trial{.variant_id = v + 1, .block = block, .state = store::TrialState::kDone};
            store::PhaseRecord window{.name = "measure", .end_s = 1.0, .images = 10};
            window.latency_s.assign(10, static_cast<float>(seconds * (1 + 0.01 * block) / (v + 1)));
            trial.phases.push_back(window);
            study.trials.push_back(trial);
        }
    }
    return study;
}

std::vector<std::string> keys(const SideBySide& comparison, bool all) {
    std::vector<std::string> names;
    for (const auto* row : shown_rows(comparison, all)) names.push_back(row->key);
    return names;
}

TEST(SideBySide, ShowsOnlyWhatDiffers) {
    const auto study = study_with("7c1e", "cpu", 0.01);
    const auto comparison = put_side_by_side({{&study, &study.variants[0]}, {&study, &study.variants[1]}});
    EXPECT_THAT(comparison.columns, ElementsAre("baseline", "compile"));
    EXPECT_THAT(keys(comparison, false), ElementsAre("tactic", "time_s_per_image", "p95_time_s_per_image"));
    EXPECT_GT(keys(comparison, true).size(), 15u);
    EXPECT_TRUE(comparison.cautions.empty());
    EXPECT_EQ(to_json(comparison, false)["schema"], "espalier.compare/1");
}

TEST(SideBySide, ShowsTheEffectAgainstTheBaselineOfTheColumn) {
    const auto study = study_with("7c1e", "cpu", 0.01, 3);
    const auto comparison = put_side_by_side({{&study, &study.variants[0]}, {&study, &study.variants[1]}});
    const auto rows = shown_rows(comparison, true);
    const auto row = [&](const std::string& key) {
        return **std::find_if(rows.begin(), rows.end(), [&](const Row* one) { return one->key == key; });
    };
    EXPECT_EQ(row("time_cliffs_delta").facts[0].value, 0.0);
    EXPECT_EQ(row("time_cliffs_delta").facts[1].value, -1.0);
    EXPECT_EQ(row("time_cliffs_delta").facts[1].text, "-1.00 (large)");
    EXPECT_EQ(row("time_a12").facts[0].value, 0.5);
    EXPECT_EQ(row("time_a12").facts[1].value, 0.0);
    EXPECT_FALSE(row("energy_cliffs_delta").facts[1].value);
}

TEST(SideBySide, WarnsAcrossMachines) {
    const auto one = study_with("7c1e", "fast", 0.01);
    const auto other = study_with("90ab", "slow", 0.02);
    const auto comparison = put_side_by_side({{&one, &one.variants[0]}, {&other, &other.variants[0]}});
    EXPECT_THAT(comparison.columns, ElementsAre("7c1e vit baseline", "90ab vit baseline"));
    EXPECT_EQ(comparison.cautions.size(), 1u);
}

TEST(SideBySide, OfNothingIsEmpty) { EXPECT_TRUE(put_side_by_side({}).rows.empty()); }

}  // namespace
}  // namespace espalier::lab
