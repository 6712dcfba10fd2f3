#include "meters/uncertainty.h"

#include <gtest/gtest.h>

#include <cmath>

namespace espalier::meters {
namespace {

// Requirement 33.
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
    const Uncertainty uncertainty = budget(description, {.peak = Watts(10)}, Seconds(1));
    EXPECT_TRUE(uncertainty.lines.empty());
    EXPECT_EQ(uncertainty.factor->high, 1.6);
}

TEST(Uncertainty, ASensorThatAveragesLagsAtTheEdges) {
    // Power that varies by 300 W, a mean over 1 s, a minute's window: 300 J of 18 kJ.
    Description description;
    description.unit = UnitKind::kPower;
    description.averaging = Seconds(1);
    const PowerSeen varying{.least = Watts(150),
                            .peak = Watts(450),
                            .moved = Watts(600),
                            .moved_root = Watts(400),
                            .apart = Seconds(0.1)};
    const Uncertainty result = budget(description, varying, Seconds(60));
    ASSERT_EQ(result.lines.size(), 4u);
    EXPECT_EQ(result.lines[3].component, "averaging edges");
    EXPECT_NEAR(result.lines[3].bound.value(), 300, 1e-9);
    EXPECT_EQ(result.lines[2].component, "between samples");
    EXPECT_NEAR(result.lines[2].bound.value(), 60, 1e-9);
    EXPECT_NEAR(result.lines[2].standard.value(), 40 / std::sqrt(12.0), 1e-9);
    const PowerSeen constant{.least = Watts(300), .peak = Watts(300), .apart = Seconds(0.1)};
    const Uncertainty steady = budget(description, constant, Seconds(60));
    EXPECT_EQ(steady.bound(), Joules(0));
}

TEST(Uncertainty, APlugIsAsGoodAsItsAccuracyAndItsAnswersAreQuick) {
    // 100 W for a minute at a plug of 2 % that answers within 200 ms: 120 J and 20 J at most.
    Description description;
    description.unit = UnitKind::kPower;
    description.accuracy = 0.02;
    const PowerSeen seen{
        .least = Watts(100), .peak = Watts(100), .mean = Watts(100), .time_error = Seconds(0.1)};
    const Uncertainty result = budget(description, seen, Seconds(60));
    EXPECT_EQ(result.lines[1].component, "accuracy of the meter");
    EXPECT_NEAR(result.lines[1].bound.value(), 120, 1e-9);
    EXPECT_NEAR(result.lines[1].standard.value(), 120 / std::sqrt(3.0), 1e-9);
    EXPECT_EQ(result.lines[2].component, "time of the readings");
    EXPECT_NEAR(result.lines[2].bound.value(), 20, 1e-9);
    EXPECT_NEAR(result.lines[2].standard.value(), 20 / std::sqrt(6.0), 1e-9);
}

}  // namespace
}  // namespace espalier::meters
