#include "passes/quantize/activation_range.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/random.h"

namespace espalier::passes {
namespace {

using Kind = RangeRule::Kind;

ValueHistogram histogram_of(const std::vector<float>& values) {
    ValueHistogram histogram;
    histogram.add(values);
    return histogram;
}

std::vector<float> normal_values(std::size_t count, std::uint64_t seed) {
    Random random(seed);
    std::vector<float> values;
    for (std::size_t i = 0; i < count; ++i) values.push_back(static_cast<float>(random.normal()));
    return values;
}

/// What quantizing really costs, value by value.
double true_error(const std::vector<float>& values, kernels::Range range) {
    const kernels::Affine affine = kernels::choose_affine_u8(range);
    double sum = 0;
    for (const float value : values) {
        const double code =
            std::clamp<double>(std::nearbyint(value / affine.scale) + affine.zero_point, 0, 255);
        const double error = value - affine.scale * (code - affine.zero_point);
        sum += error * error;
    }
    return sum;
}

// With the largest magnitude 3 the bins reach to 4: a bin is 4 / 2048 wide.
TEST(ValueHistogram, CountsByMagnitudeAndSide) {
    const float infinity = std::numeric_limits<float>::infinity();
    const auto histogram = histogram_of({3, 1, 1, -0.5F, 0, 0, infinity, -infinity, std::nanf("")});
    EXPECT_EQ(histogram.count(), 6);
    EXPECT_EQ(histogram.zeros(), 2);
    EXPECT_EQ(histogram.range().max, 3);
    EXPECT_EQ(histogram.range().min, -0.5F);
    EXPECT_EQ(histogram.width(), 4.0 / 2048);
    EXPECT_EQ(histogram.above()[1536], 1);
    EXPECT_EQ(histogram.above()[512], 2);
    EXPECT_EQ(histogram.below()[256], 1);
}

TEST(ValueHistogram, IsTheSameInWhateverOrderValuesCome) {
    auto values = normal_values(5000, 3);
    values.push_back(700);
    values.push_back(-1e-30F);
    const auto at_once = histogram_of(values);
    std::sort(values.begin(), values.end(), [](float a, float b) { return std::fabs(a) < std::fabs(b); });
    ValueHistogram one_by_one;
    for (const float value : values) one_by_one.add({&value, 1});
    EXPECT_EQ(one_by_one.width(), at_once.width());
    EXPECT_TRUE(std::ranges::equal(one_by_one.above(), at_once.above()));
    EXPECT_TRUE(std::ranges::equal(one_by_one.below(), at_once.below()));
}

TEST(ValueHistogram, TakesTheSmallestAndTheLargestFloats) {
    const float least = std::numeric_limits<float>::denorm_min();
    const float most = std::numeric_limits<float>::max();
    EXPECT_EQ(histogram_of({least}).above()[0], 1);
    const auto both = histogram_of({least, -most});
    EXPECT_EQ(both.above()[0], 1);
    EXPECT_EQ(both.below()[2047], 1);
}

TEST(ActivationRange, OfNothingOrZerosIsEmpty) {
    for (const Kind kind : {Kind::kLeastSquaredError, Kind::kPercentile, Kind::kMinMax}) {
        for (const auto& histogram : {ValueHistogram(), histogram_of({0, 0, 0})}) {
            const auto range = activation_range(histogram, {.kind = kind});
            EXPECT_EQ(range.min, 0);
            EXPECT_EQ(range.max, 0);
        }
    }
}

TEST(ActivationRange, MinMaxCoversAllAndZero) {
    const auto range = activation_range(histogram_of({2, 5, 3}), {.kind = Kind::kMinMax});
    EXPECT_EQ(range.min, 0);
    EXPECT_EQ(range.max, 5);
}

// Of the values 1 .. 1000 and -1 .. -1000, the 99th percentile leaves out 20 at either end: 980 is the last
// inside.
TEST(ActivationRange, PercentileLeavesOutItsShareAtEitherEnd) {
    std::vector<float> values;
    for (int i = 1; i <= 1000; ++i)
        values.insert(values.end(), {static_cast<float>(i), static_cast<float>(-i)});
    const auto histogram = histogram_of(values);
    const auto range = activation_range(histogram, {.kind = Kind::kPercentile, .percentile = 99});
    EXPECT_NEAR(range.max, 980, histogram.width());
    EXPECT_NEAR(range.min, -980, histogram.width());
    // One outlier among 2001 values is more than 0.01 % of them.
    values.push_back(1e4F);
    EXPECT_EQ(activation_range(histogram_of(values), {.kind = Kind::kPercentile, .percentile = 99.99}).max,
              1e4F);
}

TEST(ActivationRange, LeastSquaredErrorCutsWhatCostsLessCut) {
    auto values = normal_values(100'000, 7);
    values.push_back(100);
    const auto range = activation_range(histogram_of(values), {});
    const double kept = true_error(values, range);
    EXPECT_LT(range.max, 95);
    for (const kernels::Range other : {kernels::Range{-5, 100},
                                       {-5, 5},
                                       {-2, 2},
                                       {range.min, 0.8F * range.max},
                                       {range.min, 1.3F * range.max},
                                       {0.5F * range.min, range.max}}) {
        EXPECT_LT(kept, true_error(values, other)) << other.min << " " << other.max;
    }
    // A uniform distribution has nothing to cut: a candidate lower would clip 1/128 of the values.
    std::vector<float> uniform;
    for (int i = 0; i < 100'000; ++i) uniform.push_back(static_cast<float>(i) / 1000);
    EXPECT_GT(activation_range(histogram_of(uniform), {}).max, 98);
    EXPECT_EQ(activation_range(histogram_of(uniform), {}).min, 0);
}

// The model of the error is that of a uniform distribution over a step; half the values are exact zeros.
TEST(SquaredError, IsThatOfRoundingAndClipping) {
    auto values = normal_values(200'000, 5);
    for (std::size_t i = 0; i < values.size(); i += 2) values[i] = 0;
    const auto histogram = histogram_of(values);
    for (const kernels::Range range : {kernels::Range{-4.5F, 4.5F}, {-1, 1}, {-3, 0.5F}, {-40, 40}, {0, 2}}) {
        const double expected = true_error(values, range);
        EXPECT_NEAR(squared_error(histogram, range), expected, 0.03 * expected)
            << range.min << " " << range.max;
    }
}

}  // namespace
}  // namespace espalier::passes
