#include "lab/comparison.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace espalier::lab {
namespace {

/// Invented runs of one variant, `level` with 1 % of noise.
std::vector<statistics::BlockValue> runs(double level, int blocks, std::uint64_t seed) {
    Random random(seed);
    std::vector<statistics::BlockValue> values;
    for (int block = 0; block < blocks; ++block)
        values.push_back({block, level * (1 + 0.01 * random.normal())});
    return values;
}

const statistics::BootstrapOptions kQuick = {.resamples = 300};

TEST(Comparison, OfFewBlocksDescribesAndTestsNothing) {
    const auto comparison = *compare(runs(10, 5, 1), runs(5, 5, 2), 0.02, kQuick);
    EXPECT_EQ(comparison.effect.delta, -1);
    EXPECT_FALSE(comparison.effect.typical_exact);
    EXPECT_FALSE(comparison.p_value);
    EXPECT_FALSE(comparison.equivalence_p);
    EXPECT_FALSE(comparison.equivalent());
}

TEST(Comparison, WithoutScatterClaimsNothingOfNormalityOrDetectability) {
    std::vector<statistics::BlockValue> constant;
    for (int block = 0; block < 12; ++block) constant.push_back({block, 1.0});
    auto comparison = *compare(constant, constant, 0.02, kQuick);
    adjust({&comparison});
    EXPECT_FALSE(comparison.normality_p);
    EXPECT_FALSE(comparison.detectable);
    EXPECT_TRUE(comparison.equivalent());
}

TEST(Comparison, HolmAdjustsBothClaimsAndTheOmnibusTestIsAFloor) {
    auto saving = *compare(runs(10, 12, 1), runs(5, 12, 2), 0.02, kQuick);
    auto same = *compare(runs(10, 12, 1), runs(10, 12, 3), 0.02, kQuick);
    const double raw = *saving.p_value;
    const double raw_equivalence = *same.equivalence_p;
    adjust({&saving, &same}, 0.01);
    EXPECT_DOUBLE_EQ(raw, 2.0 / 4096);
    EXPECT_EQ(*saving.p_value, 0.01);
    EXPECT_DOUBLE_EQ(*same.equivalence_p, 2 * raw_equivalence);
    EXPECT_TRUE(same.equivalent());
    EXPECT_FALSE(saving.equivalent());
    adjust({&saving}, 0.2);
    EXPECT_FALSE(saving.shown());
}

TEST(Comparison, MoreComparisonsLetLessShow) {
    auto alone = *compare(runs(10, 20, 1), runs(9, 20, 2), 0.02, kQuick);
    auto first = alone;
    auto second = alone;
    auto third = alone;
    adjust({&alone});
    adjust({&first, &second, &third});
    EXPECT_LT(*alone.detectable, *first.detectable);
}

TEST(Comparison, AMarginThatIsNoneTestsNoEquivalence) {
    EXPECT_FALSE(compare(runs(10, 12, 1), runs(10, 12, 3), 0.0, kQuick)->equivalence_p);
}

}  // namespace
}  // namespace espalier::lab
