#include "meters/counter.h"

#include <gtest/gtest.h>

#include <cmath>

namespace espalier::meters {
namespace {

const Value& value(const ZoneReading& reading) { return std::get<Value>(reading); }
double joules(const ZoneReading& reading) { return number(value(reading).amount); }

TEST(Counter, StartsAtZeroWhateverTheRawValue) {
    CounterAccumulator counter({.range = Joules(1e5)});
    EXPECT_EQ(joules(counter.accept(Joules(40), Seconds(0))), 0);
    EXPECT_EQ(joules(counter.accept(Joules(70), Seconds(1))), 30);
}

// Requirement 4.
TEST(Counter, UnwrapsTenThousandSecondsAtFiveHundredWatts) {
    const Joules range(65536);
    CounterAccumulator counter({.range = range, .max_power = Watts(500), .refresh_period = Seconds(0.001)});
    const Seconds poll = *CounterLimits{range, Watts(500), Seconds(0.001)}.longest_gap();
    ZoneReading last = counter.accept(Joules(0), Seconds(0));
    for (double t = poll.value(); t < 10000; t += poll.value()) {
        last = counter.accept(Joules(std::fmod(500 * t, range.value())), Seconds(t));
        EXPECT_EQ(value(last).continuity, 0u);
    }
    last = counter.accept(Joules(std::fmod(500 * 10000.0, range.value())), Seconds(10000));
    EXPECT_NEAR(joules(last), 5e6, 1e-6);
}

// Requirement 4.
TEST(Counter, ALongGapBreaksContinuity) {
    CounterAccumulator counter({.range = Joules(65536), .max_power = Watts(500)});
    const ZoneReading before = counter.accept(Joules(10), Seconds(0));
    const ZoneReading after = counter.accept(Joules(20), Seconds(300));
    EXPECT_NE(value(before).continuity, value(after).continuity);
    EXPECT_NE(value(after).interruption.find("300 s"), std::string::npos);
}

TEST(Counter, WithoutARangeItMayRestForever) {
    CounterAccumulator counter({.range = std::nullopt, .max_power = Watts(500)});
    counter.accept(Joules(0), Seconds(0));
    EXPECT_EQ(value(counter.accept(Joules(10), Seconds(1e6))).continuity, 0u);
}

// Requirement 5.
TEST(Counter, ATornReadIsAGapAndHealsItself) {
    CounterAccumulator counter(
        {.range = Joules(262143), .max_power = Watts(1000), .refresh_period = Seconds(0.001)});
    counter.accept(Joules(1000), Seconds(0));
    const ZoneReading torn = counter.accept(Joules(90000), Seconds(0.1));
    ASSERT_TRUE(std::holds_alternative<Gap>(torn));
    EXPECT_EQ(std::get<Gap>(torn).kind, GapKind::kImpossibleStep);
    EXPECT_TRUE(std::holds_alternative<Gap>(counter.accept(Joules(1020), Seconds(0.2))));
    EXPECT_EQ(joules(counter.accept(Joules(1030), Seconds(0.3))), 10);
}

TEST(Counter, AStepMayHoldOneRefreshMoreThanTheTimeThatPassed) {
    CounterAccumulator counter({.range = Joules(1e5), .max_power = Watts(500), .refresh_period = Seconds(1)});
    counter.accept(Joules(0), Seconds(0));
    EXPECT_EQ(joules(counter.accept(Joules(500), Seconds(0.001))), 500);
}

// Requirement 5.
TEST(Counter, AFailedReadLeavesNoWindowAcrossIt) {
    CounterAccumulator counter({.range = Joules(1e5)});
    const ZoneReading before = counter.accept(Joules(0), Seconds(0));
    EXPECT_EQ(counter.interrupt({GapKind::kUnreadable, "gone"}).reason, "gone");
    const ZoneReading after = counter.accept(Joules(5), Seconds(1));
    EXPECT_NE(value(before).continuity, value(after).continuity);
    EXPECT_EQ(value(after).interruption, "gone");
}

TEST(Counter, RestsNoLongerThanItMay) {
    CounterAccumulator counter({.longest_rest = Seconds(0.05)});
    counter.accept(Joules(5), Seconds(0));
    EXPECT_EQ(joules(counter.accept(Joules(5), Seconds(0.04))), 0);
    const ZoneReading rested = counter.accept(Joules(5), Seconds(0.06));
    ASSERT_TRUE(std::holds_alternative<Gap>(rested));
    EXPECT_EQ(std::get<Gap>(rested).kind, GapKind::kFrozen);
    const ZoneReading moving = counter.accept(Joules(6), Seconds(0.07));
    EXPECT_EQ(joules(moving), 1);
    EXPECT_EQ(value(moving).continuity, 1u);
}

}  // namespace
}  // namespace espalier::meters
