#include "lab/thermal_gate.h"

#include <gtest/gtest.h>

#include <cmath>

#include "meters/fake/virtual_clock.h"

namespace espalier::lab {
namespace {

/// A processor that cools towards 40 degrees with a time constant of 10 s: one thermal resistance, one
/// capacity.
class CoolingPlant {
  public:
    CoolingPlant(const meters::VirtualClock& clock, double start_c) : clock_(clock), start_c_(start_c) {}
    std::optional<double> operator()() const {
        return 40.0 + (start_c_ - 40.0) * std::exp(-clock_.now().value() / 10.0);
    }

  private:
    const meters::VirtualClock& clock_;
    double start_c_;
};

// Requirement 23.
TEST(ThermalGate, WaitsUntilTheProcessorIsAsCoolAsAtTheFirstTrial) {
    meters::VirtualClock clock;
    const auto gate = wait_until_cool(CoolingPlant(clock, 70.0), 45.0, Seconds(60), clock);
    EXPECT_TRUE(gate.passed);
    EXPECT_LE(*gate.reached_c, 47.0);
    // 40 + 30 exp(-t / 10) = 47 at 14.55 s, seen at the next half second.
    EXPECT_NEAR(gate.waited.value(), 15.0, 1e-9);
    EXPECT_FALSE(judge(gate));
}

// Requirement 23.
TEST(ThermalGate, SaysWhereItGaveUp) {
    meters::VirtualClock clock;
    const auto gate = wait_until_cool(CoolingPlant(clock, 70.0), 45.0, Seconds(5), clock);
    EXPECT_FALSE(gate.passed);
    EXPECT_NEAR(gate.waited.value(), 5.0, 1e-9);
    ASSERT_TRUE(judge(gate));
    EXPECT_EQ(judge(gate)->code, "thermal");
}

TEST(ThermalGate, DoesNotWaitForAProcessorToWarmUpButSaysSo) {
    meters::VirtualClock clock;
    const auto gate = wait_until_cool([] { return std::optional(40.0); }, 45.0, Seconds(60), clock);
    EXPECT_EQ(gate.waited, Seconds(0));
    EXPECT_TRUE(judge(gate));
}

TEST(ThermalGate, IsOpenWhereNothingCanBeCompared) {
    meters::VirtualClock clock;
    EXPECT_TRUE(wait_until_cool([] { return std::optional(90.0); }, std::nullopt, Seconds(60), clock).passed);
    EXPECT_TRUE(wait_until_cool([] { return std::optional<double>(); }, 45.0, Seconds(60), clock).passed);
    EXPECT_EQ(clock.now(), Seconds(0));
}

}  // namespace
}  // namespace espalier::lab
