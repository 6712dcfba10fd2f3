#include "lab/protocol.h"
#include "base/child_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lab/steady.h"
#include "meters/discovery.h"
#include "meters/fake/fake_files.h"
#include "meters/fake/fake_meter.h"
#include "meters/fake/fake_nvml.h"
#include "meters/fake/plant.h"
#include "meters/fake/virtual_clock.h"
#include "store/totals.h"

namespace espalier::lab {
namespace {

using testing::ElementsAre;

/// Writes down what is asked of it; every call takes 1/64 s of virtual time, exact in binary.
class LoggingWorkload final : public Workload {
  public:
    LoggingWorkload(meters::VirtualClock& clock, std::vector<std::string>& log, std::int64_t further)
        : clock_(clock), log_(log), further_(further) {}

    void load() override { step("load", 0.5); }
    void optimize() override { step("optimize", 2.0); }
    std::int64_t window_calls() const override { return 3; }
    std::int64_t further_calls() const override { return further_; }
    std::int64_t call(std::int64_t index) override {
        step("call " + std::to_string(index), 1.0 / 64);
        return 2;
    }
    void keep(std::int64_t index) override { log_.push_back("keep " + std::to_string(index)); }
    void unload() override { step("unload", 0.1); }

  private:
    void step(std::string what, double seconds) {
        log_.push_back(std::move(what));
        clock_.advance(Seconds(seconds));
    }

    meters::VirtualClock& clock_;
    std::vector<std::string>& log_;
    std::int64_t further_;
};

/// A meter of 10 W that writes down every look at it.
class LoggingMeter final : public meters::Meter {
  public:
    LoggingMeter(meters::VirtualClock& clock, std::vector<std::string>& log, meters::Tier tier)
        : log_(log), meter_(plant_, clock, {.tier = tier}) {}

    const meters::Description& description() const override { return meter_.description(); }
    meters::Reading read() override {
        log_.push_back("read");
        return meter_.read();
    }

  private:
    std::vector<std::string>& log_;
    meters::ConstantPlant plant_{Watts(10.0)};
    meters::FakeMeter meter_;
};

Seconds awake() { return Seconds(0); }

class Protocol : public testing::Test {
  protected:
    ProtocolOutcome run(std::int64_t further = 0, meters::Tier tier = meters::Tier::kUncalibratedModel) {
        LoggingWorkload workload(clock_, log_, further);
        LoggingMeter meter(clock_, log_, tier);
        meters::Sampler sampler({&meter}, clock_);
        return carry_out(
            settings_, workload, sampler, clock_, [&] { return 2.0 * clock_.now(); },
            [&] { return suspended_; });
    }

