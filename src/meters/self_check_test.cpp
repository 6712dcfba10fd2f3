#include "meters/self_check.h"

#include <gtest/gtest.h>

#include "meters/fake/fake_meter.h"
#include "meters/fake/virtual_clock.h"

namespace espalier::meters {
namespace {

// Requirement 9.
TEST(RefreshPeriod, IsRecoveredWithinAFifth) {
    const ConstantPlant plant(Watts(40));
    for (const double period : {0.001, 0.01, 0.02, 0.1}) {
        VirtualClock clock(Seconds(1));
        FakeMeter meter(plant, clock, {.refresh_period = Seconds(period), .phase = Seconds(period / 3)});
        const auto measured = measure_refresh_period(meter, clock);
        ASSERT_TRUE(measured) << period;
        EXPECT_NEAR(measured->value(), period, 0.2 * period);
    }
}

TEST(RefreshPeriod, IsUnknownWhereNothingChanges) {
    const ConstantPlant nothing(Watts(0));
    VirtualClock clock;
    FakeMeter meter(nothing, clock);
    EXPECT_FALSE(measure_refresh_period(meter, clock));
    meter.remove();
    EXPECT_FALSE(measure_refresh_period(meter, clock));
}

// Requirement 8.
TEST(SelfCheck, PassesALivingCounter) {
    const ConstantPlant plant(Watts(40));
    VirtualClock clock;
    FakeMeter meter(plant, clock);
    Meter* const meters[] = {&meter};
    EXPECT_EQ(self_check(meters, clock).at(0).state, State::kOk);
    EXPECT_GE(clock.now(), Seconds(5));
}

// Requirement 8.
TEST(SelfCheck, FindsAFrozenAndAFailingCounter) {
    const ConstantPlant nothing(Watts(0));
    VirtualClock clock;
    FakeMeter frozen(nothing, clock);
    const ConstantPlant plant(Watts(40));
    FakeMeter failing(plant, clock);
    failing.fail_read(3);
    FakeMeter living(plant, clock);
    Meter* const meters[] = {&frozen, &failing, &living};
    const auto results = self_check(meters, clock);
    EXPECT_EQ(results.at(0).state, State::kBroken);
    EXPECT_EQ(results.at(1).state, State::kBroken);
    EXPECT_NE(results.at(1).reason.find("scripted failure"), std::string::npos);
    EXPECT_EQ(results.at(2).state, State::kOk);
}

}  // namespace
}  // namespace espalier::meters
