#include "meters/uncertainty.h"

#include <gtest/gtest.h>

namespace espalier::meters {
namespace {

TEST(Uncertainty, RefreshEdgesOfTheKnownSources) {
    // 100 ms over 5 s: 2 % at most, 0.82 % standard. 1 ms over 1 s: 0.1 % and 0.04 %.
    const Watts power(100);
    const BudgetLine slow = refresh_edges(power, Seconds(0.1));
    EXPECT_NEAR(slow.bound / (power * Seconds(5)), 0.02, 1e-12);
    EXPECT_NEAR(slow.standard / (power * Seconds(5)), 0.0082, 5e-5);
    const BudgetLine fast = refresh_edges(power, Seconds(0.001));
    EXPECT_NEAR(fast.standard / (power * Seconds(1)), 0.0004, 1e-5);
}

TEST(Uncertainty, AWattHourRegisterIsTooCoarseForAMinute) {
    const BudgetLine line = resolution_edges(Joules(3600));
    EXPECT_NEAR(line.bound / Joules(6000), 0.6, 1e-12);
    EXPECT_NEAR(line.standard / Joules(6000), 0.24, 0.006);
}

TEST(Uncertainty, LinesAddInSquares) {
    const Uncertainty uncertainty{{{"a", Joules(3), Joules(6)}, {"b", Joules(4), Joules(8)}}, std::nullopt};
    EXPECT_EQ(uncertainty.standard(), Joules(5));
    EXPECT_EQ(uncertainty.bound(), Joules(14));
}

TEST(Uncertainty, AModelHasAFactorInsteadOfABudget) {
    Description description;
    description.factor = FactorInterval{0.4, 1.6};
    const Uncertainty uncertainty = budget(description, Watts(10), Seconds(1));
    EXPECT_TRUE(uncertainty.lines.empty());
    EXPECT_EQ(uncertainty.factor->high, 1.6);
}

}  // namespace
}  // namespace espalier::meters
