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
    EXPECT_EQ(self_check(meter, clock).state, State::kOk);
    EXPECT_GE(clock.now(), Seconds(5));
}

// Requirement 8.
TEST(SelfCheck, FindsAFrozenAndAFailingCounter) {
    const ConstantPlant nothing(Watts(0));
    VirtualClock clock;
    FakeMeter frozen(nothing, clock);
    EXPECT_EQ(self_check(frozen, clock).state, State::kBroken);
    const ConstantPlant plant(Watts(40));
    FakeMeter failing(plant, clock);
    failing.fail_read(3);
    const Availability result = self_check(failing, clock);
    EXPECT_EQ(result.state, State::kBroken);
    EXPECT_NE(result.reason.find("scripted failure"), std::string::npos);
}

}  // namespace
}  // namespace espalier::meters
