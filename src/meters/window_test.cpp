#include "meters/window.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "base/random.h"
#include "meters/fake/fake_meter.h"
#include "meters/fake/virtual_clock.h"

namespace espalier::meters {
namespace {

// Power and energy never meet in a sum: the types have no such operator.
template <typename Left, typename Right>
concept Addable = requires(Left left, Right right) {
    left + right;
};
static_assert(Addable<Joules, Joules>);
static_assert(!Addable<Joules, Watts>);
static_assert(!Addable<Joules, Seconds>);
static_assert(!Addable<Ratio, Seconds>);
static_assert(std::is_same_v<decltype(Watts(1) * Seconds(1)), Joules>);

Reading reading(double time, std::vector<Amount> amounts, std::uint64_t continuity = 0) {
    Reading result{Seconds(time), {}};
    for (const Amount& amount : amounts) {
        result.zones.push_back(Value{amount, Seconds(time), continuity, continuity > 0 ? "two wraps" : ""});
    }
    return result;
}

Description two_zones(UnitKind unit, ZoneRole second) {
    Description description;
    description.name = "test";
    description.tier = Tier::kHardwareCounter;
    description.unit = unit;
    description.zones = {{"a", "", ZoneRole::kAdded}, {"b", "", second}};
    description.refresh_period = Seconds(0.001);
    return description;
}

// Requirement 3.
TEST(Window, AddsOnlyAddedZones) {
    const std::vector<Reading> edges = {reading(0, {Joules(1), Joules(10)}),
                                        reading(2, {Joules(4), Joules(30)})};
    const auto together = measure(two_zones(UnitKind::kCumulativeEnergy, ZoneRole::kAdded), edges);
    EXPECT_EQ(together.energy, Joules(23));
    const auto contained = measure(two_zones(UnitKind::kCumulativeEnergy, ZoneRole::kContained), edges);
    EXPECT_EQ(contained.energy, Joules(3));
    EXPECT_EQ(std::get<Joules>(*contained.amount("b")), Joules(20));
}

TEST(Window, WithoutATotalWhileAZoneMayBeAMirror) {
    const std::vector<Reading> edges = {reading(0, {Joules(1), Joules(10)}),
                                        reading(2, {Joules(4), Joules(30)})};
    const auto window = measure(two_zones(UnitKind::kCumulativeEnergy, ZoneRole::kAmbiguous), edges);
    EXPECT_EQ(window.validity, Validity::kAmbiguousTotal);
    EXPECT_FALSE(window.energy);
    EXPECT_TRUE(window.amount("b"));
}

// Requirement 5.
TEST(Window, AGapWithinMakesItInvalid) {
    std::vector<Reading> readings = {reading(0, {Joules(0), Joules(0)}), reading(1, {Joules(1), Joules(1)}),
                                     reading(2, {Joules(2), Joules(2)})};
    readings[1].zones[0] = Gap{GapKind::kUnreadable, "input/output error"};
    const auto window = measure(two_zones(UnitKind::kCumulativeEnergy, ZoneRole::kAdded), readings);
    EXPECT_EQ(window.validity, Validity::kGap);
    EXPECT_FALSE(window.energy);
    EXPECT_FALSE(window.amount("a"));
    EXPECT_NE(window.problem.find("input/output error"), std::string::npos);
}

TEST(Window, AGapInAContainedZoneIsOnlyShown) {
    std::vector<Reading> edges = {reading(0, {Joules(0), Joules(0)}), reading(2, {Joules(2), Joules(2)})};
    edges[1].zones[1] = Gap{GapKind::kUnreadable, "gone"};
    const auto window = measure(two_zones(UnitKind::kCumulativeEnergy, ZoneRole::kContained), edges);
    EXPECT_TRUE(window.valid());
    EXPECT_EQ(window.energy, Joules(2));
    EXPECT_EQ(window.zones[1].problem, "gone");
}

TEST(Window, AnotherContinuityMakesItInvalid) {
    const std::vector<Reading> edges = {reading(0, {Joules(0), Joules(0)}),
                                        reading(2, {Joules(2), Joules(2)}, 1)};
    const auto window = measure(two_zones(UnitKind::kCumulativeEnergy, ZoneRole::kAdded), edges);
    EXPECT_EQ(window.validity, Validity::kInterrupted);
    EXPECT_EQ(window.problem, "a: two wraps");
}

// Requirement 7.
TEST(Window, IntegratesPowerByTrapezoids) {
    const std::vector<Reading> readings = {reading(0, {Watts(10), Watts(0)}),
                                           reading(1, {Watts(20), Watts(0)}),
                                           reading(3, {Watts(20), Watts(0)})};
    const auto window = measure(two_zones(UnitKind::kPower, ZoneRole::kAdded), readings);
    EXPECT_EQ(window.energy, Joules(55));
    EXPECT_EQ(window.unit, UnitKind::kCumulativeEnergy);
}

TEST(Window, MeansUtilizationAndTakesTheLargestMemory) {
    const auto use =
        measure(two_zones(UnitKind::kUtilization, ZoneRole::kAdded),
                std::vector<Reading>{reading(0, {Ratio(0), Ratio(1)}), reading(2, {Ratio(1), Ratio(1)})});
    EXPECT_EQ(std::get<Ratio>(*use.amount("a")), Ratio(0.5));
    EXPECT_FALSE(use.energy);
    const auto memory =
        measure(two_zones(UnitKind::kMemory, ZoneRole::kAdded),
                std::vector<Reading>{reading(0, {Bytes{7}, Bytes{1}}), reading(2, {Bytes{3}, Bytes{2}})});
    EXPECT_EQ(std::get<Bytes>(*memory.amount("a")).value, 7);
}

TEST(Window, RefusesLessThanTwoReadingsAndStrangers) {
    const Description description = two_zones(UnitKind::kCumulativeEnergy, ZoneRole::kAdded);
    EXPECT_THROW(measure(description, std::vector<Reading>{reading(0, {Joules(0), Joules(0)})}), Error);
    EXPECT_THROW(measure(description, std::vector<Reading>{reading(0, {Joules(0)}), reading(1, {Joules(0)})}),
                 Error);
    EXPECT_THROW(measure(description, std::vector<Reading>{reading(0, {Watts(0), Watts(0)}),
                                                           reading(1, {Watts(0), Watts(0)})}),
                 Error);
}

TEST(Window, PowerTraceHasAHoleWhereReadsFailed) {
    const Description description = two_zones(UnitKind::kCumulativeEnergy, ZoneRole::kContained);
    std::vector<Reading> readings;
    for (int i = 0; i < 5; ++i) readings.push_back(reading(i, {Joules(10 * i), Joules(0)}));
    readings[2].zones[0] = Gap{GapKind::kUnreadable, "gone"};
    const auto trace = power_trace(description, readings);
    ASSERT_EQ(trace.size(), 2u);
    EXPECT_EQ(trace[0].time, Seconds(1));
    EXPECT_EQ(trace[1].time, Seconds(4));
    EXPECT_EQ(trace[1].power, Watts(10));
}

// Requirement 20.
TEST(Window, EdgesOfASquareWaveStayWithinTheBudget) {
    // A thousand windows of random phase on a plant that changes between 20 and 100 W, refreshed each 100 ms.
    const SquarePlant plant(Watts(20), Watts(100), Seconds(1.7));
    Random random(42);
    double bias = 0;
    int within = 0;
    constexpr int kWindows = 1000;
    for (int i = 0; i < kWindows; ++i) {
        VirtualClock clock(Seconds(1 + 17 * random.uniform()));
        FakeMeter meter(plant, clock,
                        {.refresh_period = Seconds(0.1), .phase = Seconds(0.1 * random.uniform())});
        const Seconds start = clock.now();
        std::vector<Reading> readings = {meter.read()};
        for (int sample = 0; sample < 50; ++sample) {
            clock.advance(Seconds(0.1));
            readings.push_back(meter.read());
        }
        clock.advance(Seconds(3 * random.uniform()));
        readings.push_back(meter.read());
        const auto window = measure(meter.description(), readings);
        const Joules truth = plant.energy(clock.now()) - plant.energy(start);
        const Joules error = *window.energy - truth;
        bias += error / truth / kWindows;
        within += std::fabs(error.value()) <= 2 * window.uncertainty.standard().value() ? 1 : 0;
        EXPECT_LE(std::fabs(error.value()), window.uncertainty.bound().value() + 1e-9);
    }
    EXPECT_LT(std::fabs(bias), 0.001);
    EXPECT_GE(within, 0.95 * kWindows);
}

// Requirement 18.
TEST(Window, ShortestWindowByTier) {
    Description description = two_zones(UnitKind::kCumulativeEnergy, ZoneRole::kAdded);
    EXPECT_EQ(shortest_window(description), Seconds(1));
    description.refresh_period = Seconds(0.1);
    EXPECT_EQ(shortest_window(description), Seconds(5));
    description.tier = Tier::kWallMeter;
    EXPECT_EQ(shortest_window(description), Seconds(60));
    description.unit = UnitKind::kCumulativeTime;
    EXPECT_EQ(shortest_window(description), Seconds(0));
}

}  // namespace
}  // namespace espalier::meters
