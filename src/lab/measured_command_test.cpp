#include "lab/measured_command.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace espalier::lab {
namespace {

using meters::Reading;
using meters::Tier;
using meters::WindowReading;

/// A counter of 10 W while idling and 30 W during the command, which may stop at some time.
class Counter final : public meters::Meter {
  public:
    explicit Counter(Clock& clock) : clock_(clock) {
        description_.name = "counter";
        description_.tier = Tier::kHardwareCounter;
        description_.zones = {{"all", "all", meters::ZoneRole::kAdded}};
        description_.refresh_period = Seconds(0.001);
        description_.always_draws = true;
    }
    const meters::Description& description() const override { return description_; }
    Reading read() override {
        return {clock_.now(), {meters::Value{std::min(energy, most), clock_.now(), 0, ""}}};
    }

    Joules energy;
    Joules most{1e9};

  private:
    Clock& clock_;
    meters::Description description_;
};

/// A clock on which time costs energy, as the machine draws it at the moment.
class Machine final : public Clock {
  public:
    Seconds now() const override { return now_; }
    void sleep(Seconds duration) override { draw(Watts(10), duration); }
    void draw(Watts power, Seconds duration) {
        now_ += duration;
        counter.energy += power * duration;
    }

    Counter counter{*this};

  private:
    Seconds now_;
};

class MeasuredCommandTest : public testing::Test {
  protected:
    MeasuredCommand measure(int runs, Seconds idle) {
        return measure_command(runs, idle, sampler_, machine_, [this] { return command(); });
    }
    CommandEnd command() {
        machine_.draw(Watts(30), length_);
        return {++run_ == fails_ ? 7 : 0, length_};
    }

    Machine machine_;
    meters::Sampler sampler_{{&machine_.counter}, machine_};
    Seconds length_{2};
    int run_ = 0;
    int fails_ = 0;
};

TEST_F(MeasuredCommandTest, EachRunHasItsWindowAndIdlingIsApart) {
    const MeasuredCommand measured = measure(3, Seconds(5));
    ASSERT_EQ(measured.runs.size(), 3u);
    for (const CommandRun& run : measured.runs) {
        EXPECT_NEAR(run.windows[0].energy->value(), 60, 1e-9);
        EXPECT_EQ((run.end - run.start), Seconds(2));
        EXPECT_TRUE(run.doubts.empty());
    }
    EXPECT_NEAR(measured.idle_before[0].energy->value(), 50, 1e-9);
    EXPECT_NEAR(measured.idle_after[0].energy->value(), 50, 1e-9);
    const auto above =
        above_idle(measured.idle_before[0], measured.runs[0].windows[0], measured.idle_after[0]);
    ASSERT_TRUE(above);
    EXPECT_NEAR(above->energy.value(), 40, 1e-9);
    EXPECT_FALSE(above->doubtful);
}

TEST_F(MeasuredCommandTest, WithoutIdlePhasesThereIsNoNetEnergyToTell) {
    const MeasuredCommand measured = measure(1, Seconds(0));
    EXPECT_TRUE(measured.idle_before.empty());
    EXPECT_TRUE(measured.idle_after.empty());
}

TEST_F(MeasuredCommandTest, ARunThatFailsIsTheLast) {
    fails_ = 2;
    const MeasuredCommand measured = measure(5, Seconds(0));
    ASSERT_EQ(measured.runs.size(), 2u);
    EXPECT_EQ(measured.runs.back().how.exit_code, 7);
    EXPECT_TRUE(measured.runs.back().windows[0].energy);
}

TEST_F(MeasuredCommandTest, ACounterThatStoppedDuringTheRunTellsNoEnergy) {
    machine_.counter.most = Joules(40);
    const MeasuredCommand measured = measure(1, Seconds(0));
    EXPECT_FALSE(measured.runs[0].windows[0].energy);
    EXPECT_NE(measured.runs[0].windows[0].problem.find("did not move"), std::string::npos);
}

TEST_F(MeasuredCommandTest, AShortRunIsDoubted) {
    length_ = Seconds(0.02);
    const MeasuredCommand measured = measure(1, Seconds(0));
    EXPECT_TRUE(measured.runs[0].windows[0].energy);
    ASSERT_EQ(measured.runs[0].doubts.size(), 1u);
    EXPECT_NE(measured.runs[0].doubts[0].find("needs 1 s"), std::string::npos);
}

WindowReading window(double joules, double seconds, double standard, Tier tier = Tier::kHardwareCounter,
                     meters::Part part = meters::Part::kProcessor) {
    WindowReading made;
    made.tier = tier;
    made.part = part;
    made.end = Seconds(seconds);
    made.energy = Joules(joules);
    made.uncertainty.lines = {{"all", Joules(standard), Joules(standard)}};
    return made;
}

TEST(AboveIdle, CarriesItsOwnUncertainty) {
    // 10 and 10.2 W idle: drift 0.1 W; sensors 0.3 and 0.4 W, of the mean 0.25 W.
    const auto above = above_idle(window(100, 10, 3), window(300, 10, 2), window(102, 10, 4));
    ASSERT_TRUE(above);
    EXPECT_NEAR(above->energy.value(), 300 - 101, 1e-9);
    EXPECT_NEAR(above->standard.value(), std::hypot(2, 10 * std::hypot(0.1, 0.25)), 1e-9);
    EXPECT_FALSE(above->doubtful);
}

TEST(AboveIdle, IsDoubtfulWhereIdleDriftsOrHidesIt) {
    EXPECT_TRUE(above_idle(window(100, 10, 1), window(300, 10, 1), window(104, 10, 1))->doubtful);
    // The example of 50 W idle for 100 s under 200 J: less than nothing is no energy of the command.
    EXPECT_TRUE(above_idle(window(500, 10, 1), window(200, 100, 1), window(500, 10, 1))->doubtful);
    WindowReading unknown = window(100, 10, 1);
    unknown.energy.reset();
    EXPECT_FALSE(above_idle(unknown, window(300, 10, 1), window(100, 10, 1)));
}

/// A meter of which only the description matters.
class Described final : public meters::Meter {
  public:
    Described(meters::UnitKind unit, double refresh_s) {
        description_.unit = unit;
        description_.refresh_period = Seconds(refresh_s);
    }
    const meters::Description& description() const override { return description_; }
    Reading read() override { return {}; }