    meters::VirtualClock clock_;
    std::vector<std::string> log_;
    Seconds suspended_{0};
    ProtocolSettings settings_{.idle = Seconds(1.0),
                               .warmup_calls = 2,
                               .warmup_cap = Seconds(2.0 / 64),
                               .window = Seconds(4.0 / 64)};
};

TEST_F(Protocol, HappensInThisOrder) {
    run(1);
    EXPECT_THAT(log_,
                ElementsAre("read", "read",                      // idle
                            "read", "load", "read",              //
                            "read", "optimize", "read",          //
                            "read", "call 0", "call 1", "read",  // warm-up, to its cap
                            "read", "call 0", "keep 0", "call 1", "keep 1", "call 2", "keep 2", "call 0",
                            "read", "read", "call 3", "keep 3", "read",  // predictions beyond the window
                            "read", "unload", "read",                    //
                            "read", "read"));                            // idle again
}

TEST_F(Protocol, RecordsTimeEnergyCallsAndImagesOfEachPhase) {
    const auto outcome = run();
    ASSERT_EQ(outcome.phases.size(), 7u);
    const auto& optimize = outcome.phases[2];
    EXPECT_EQ(optimize.name, phase::kOptimize);
    EXPECT_NEAR(optimize.duration_s(), 2.0, 1e-9);
    EXPECT_NEAR(*store::energy_totals(optimize).at(0).joules, 20.0, 0.05);
    EXPECT_DOUBLE_EQ(*optimize.cpu_s, 4.0);
    const auto& measure = outcome.phases[4];
    EXPECT_EQ(measure.calls, 4);
    EXPECT_EQ(measure.images, 8);
    EXPECT_EQ(measure.latency_s.size(), 4u);
    EXPECT_EQ(measure.latency_s[0], 1.0F / 64);
    EXPECT_NEAR(*store::energy_totals(measure).at(0).joules, 10.0 * 4 / 64, 0.02);
}

TEST_F(Protocol, TheEnergyOfAnIdleGpuIsRecordedApartAndLengthensNothing) {
    const meters::ConstantPlant plant(Watts(70));
    meters::FakeNvml nvml(clock_);
    nvml.add({.plant = &plant, .uuid = "GPU-1"});
    const meters::FakeFiles files;
    auto discovery = meters::discover({.files = files, .clock = clock_, .gpus = nvml.access()});
    std::vector<meters::Meter*> meters;
    for (const auto& meter : discovery.meters) meters.push_back(meter.get());
    EXPECT_EQ(window_length(settings_, meters), settings_.window);

    LoggingMeter processor(clock_, log_, meters::Tier::kHardwareCounter);
    meters.push_back(&processor);
    meters::Sampler sampler(meters, clock_);
    LoggingWorkload workload(clock_, log_, 0);
    const auto outcome = carry_out(
        settings_, workload, sampler, clock_, [] { return Seconds(0); }, awake);
    const auto& optimize = outcome.phases[2];
    const auto all = store::energy_totals(optimize);
    ASSERT_EQ(all.size(), 3u);
    EXPECT_EQ(all[0].meter, "nvml-energy");
    EXPECT_EQ(all[0].device, "gpu");
    EXPECT_NEAR(*all[0].joules, 140, 7.1);
    EXPECT_EQ(all[2].meter, "nvml-power");
    EXPECT_EQ(all[2].tier, "C");
    const auto compared = store::energy_totals(optimize, "cpu");
    ASSERT_EQ(compared.size(), 1u);
    EXPECT_NEAR(*compared[0].joules, 20, 0.1);
    EXPECT_EQ(store::find_reading(optimize, "nvml-utilization GPU-1"), 0.0);
    EXPECT_GT(store::find_reading(optimize, "nvml-memory GPU-1").value_or(0), 0.0);
    EXPECT_EQ(outcome.traces.size(), 3u);
}

TEST_F(Protocol, LeavesOutAMeterThatNeedsLongerWindowsThanThePlanHas) {
    const meters::ConstantPlant plant(Watts(10));
    meters::Discovery discovery;
    discovery.meters.push_back(std::make_unique<meters::FakeMeter>(
        plant, clock_, meters::FakeOptions{.least_window = Seconds(600)}));
    discovery.meters.push_back(std::make_unique<meters::FakeMeter>(plant, clock_));
    settings_.window = Seconds(599);
    EXPECT_THAT(suitable_meters(settings_, discovery), ElementsAre(discovery.meters[1].get()));
    settings_.window = Seconds(600);
    EXPECT_EQ(suitable_meters(settings_, discovery).size(), 2u);
}

// Requirement 18.
TEST_F(Protocol, LengthensTheWindowForAMeterThatIsTested) {
    EXPECT_NEAR(run(0, meters::Tier::kHardwareCounter).phases[4].duration_s(), 1.0, 1.0 / 64);
    EXPECT_NEAR(run(0, meters::Tier::kUncalibratedModel).phases[4].duration_s(), 4.0 / 64, 1e-9);
}

TEST_F(Protocol, AWallMeterGetsItsMinuteAndACheckBesideItLengthensNothing) {
    const meters::ConstantPlant plant(Watts(10));
    meters::FakeMeter processor(plant, clock_);
    meters::FakeMeter wall(plant, clock_, {.tier = meters::Tier::kWallMeter, .refresh_period = Seconds(1)});
    meters::FakeMeter slow(plant, clock_, {.tier = meters::Tier::kWallMeter, .refresh_period = Seconds(100)});
    EXPECT_EQ(window_length(settings_, {&processor}), Seconds(1));
    EXPECT_EQ(window_length(settings_, {&wall, &slow}), Seconds(60));
    EXPECT_EQ(window_length(settings_, {&slow, &wall}), Seconds(5000));
}

// Requirement 23.
TEST_F(Protocol, SaysWhenWarmUpEndedAtItsCap) {
    EXPECT_FALSE(run().steady);
    settings_.warmup_cap = Seconds(10.0);
    const auto outcome = run();
    EXPECT_TRUE(outcome.steady);
    EXPECT_EQ(outcome.phases[3].calls, 10);
}

// Requirement 5.
TEST_F(Protocol, AGapStaysAGap) {
    meters::ConstantPlant plant(Watts(10.0));
    meters::FakeMeter meter(plant, clock_, {.tier = meters::Tier::kHardwareCounter});
    meter.fail_read(4);  // at the beginning of "optimize"
    LoggingWorkload workload(clock_, log_, 0);
    meters::Sampler sampler({&meter}, clock_);
    const auto outcome = carry_out(
        settings_, workload, sampler, clock_, [&] { return 2.0 * clock_.now(); }, awake);
    const auto total = store::energy_totals(outcome.phases[2]).at(0);
    EXPECT_FALSE(total.joules.has_value());
    EXPECT_NE(total.problem, "");
    EXPECT_TRUE(store::energy_totals(outcome.phases[4]).at(0).joules.has_value());
}

/// A device that goes on with its work after a call has returned, and draws 10 W more while it does.
class AsynchronousDevice final : public Workload, public meters::Plant {
  public:
    explicit AsynchronousDevice(meters::VirtualClock& clock) : clock_(clock) {}
    void load() override {}
    void optimize() override {}
    std::int64_t window_calls() const override { return 4; }
    std::int64_t further_calls() const override { return 0; }
    std::int64_t call(std::int64_t) override {
        busy_until_ = std::max(busy_until_, clock_.now()) + kWork;
        work_ += kWork;
        clock_.advance(Seconds(1.0 / 1024));
        return 1;
    }
    void synchronize() override { clock_.advance(std::max(Seconds(0), busy_until_ - clock_.now())); }
    void keep(std::int64_t) override {}
    void unload() override {}

