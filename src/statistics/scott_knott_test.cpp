#include "statistics/scott_knott.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "statistics/simulated_study_test.h"

namespace espalier::statistics {
namespace {

using testing::samples;

/// Blocks that drift by much more than the treatments differ.
BlockedRepetitions drifting(const std::vector<double>& shifts) {
    Random random(3);
    std::vector<std::vector<double>> values(shifts.size());
    for (int block = 0; block < 12; ++block) {
        const double drift = 20 * random.normal();
        for (std::size_t t = 0; t < shifts.size(); ++t)
            values[t].push_back(100 + drift + shifts[t] + 0.1 * random.normal());
    }
    return BlockedRepetitions(samples(values));
}

TEST(ScottKnott, FindsTheGroupsUnderDrift) {
    for (const GroupBy by : {GroupBy::kMeans, GroupBy::kRanks}) {
        const Ranking ranking = scott_knott(drifting({5, 0, 5, 9, 0}), {.by = by});
        EXPECT_EQ(ranking.group, (std::vector<std::size_t>{2, 1, 2, 3, 1}));
        EXPECT_EQ(ranking.order.back(), 3u);
    }
}

TEST(ScottKnott, WhatDiffersByTooLittleIsOneGroup) {
    for (const GroupBy by : {GroupBy::kMeans, GroupBy::kRanks}) {
        const Ranking ranking = scott_knott(drifting({5, 0, 5, 9, 0}), {.by = by, .least_difference = 4.5});
        EXPECT_EQ(ranking.group, (std::vector<std::size_t>{2, 1, 2, 2, 1}));
    }
}

TEST(ScottKnott, EqualTreatmentsAreOneGroup) {
    for (const GroupBy by : {GroupBy::kMeans, GroupBy::kRanks}) {
        const BlockedRepetitions same(samples({{1, 2, 3}, {1, 2, 3}, {1, 2, 3}}));
        EXPECT_EQ(scott_knott(same, {.by = by}).group, (std::vector<std::size_t>{1, 1, 1}));
        EXPECT_EQ(scott_knott(same, {.by = by, .level = 1}).group, (std::vector<std::size_t>{1, 1, 1}));
    }
}

TEST(ScottKnott, RefusesWhatCannotBeRanked) {
    EXPECT_THROW(scott_knott(BlockedRepetitions(samples({{1}, {2}}))), Error);
    EXPECT_THROW(scott_knott(drifting({0, 1}), {.level = 0}), Error);
    EXPECT_THROW(scott_knott(drifting({0, 1}), {.least_difference = -1}), Error);
}

}  // namespace
}  // namespace espalier::statistics