  private:
    meters::Description description_;
};

TEST(BestByPart, TakesTheBestTierThatResolvesTheWindow) {
    Described sensor(meters::UnitKind::kPower, 0.12);
    Described counter(meters::UnitKind::kCumulativeEnergy, 0.1);
    Described packages(meters::UnitKind::kCumulativeEnergy, 0.001);
    const std::vector<meters::Meter*> meters = {&sensor, &counter, &packages};
    const auto windows = [](double seconds) {
        return std::vector<WindowReading>{window(1, seconds, 1, Tier::kIntegratedSensor, meters::Part::kGpu),
                                          window(2, seconds, 1, Tier::kHardwareCounter, meters::Part::kGpu),
                                          window(3, seconds, 1)};
    };
    EXPECT_EQ(best_by_part(windows(1), meters), (std::vector<std::size_t>{2, 1}));
    EXPECT_EQ(best_by_part(windows(0.9), meters), (std::vector<std::size_t>{2, 0}));
    auto without_sensor = windows(0.05);
    without_sensor[0].energy.reset();
    EXPECT_EQ(best_by_part(without_sensor, meters), (std::vector<std::size_t>{2, 1}));
    auto without_counter = windows(1);
    without_counter[1].energy.reset();
    EXPECT_EQ(best_by_part(without_counter, meters), (std::vector<std::size_t>{2, 0}));
}

TEST(RunCommand, TellsHowItEnded) {
    EXPECT_EQ(run_command({"true"}).exit_code, 0);
    EXPECT_EQ(run_command({"sh", "-c", "exit 5"}).exit_code, 5);
    EXPECT_EQ(run_command({"sh", "-c", "kill -TERM $$"}).exit_code, 128 + 15);
    EXPECT_THROW(run_command({"no-such-program-anywhere"}), Error);
}

}  // namespace
}  // namespace espalier::lab
