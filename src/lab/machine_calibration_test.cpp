#include "lab/machine_calibration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/random.h"
#include "lab/comparison.h"
#include "lab/design.h"
#include "meters/fake/fake_meter.h"
#include "meters/fake/plant.h"
#include "meters/fake/virtual_clock.h"

namespace espalier::lab {
namespace {

using testing::HasSubstr;

/// Calls of 1/64 s of virtual time.
class TickingWorkload final : public Workload {
  public:
    explicit TickingWorkload(meters::VirtualClock& clock) : clock_(clock) {}
    void load() override {}
    void optimize() override {}
    std::int64_t window_calls() const override { return 1; }
    std::int64_t further_calls() const override { return 0; }
    std::int64_t call(std::int64_t) override {
        clock_.advance(Seconds(1.0 / 64));
        return 1;
    }
    void keep(std::int64_t) override {}
    void unload() override {}

  private:
    meters::VirtualClock& clock_;
};

/// A trial whose calls take `seconds` and whose window of 1 s took `joules`.
TrialOutcome trial_of(double seconds, double joules, const char* tier) {
    TrialOutcome outcome;
    store::PhaseRecord measure{.name = "measure", .start_s = 0.0, .end_s = 1.0, .calls = 10, .images = 10};
    measure.cpu_s = 2.0 * seconds;
    measure.latency_s.assign(10, static_cast<float>(seconds));
    measure.energies.push_back(
        {.meter = "powercap", .zone = "package-0", .joules = joules, .tier = tier, .scope = "CPU package 0"});
    outcome.result.measured.phases = {measure};
    return outcome;
}

/// An A/A comparison of which every trial scatters by `scatter`.
std::vector<NoiseFloor> noise(double scatter, int blocks, const char* tier = "B", double second = 1.0) {
    Random random(20261126);
    MachineSettings settings;
    settings.blocks = blocks;
    int made = 0;
    return measure_noise(
        settings,
        [&](const TrialRequest&, const std::function<bool()>&) {
            // The design's order decides which arm a trial is of; a bias by arm needs the same order here.
            const auto cell = make_design(2, blocks, settings.seed)[static_cast<std::size_t>(made++)];
            const double size = (cell.variant == 1 ? second : 1.0) * std::exp(scatter * random.normal());
            return trial_of(0.1 * size, 5.0 * size, tier);
        },
        [] { return false; }, [](int, int) {});
}

TEST(NoiseFloor, OfTwoEqualArmsHoldsOne) {
    const auto floors = noise(0.02, 40);
    ASSERT_EQ(floors.size(), 3u);
    EXPECT_EQ(floors[0].quantity, "energy");
    EXPECT_EQ(floors[0].source.tier, "B");
    EXPECT_EQ(floors[1].quantity, "time");
    for (const auto& floor : floors) {
        EXPECT_TRUE(floor.holds_one());
        EXPECT_EQ(floor.blocks, 40);
        // Two independent trials of 2 % each.
        EXPECT_NEAR(floor.spread, 0.02 * std::sqrt(2.0), 0.008);
        EXPECT_NEAR(floor.ratio, 1.0, 0.02);
    }
}

TEST(NoiseFloor, SaysWhenTheArmsDiffer) {
    for (const auto& floor : noise(0.005, 12, "B", 1.05)) EXPECT_FALSE(floor.holds_one());
}

TEST(NoiseFloor, OfAnEstimateIsNoneOfEnergy) {
    const auto floors = noise(0.01, 10, "E");
    ASSERT_EQ(floors.size(), 2u);
    EXPECT_EQ(floors[0].quantity, "time");
}

TEST(NoiseFloor, AFailedOrStoppedTrialEndsTheCalibration) {
    const auto fails = [](const TrialRequest&, const std::function<bool()>&) {
        return TrialOutcome{TrialOutcome::Kind::kFailed, {}, "no such model"};
    };
    const auto nothing = [](int, int) {};
    EXPECT_THROW(measure_noise(
                     {}, fails, [] { return false; }, nothing),
                 std::exception);
    const auto works = [](const TrialRequest&, const std::function<bool()>&) {
        return trial_of(0.1, 5.0, "B");
    };
    EXPECT_THROW(measure_noise(
                     {}, works, [] { return true; }, nothing),
                 std::exception);
}

TEST(Detectable, BlocksAndSavingAreInverse) {
    const auto saving = detectable_saving(0.02, 10, 1);
    ASSERT_TRUE(saving);
    EXPECT_LE(*blocks_to_show(*saving, 0.02, 1), 10u);
    EXPECT_GT(*blocks_to_show(*saving * 0.9, 0.02, 1), 10u);
    EXPECT_GT(*detectable_saving(0.02, 10, 4), *saving);
    EXPECT_FALSE(detectable_saving(0.0, 10, 1));
    EXPECT_FALSE(detectable_saving(0.02, 5, 1));
    // Nothing is tested with fewer blocks, however quiet the machine.
    EXPECT_EQ(blocks_to_show(0.5, 0.001, 1), kBlocksForTests);
}

TEST(IdlePower, IsTheMeanOfItsWindowsWithBothUncertainties) {
    meters::VirtualClock clock;
    const meters::ConstantPlant plant(Watts(12.0));
    meters::FakeMeter counter(plant, clock);
    meters::Sampler sampler({&counter}, clock);
    const auto powers = measure_idle(sampler, clock, Seconds(30));
    ASSERT_EQ(powers.size(), 1u);
    EXPECT_EQ(powers[0].tier, "B");
    EXPECT_EQ(powers[0].windows, 6);
    EXPECT_NEAR(*powers[0].watts, 12.0, 0.01);
    EXPECT_GT(*powers[0].standard, 0.0);
    EXPECT_LT(powers[0].low, 12.0);
    EXPECT_GT(powers[0].high, 12.0);
    EXPECT_NEAR(clock.now().value(), 30.0, 1e-9);
}

TEST(IdlePower, OfAModelHasItsFactorAndAGapSaysWhy) {
    meters::VirtualClock clock;
    const meters::ConstantPlant plant(Watts(12.0));
    meters::FakeMeter wall(plant, clock, {.tier = meters::Tier::kWallMeter, .refresh_period = Seconds(1)});
    meters::FakeMeter broken(plant, clock);
    broken.remove();
    meters::Sampler sampler({&wall, &broken}, clock);
    const auto powers = measure_idle(sampler, clock, Seconds(6));
    ASSERT_EQ(powers.size(), 2u);
    // A wall meter's shortest window is a minute, so that it lengthens the measurement and has one window.
    EXPECT_EQ(powers[0].windows, 1);
    EXPECT_NEAR(clock.now().value(), 60.0, 1e-9);
    EXPECT_TRUE(powers[0].watts);
    EXPECT_FALSE(powers[1].watts);
    EXPECT_NE(powers[1].problem, "");
}

// Requirement 21.
TEST(SamplerOverhead, ComparesTheSameWorkWithAndWithoutTheSampler) {
    meters::VirtualClock clock;
    const meters::ConstantPlant plant(Watts(12.0));
    meters::FakeMeter counter(plant, clock);
    meters::Sampler sampler({&counter}, clock);
    TickingWorkload workload(clock);
    double cpu = 0.0;
    const auto overhead = measure_overhead(
        sampler, workload, clock, [&] { return Seconds(cpu += 1.0); }, 8, Seconds(1), 5);
    EXPECT_EQ(overhead.pairs, 8);
    EXPECT_EQ(overhead.meters, 1);
    // Virtual time passes only by the calls, so that both take the same.
    EXPECT_DOUBLE_EQ(overhead.ratio, 1.0);
    ASSERT_TRUE(overhead.interval);
    EXPECT_TRUE(overhead.interval->contains(1.0));
    // The thread's own time is real; each run was said to take 1 s of processor time.
    EXPECT_GE(overhead.cpu_share, 0.0);
    EXPECT_LT(overhead.cpu_share, 0.05);
}

MachineCalibration calibration() {
    MachineCalibration result;
    result.machine = "0123456789ab";
    result.machine_name = "Invented";
    result.made_at = "2026-11-26T10:00:00Z";
    result.version = "0.1.0";
    result.idle.push_back({"powercap", "RAPL", "B", "CPU package 0", "cpu", 6, 12.0, 0.1, 11.8, 12.2, ""});
    result.idle.push_back(
        {"nvml-energy", "NVML", "B", "GPU 0", "gpu", 6, std::nullopt, std::nullopt, 0, 0, "lost"});
    result.overhead = {3, 0.1, 10, 0.001, 1.0005, statistics::Interval{0.999, 1.002}};
    result.noise = noise(0.02, 20);
    return result;
}

TEST(MachineCalibration, SurvivesItsJson) {
    const std::string text = to_json(calibration()).dump();
    EXPECT_EQ(to_json(calibration_from_text(text)).dump(), text);
    EXPECT_THROW(calibration_from_text("{}"), std::exception);
    EXPECT_THROW(calibration_from_text("no JSON"), std::exception);
}

TEST(MachineCalibration, TellsPeopleWithTierScopeAndInterval) {
    const std::string text = describe(calibration());
    EXPECT_THAT(text, HasSubstr("powercap (tier B, CPU package 0): 12.0 W (95 % 11.8 to 12.2 W, 6 windows)"));
    EXPECT_THAT(text, HasSubstr("unknown: lost"));
    EXPECT_THAT(text, HasSubstr("0.10 % of the processor time"));
    EXPECT_THAT(text, HasSubstr("10 blocks find"));
    EXPECT_THAT(text, HasSubstr("5 % needs 10 blocks"));
}

TEST(Prospect, OfAMachineThatWasNeverCalibratedIsUnknown) {
    EXPECT_THAT(describe_prospect(nullptr, 10, 4), HasSubstr("unknown"));
    EXPECT_THAT(describe_prospect(nullptr, 10, 4), HasSubstr("espalier calibrate"));
}

TEST(Prospect, SaysWhatWillBeFound) {
    const auto known = calibration();
    const auto expected = prospect(known, 10, 4);
    EXPECT_EQ(expected.quantity, "energy");
    EXPECT_DOUBLE_EQ(*expected.saving, *detectable_saving(known.noise[0].spread, 10, 4));
    EXPECT_THAT(describe_prospect(&known, 10, 4), HasSubstr("with 10 blocks differences of "));
    EXPECT_THAT(describe_prospect(&known, 10, 4), HasSubstr("or more will be found (power 80 %; energy, "));
    EXPECT_THAT(describe_prospect(&known, 3, 4), HasSubstr("no difference can be shown"));
}

}  // namespace
}  // namespace espalier::lab
