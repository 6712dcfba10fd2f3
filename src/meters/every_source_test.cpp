// What every energy source must pass, whatever it is: the table of sources is fake/source_rig.cpp.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "meters/fake/source_rig.h"
#include "meters/fake/virtual_clock.h"
#include "meters/window.h"

namespace espalier::meters {
namespace {

constexpr int kPhases = 1000;

/// A trace, the largest power it has, and the sum of its changes within a window of 10 s at scale 1.
struct Trace {
    const char* name;
    std::unique_ptr<Plant> plant;
    Watts peak;
    Watts moved;
    bool balanced = false;  ///< power has the same mean at both edges of a window that begins at random
};

std::vector<Trace> traces(Watts power, double scale) {
    const Seconds second(scale);
    std::vector<Trace> all;
    all.push_back({"constant", std::make_unique<ConstantPlant>(power), power, Watts(0), true});
    all.push_back({"square", std::make_unique<SquarePlant>(power * 0.3, power * 1.7, second * 1.7),
                   power * 1.7, power * 1.4 * 12, true});
    all.push_back({"ramp", std::make_unique<RampPlant>(power * 0.5, power.value() / (40 * scale)),
                   power * 1.3, power * 0.25});
    all.push_back({"spikes",
                   std::make_unique<SpikePlant>(power * 0.4, power * 1.9, second * 2.9, second * 0.9),
                   power * 1.9, power * 1.5 * 10});
    all.push_back({"prbs", std::make_unique<PrbsPlant>(power * 0.3, power * 1.7, second * 0.7), power * 1.7,
                   power * 1.4 * 15});
    return all;
}

/// Reads from now on for `length`, every `sample`, and at both edges.
std::vector<Reading> readings_of(Meter& meter, VirtualClock& clock, Seconds length, Seconds sample) {
    std::vector<Reading> readings = {meter.read()};
    const Seconds end = clock.now() + length;
    while (clock.now() + sample < end) {
        clock.advance(sample);
        readings.push_back(meter.read());
    }
    clock.advance(end - clock.now());
    readings.push_back(meter.read());
    return readings;
}

/// The error budget of docs/measuring.md, computed from the trace and not from what was read.
Joules budget_of(const SourceRow& row, const Trace& trace) {
    const Joules edges = trace.peak * row.refresh + row.step;
    if (row.watt_step <= Watts(0)) return edges;
    return edges + row.watt_step / 2 * (row.window + row.refresh) + trace.moved * (row.sample + row.refresh);
}

class EverySource : public testing::TestWithParam<SourceRow> {};

TEST_P(EverySource, StaysWithinItsBudgetAtAThousandPhases) {
    const SourceRow& row = GetParam();
    for (const Trace& trace : traces(row.power, row.time_scale)) {
        SCOPED_TRACE(trace.name);
        Random random(11);
        double bias = 0;
        double spread = 0;
        int within = 0;
        for (int i = 0; i < kPhases; ++i) {
            VirtualClock clock(Seconds(row.time_scale * (1 + 5 * 1.7 * random.uniform())));
            const auto rig = row.make(*trace.plant, clock, random.uniform());
            clock.advance(row.refresh * random.uniform());
            const Seconds start = clock.now();
            // Not a multiple of the refreshes, so that both edges have a phase of their own.
            const Seconds length = row.window + row.refresh * random.uniform();
            const auto readings = readings_of(rig->meter(), clock, length, row.sample);
            const WindowReading window = measure(rig->meter().description(), readings);
            ASSERT_TRUE(window.energy.has_value()) << window.problem;
            const Joules truth = trace.plant->energy(clock.now()) - trace.plant->energy(start);
            const Joules error = *window.energy - truth;
            ASSERT_LE(std::abs(error.value()), budget_of(row, trace).value());
            ASSERT_LE(std::abs(error.value()), window.uncertainty.bound().value());
            bias += error / truth / kPhases;
            spread += window.uncertainty.standard() / truth / kPhases;
            if (std::abs(error.value()) <= 2 * window.uncertainty.standard().value()) ++within;
        }
        // Two standard uncertainties hold 95 % of the errors at constant power, where both edges are alike.
        // In the worst case one edge alone errs, uniformly up to P T_u, of which they hold 2 / sqrt(6).
        const bool alike = trace.moved <= Watts(0);
        EXPECT_GE(within, (alike ? 0.95 : 2 / std::sqrt(6.0)) * kPhases);
        // Starts are spread evenly over five periods of the square, so that its errors cancel, but for four
        // standard errors of their mean.
        if (trace.balanced) {
            EXPECT_LT(std::abs(bias), std::max(1e-3, 4 * spread / std::sqrt(kPhases)));
        }
    }
}

TEST_P(EverySource, IsExactOverTenThousandSecondsOfWraps) {
    const SourceRow& row = GetParam();
    if (!row.range) GTEST_SKIP() << "this counter never restarts";
    const Watts power(500);
    const ConstantPlant plant(power);
    VirtualClock clock(Seconds(3));
    const auto rig = row.make(plant, clock, 0.5);
    const Seconds longest = rig->meter().description().longest_gap.value();
    EXPECT_LE(longest.value(), row.range->value() / 1000 / 4 + 1e-9);
    const Seconds length(10000);
    const auto readings = readings_of(rig->meter(), clock, length, longest);
    const WindowReading window = measure(rig->meter().description(), readings);
    const double wraps = std::ceil(power * length / *row.range);
    ASSERT_GE(wraps, 20);
    ASSERT_TRUE(window.energy.has_value()) << window.problem;
    // Both edges fall on a refresh, so that only steps of the counter are left.
    EXPECT_NEAR(window.energy->value(), (power * length).value(), (wraps + 2) * row.step.value());
}

TEST_P(EverySource, DoesNotGuessWhatItMissedBetweenTwoWraps) {
    const SourceRow& row = GetParam();
    if (!row.range) GTEST_SKIP() << "this counter never restarts";
    const ConstantPlant plant(Watts(500));
    VirtualClock clock(Seconds(3));
    const auto rig = row.make(plant, clock, 0.5);
    std::vector<Reading> readings = {rig->meter().read()};
    clock.advance(*row.range / Watts(500) * 2.2);
    readings.push_back(rig->meter().read());
    const WindowReading missed = measure(rig->meter().description(), readings);
    EXPECT_EQ(missed.validity, Validity::kInterrupted);
    EXPECT_FALSE(missed.energy);
    // From there on it counts anew.
    const auto later = readings_of(rig->meter(), clock, Seconds(10), Seconds(1));
    EXPECT_NEAR(measure(rig->meter().description(), later).energy->value(), 5000, 5000 * 0.02);
}

TEST_P(EverySource, TurnsEveryFaultIntoAGap) {
    const SourceRow& row = GetParam();
    const ConstantPlant plant(row.power);
    for (const Fault fault :
         {Fault::kForbidden, Fault::kFails, Fault::kRemoved, Fault::kMalformed, Fault::kShort}) {
        VirtualClock clock(Seconds(row.time_scale));
        const auto rig = row.make(plant, clock, 0.25);
        Meter& meter = rig->meter();
        std::vector<Reading> readings = readings_of(meter, clock, row.window, row.sample);
        ASSERT_TRUE(measure(meter.description(), readings).valid());
        const std::size_t before = readings.size() - 1;
        if (!rig->disturb(fault)) continue;
        clock.advance(row.sample);
        readings.push_back(meter.read());
        ASSERT_TRUE(std::holds_alternative<Gap>(readings.back().zones[0]));
        EXPECT_FALSE(std::get<Gap>(readings.back().zones[0]).reason.empty());
        const WindowReading broken = measure(meter.description(), readings);
        EXPECT_EQ(broken.validity, Validity::kGap);
        EXPECT_FALSE(broken.energy);
        // What lies on both sides of the fault is not one window, whatever a reader leaves out.
        rig->repair();
        const auto after = readings_of(meter, clock, row.window, row.sample);
        if (meter.description().unit == UnitKind::kCumulativeEnergy) {
            const std::vector<Reading> across = {readings[before], after.front()};
            EXPECT_FALSE(measure(meter.description(), across).valid());
        }
        const WindowReading whole = measure(meter.description(), after);
        ASSERT_TRUE(whole.energy.has_value()) << whole.problem;
        EXPECT_NEAR(*whole.energy / (row.power * row.window), 1, 0.03);
    }
}

TEST_P(EverySource, KnowsSteadyPowerToATenthOfAPercentInASecondWhereItsCounterMovesEachMillisecond) {
    const SourceRow& row = GetParam();
    if (row.refresh > Seconds(0.001)) GTEST_SKIP() << "a slower source";
    const ConstantPlant plant(row.power);
    Random random(5);
    for (int i = 0; i < kPhases; ++i) {
        VirtualClock clock(Seconds(1 + random.uniform()));
        const auto rig = row.make(plant, clock, random.uniform());
        EXPECT_EQ(shortest_window(rig->meter().description()), Seconds(1));
        const Seconds length(1 + 0.001 * random.uniform());
        const auto readings = readings_of(rig->meter(), clock, length, length);
        const double energy = measure(rig->meter().description(), readings).energy->value();
        const double truth = (row.power * length).value();
        ASSERT_NEAR(energy, truth, 0.001 * truth + row.step.value());
    }
}

INSTANTIATE_TEST_SUITE_P(Table, EverySource, testing::ValuesIn(all_sources()),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace espalier::meters