    Watts power(Seconds) const override { return Watts(10); }
    /// Of the work alone, as far as it is done at that time.
    Joules energy(Seconds time) const override {
        return Watts(10) * (work_ - std::max(Seconds(0), busy_until_ - time));
    }

  private:
    static constexpr Seconds kWork{1.0 / 16};
    meters::VirtualClock& clock_;
    Seconds busy_until_;
    Seconds work_;
};

// Requirement 17.
TEST_F(Protocol, WorkThatTheDeviceStillDoesNeverLeaksOutOfItsWindow) {
    AsynchronousDevice device(clock_);
    meters::FakeMeter meter(device, clock_, {.tier = meters::Tier::kUncalibratedModel});
    meters::Sampler sampler({&meter}, clock_);
    settings_.window = Seconds(0.0);
    const auto outcome = carry_out(settings_, device, sampler, clock_, awake, awake);
    const auto joules = [&](std::size_t phase) {
        return *store::energy_totals(outcome.phases[phase]).at(0).joules;
    };
    // Four calls of 1/16 s at 10 W; the meter refreshes each millisecond.
    EXPECT_NEAR(joules(4), 2.5, 0.02);
    EXPECT_NEAR(joules(5), 0.0, 0.02);
    EXPECT_NEAR(joules(6), 0.0, 0.02);
    EXPECT_NEAR(outcome.phases[4].duration_s(), 0.25, 1e-9);
}

// Requirement 16.
TEST_F(Protocol, APhaseInWhichTheMachineSleptHasNoEnergy) {
    LoggingWorkload workload(clock_, log_, 0);
    LoggingMeter meter(clock_, log_, meters::Tier::kHardwareCounter);
    meters::Sampler sampler({&meter}, clock_);
    // The lid is closed for an hour once 2.5 s have passed: while the tactic is applied.
    const auto suspended = [&] { return clock_.now() > Seconds(2.5) ? Seconds(3600) : Seconds(0); };
    const auto outcome = carry_out(settings_, workload, sampler, clock_, awake, suspended);
    EXPECT_EQ(outcome.suspended, Seconds(3600));
    const auto optimize = store::energy_totals(outcome.phases[2]).at(0);
    EXPECT_FALSE(optimize.joules);
    EXPECT_NE(optimize.problem.find("slept for 3600.0 s"), std::string::npos);
    EXPECT_TRUE(store::energy_totals(outcome.phases[4]).at(0).joules);
}

// Requirement 16.
TEST(MachineTimeSuspended, GrowsOnlyWhileTheMachineSleeps) {
    const Seconds before = machine_time_suspended();
    EXPECT_GE(before, Seconds(-0.001));
    EXPECT_LT((machine_time_suspended() - before).value(), 0.01);
}

// Requirement 23.
TEST(IsSteady, ComparesTheLastCallsWithThoseBefore) {
    const std::vector<float> falling = {9, 8, 7, 6, 5, 4, 4, 4, 4, 4};
    EXPECT_FALSE(is_steady(falling));
    const std::vector<float> settled = {9, 4, 4.1F, 4, 4, 4, 4, 20, 4, 4, 4.05F};
    EXPECT_TRUE(is_steady(settled));
    EXPECT_FALSE(is_steady(std::vector<float>(9, 1.0F)));
}

TEST(CpuTime, OfAChildIsKnownWhileItRunsAndAfterItsEnd) {
    const Seconds before = ended_children_cpu_time();
    ChildProcess child({"sh", "-c", "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done"});
    EXPECT_TRUE(cpu_time_of(child.pid()));
    ASSERT_TRUE(child.wait_for_end(Seconds(60)));
    EXPECT_FALSE(cpu_time_of(child.pid()));
    EXPECT_GT(ended_children_cpu_time() - before, Seconds(0.01));
}

}  // namespace
}  // namespace espalier::lab
