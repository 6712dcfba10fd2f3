#include "meters/sampler.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "meters/fake/fake_meter.h"
#include "meters/fake/virtual_clock.h"

namespace espalier::meters {
namespace {

TEST(Sampler, WindowIsTheDifferenceOfItsEdges) {
    VirtualClock clock;
    const RampPlant plant(Watts(10), 2);
    FakeMeter meter(plant, clock, {.refresh_period = Seconds(0)});
    Sampler sampler({&meter}, clock, Seconds(0.1));
    clock.advance(Seconds(1));
    const Mark begin = sampler.mark();
    for (int i = 0; i < 30; ++i) {
        clock.advance(Seconds(0.1));
        sampler.sample();
    }
    const Mark end = sampler.mark();
    const auto windows = sampler.windows(begin, end);
    ASSERT_EQ(windows.size(), 1u);
    EXPECT_NEAR(windows[0].energy->value(), (plant.energy(Seconds(4)) - plant.energy(Seconds(1))).value(),
                1e-9);
    EXPECT_NEAR(windows[0].duration().value(), 3, 1e-9);
    EXPECT_EQ(sampler.readings(begin, end, 0).size(), 32u);
    EXPECT_EQ(meter.reads(), 32u);
}

// Requirement 4.
TEST(Sampler, SamplingKeepsWrapsCountable) {
    const ConstantPlant plant(Watts(500));
    const FakeOptions options{.range = Joules(65536), .max_power = Watts(500)};
    VirtualClock clock;
    FakeMeter meter(plant, clock, options);
    Sampler sampler({&meter}, clock, Seconds(60));
    EXPECT_LE(sampler.period(), Seconds(65536.0 / 500 / 4));
    const Mark begin = sampler.mark();
    while (clock.now() < Seconds(10000)) {
        clock.advance(sampler.period());
        sampler.sample();
    }
    const Mark end = sampler.mark();
    const auto sampled = sampler.windows(begin, end)[0];
    ASSERT_TRUE(sampled.valid());
    EXPECT_NEAR(sampled.energy->value(), 500 * sampled.duration().value(), 0.5 + 1e-3);

    const Mark before = sampler.mark();
    clock.advance(Seconds(300));
    const auto unsampled = sampler.windows(before, sampler.mark())[0];
    EXPECT_EQ(unsampled.validity, Validity::kInterrupted);
    EXPECT_FALSE(unsampled.energy);
}

// Requirements 2 and 5.
TEST(Sampler, AFailureMidWindowIsInvalidAndNeverZero) {
    VirtualClock clock;
    const ConstantPlant plant(Watts(50));
    FakeMeter meter(plant, clock);
    Sampler sampler({&meter}, clock);
    const Mark begin = sampler.mark();
    clock.advance(Seconds(1));
    meter.remove();
    sampler.sample();
    meter.restore();
    clock.advance(Seconds(1));
    const Mark end = sampler.mark();
    EXPECT_EQ(sampler.windows(begin, end)[0].validity, Validity::kGap);

    clock.advance(Seconds(1));
    EXPECT_NEAR(sampler.windows(end, sampler.mark())[0].energy->value(), 50, 0.1);
}

TEST(Sampler, ReadsMetersInOrderAtEveryEdge) {
    VirtualClock clock;
    const ConstantPlant plant(Watts(1));
    FakeMeter first(plant, clock, {.zone = "first"});
    FakeMeter second(plant, clock, {.unit = UnitKind::kPower, .zone = "second"});
    Sampler sampler({&first, &second}, clock);
    const Mark begin = sampler.mark();
    clock.advance(Seconds(2));
    const auto windows = sampler.windows(begin, sampler.mark());
    ASSERT_EQ(windows.size(), 2u);
    EXPECT_EQ(windows[0].scope, "first");
    EXPECT_NEAR(windows[1].energy->value(), 2, 1e-9);
}

// Requirement 21.
TEST(Sampler, RefusesMoreThanAHundredRoundsASecond) {
    VirtualClock clock;
    EXPECT_THROW(Sampler({}, clock, Seconds(0.001)), Error);
}

TEST(Sampler, ReadsACostlyMeterAtEdgesAndNowAndThen) {
    const ConstantPlant plant(Watts(50));
    VirtualClock clock;
    FakeMeter cheap(plant, clock);
    FakeMeter costly(plant, clock, {.costly_period = Seconds(1)});
    Sampler sampler({&costly, &cheap}, clock);
    const Mark begin = sampler.mark(Edge::kBegin);
    for (int i = 0; i < 25; ++i) {
        clock.advance(Seconds(0.125));  // exact in binary, so that eight make a second
        sampler.sample();
    }
    const Mark end = sampler.mark(Edge::kEnd);
    EXPECT_EQ(cheap.reads(), 27u);
    EXPECT_EQ(costly.reads(), 5u);  // two edges, and after 1, 2 and 3 s
    EXPECT_EQ(sampler.readings(begin, end, 0).size(), 5u);
    EXPECT_EQ(sampler.readings(begin, end, 1).size(), 27u);
    const auto windows = sampler.windows(begin, end);
    EXPECT_NEAR(windows[0].energy->value(), 50 * 3.125, 0.06);
    EXPECT_NEAR(windows[1].energy->value(), 50 * 3.125, 0.06);
}

TEST(Sampler, RefusesMarksOutOfOrder) {
    VirtualClock clock;
    const ConstantPlant plant(Watts(1));
    FakeMeter meter(plant, clock);
    Sampler sampler({&meter}, clock);
    const Mark mark = sampler.mark();
    EXPECT_THROW(sampler.windows(mark, mark), Error);
    const Mark later = sampler.mark();
    sampler.clear();
    EXPECT_THROW(sampler.windows(mark, later), Error);
}

// Requirement 21.
TEST(Sampler, ItsThreadSamplesAndAccountsForItself) {
    MonotonicClock clock;
    const ConstantPlant plant(Watts(10));
    FakeMeter meter(plant, clock);
    Sampler sampler({&meter}, clock, Seconds(0.01));
    sampler.start();
    sampler.start();
    const Mark begin = sampler.mark();
    clock.sleep(Seconds(0.2));
    const Mark end = sampler.mark();
    sampler.stop();
    sampler.stop();
    EXPECT_GE(sampler.readings(begin, end, 0).size(), 4u);
    EXPECT_GT(end.sampler_cpu_time, Seconds(0));
    EXPECT_LT(Sampler::own_cpu_time(begin, end) / (end.time - begin.time), 0.05);
    EXPECT_TRUE(sampler.windows(begin, end)[0].valid());
}

}  // namespace
}  // namespace espalier::meters
