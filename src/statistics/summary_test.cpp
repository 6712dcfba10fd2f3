#include "statistics/summary.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/error.h"

namespace espalier::statistics {
namespace {

TEST(Summary, OfAKnownSample) {
    const std::vector<double> values = {4, 1, 3, 2};
    const Summary summary = summarize(values);
    EXPECT_EQ(summary.count, 4u);
    EXPECT_DOUBLE_EQ(summary.median, 2.5);
    EXPECT_DOUBLE_EQ(summary.lower_quartile, 1.75);
    EXPECT_DOUBLE_EQ(summary.p95, 3.85);
    EXPECT_DOUBLE_EQ(summary.min, 1);
    EXPECT_DOUBLE_EQ(summary.max, 4);
    EXPECT_DOUBLE_EQ(summary.median_absolute_deviation, 1.0);
}

TEST(Summary, OfASingleValueHasNoSpread) {
    const std::vector<double> one = {7};
    EXPECT_EQ(summarize(one).standard_deviation, 0);
    EXPECT_EQ(quantile(one, 0.95), 7);
}

TEST(Summary, RefusesNothingAndNonsense) {
    const std::vector<double> nothing;
    const std::vector<double> nonsense = {1, NAN};
    const std::vector<double> one = {1};
    EXPECT_THROW(summarize(nothing), Error);
    EXPECT_THROW(median(nonsense), Error);
    EXPECT_THROW(quantile(one, 1.5), Error);
    EXPECT_THROW(standard_deviation(one), Error);
}

TEST(Quantile, StaysDefinedAmongInfinities) {
    const std::vector<double> values = {1, 2, INFINITY, INFINITY};
    EXPECT_EQ(quantile(values, 1.0 / 3), 2);
    EXPECT_EQ(quantile(values, 0.9), INFINITY);
}

}  // namespace
}  // namespace espalier::statistics
