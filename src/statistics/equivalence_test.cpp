#include "statistics/equivalence.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "statistics/simulated_study_test.h"

namespace espalier::statistics {
namespace {

using testing::sample;

TEST(Equivalence, NeedsBothSides) {
    const Repetitions near_zero = sample({0.1, -0.2, 0.15, -0.1, 0.05, -0.05, 0.12, -0.13});
    const Repetitions low = sample({-2.1, -2.2, -1.9, -2.0, -2.05, -1.95, -2.15, -1.85});
    for (const auto& test : {tost(near_zero, {-1, 1}), rank_tost(near_zero, {-1, 1})})
        EXPECT_LT(test.p_value(), 0.05);
    for (const auto& test : {tost(low, {-1, 1}), rank_tost(low, {-1, 1})}) {
        EXPECT_LT(test.below_high, 0.05);  // not higher by 1: not inferior where more is worse
        EXPECT_GT(test.above_low, 0.95);
        EXPECT_GT(test.p_value(), 0.95);
    }
}

TEST(Equivalence, OfChangesWithoutScatter) {
    EXPECT_EQ(tost(sample({0, 0, 0}), {-1, 1}).p_value(), 0);
    EXPECT_EQ(tost(sample({1, 1, 1}), {-1, 1}).p_value(), 0.5);
    EXPECT_EQ(tost(sample({2, 2, 2}), {-1, 1}).p_value(), 1);
}

TEST(Equivalence, BoundsOfARatio) {
    const Bounds bounds = ratio_bounds(0.02);
    EXPECT_DOUBLE_EQ(std::exp(bounds.low), 0.98);
    EXPECT_DOUBLE_EQ(std::exp(bounds.high), 1.02);
    EXPECT_THROW(ratio_bounds(0), Error);
    EXPECT_THROW(ratio_bounds(1), Error);
}

TEST(Equivalence, RefusesWhatIsNoRangeOrNoSample) {
    EXPECT_THROW(tost(sample({1, 2}), {1, 1}), Error);
    EXPECT_THROW(tost(sample({1, 2}), {NAN, 1}), Error);
    EXPECT_THROW(tost(sample({1}), {-1, 1}), Error);
    EXPECT_THROW(rank_tost(sample({}), {-1, 1}), Error);
    EXPECT_THROW(rank_tost(sample({}), sample({1}), {-1, 1}), Error);
}

}  // namespace
}  // namespace espalier::statistics
