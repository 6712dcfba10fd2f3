#include "statistics/break_even.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/error.h"
#include "base/random.h"

namespace espalier::statistics {
namespace {

/// Twelve blocks around a level, one percent of noise.
Repetitions around(double level, std::uint64_t seed) {
    Random random(seed);
    std::vector<BlockValue> values;
    for (std::int64_t block = 0; block < 12; ++block)
        values.push_back({block, level * (1 + 0.01 * random.normal())});
    return Repetitions(values);
}

TEST(BreakEven, IsCostOverSaving) {
    const BreakEven result = break_even({around(1.94, 1), around(0.72, 2)}, around(50000, 3));
    ASSERT_EQ(result.state, BreakEvenState::kShown);
    EXPECT_NEAR(result.images, 50000 / 1.22, 1500);
    EXPECT_TRUE(result.interval.contains(result.images));
    EXPECT_GT(result.saving.interval.low, 0);
}

// Requirement 38.
TEST(BreakEven, IsNotShownWhereTheSavingMayBeNothing) {
    const BreakEven result = break_even({around(1, 1), around(1, 2)}, around(10, 3));
    EXPECT_EQ(result.state, BreakEvenState::kNotShown);
    EXPECT_TRUE(result.saving.interval.contains(0));
}

TEST(BreakEven, NeverWhereTheTreatmentCostsMore) {
    EXPECT_EQ(break_even({around(1, 1), around(2, 2)}, around(10, 3)).state, BreakEvenState::kNever);
}

TEST(BreakEven, ImmediateWhereNothingWasSpent) {
    EXPECT_EQ(break_even({around(2, 1), around(1, 2)}, around(0, 3)).state, BreakEvenState::kImmediate);
}

TEST(BreakEven, NeedsTheCostOfEveryBlock) {
    const std::vector<BlockValue> few = {{0, 1.0}};
    EXPECT_THROW(break_even({around(2, 1), around(1, 2)}, Repetitions(few)), Error);
}

}  // namespace
}  // namespace espalier::statistics
