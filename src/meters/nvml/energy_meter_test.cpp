#include "meters/nvml/energy_meter.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"
#include "meters/fake/fake_nvml.h"
#include "meters/fake/virtual_clock.h"
#include "meters/nvml/power_meter.h"
#include "meters/sampler.h"
#include "meters/self_check.h"

namespace espalier::meters::nvml {
namespace {

constexpr Seconds kLong{10};
constexpr Seconds kBetween{0.1};

class GpuEnergy : public testing::Test {
  protected:
    GpuEnergy() : gpu_(fake_.add({.plant = &plant_, .uuid = "GPU-a"})) {}

    EnergyMeter meter() { return EnergyMeter(clock_, list_gpus(library()).gpus); }

    std::shared_ptr<const Library> library() {
        return std::get<std::shared_ptr<const Library>>(initialize(fake_.functions()));
    }

    /// A window as a trial has it: sampled every 100 ms beside the power, from now on.
    WindowReading window(Meter& meter, Seconds length = kLong) {
        PowerMeter power(clock_, {board_}, PowerSource::kInstant);
        Sampler sampler({&meter, &power}, clock_);
        const Mark begin = sampler.mark();
        const Seconds end = clock_.now() + length;
        while (clock_.now() + kBetween < end) {
            clock_.advance(kBetween);
            sampler.sample();
        }
        clock_.advance(end - clock_.now());
        return sampler.windows(begin, sampler.mark()).at(0);
    }

    VirtualClock clock_{Seconds(100)};
    SquarePlant plant_{Watts(70), Watts(640), Seconds(3.7)};
    FakeNvml fake_{clock_};
    FakeGpu& gpu_;
    Gpu board_ = list_gpus(library()).gpus.at(0);
};

// Requirement 20.
TEST_F(GpuEnergy, StaysWithinTheBudgetAtAThousandPhases) {
    const ConstantPlant constant(Watts(350));
    const RampPlant ramp(Watts(80), 0.01);
    Random random(7);
    for (const Plant* plant : std::initializer_list<const Plant*>{&plant_, &constant, &ramp}) {
        gpu_.plant = plant;
        double bias = 0;
        int within = 0;
        constexpr int kWindows = 1000;
        for (int i = 0; i < kWindows; ++i) {
            gpu_.energy_refresh = Seconds(i % 2 == 0 ? 0.1 : 0.02);
            gpu_.phase = Seconds(0.1 * random.uniform());
            clock_.advance(Seconds(3 * random.uniform()));
            auto counter = meter();
            const Seconds start = clock_.now();
            const WindowReading result = window(counter);
            const Joules truth = plant->energy(clock_.now()) - plant->energy(start);
            ASSERT_TRUE(result.valid()) << result.problem;
            const Joules error = *result.energy - truth;
            ASSERT_LE(std::abs(error.value()), result.uncertainty.bound().value());
            // Section of the budget: at most P T_u, of a window of 10 s with 100 ms that is 1 % at constant
            // power.
            ASSERT_LE(std::abs(error.value()), 640 * 0.1 + 0.002);
            bias += error / truth / kWindows;
            if (std::abs(error.value()) <= 2 * result.uncertainty.standard().value()) ++within;
        }
        EXPECT_LT(std::abs(bias), 1e-3);
        EXPECT_GE(within, 0.95 * kWindows);
    }
}

TEST_F(GpuEnergy, SaysWhatItIs) {
    const auto counter = meter();
    const Description& description = counter.description();
    EXPECT_EQ(description.tier, Tier::kHardwareCounter);
    EXPECT_EQ(description.part, Part::kGpu);
    EXPECT_EQ(description.scope, "1 GPU board");
    ASSERT_EQ(description.zones.size(), 1u);
    EXPECT_EQ(description.zones[0].id, "GPU-a");
    EXPECT_EQ(description.zones[0].scope, "GPU board NVIDIA H100 80GB HBM3 (GPU-a)");
    EXPECT_TRUE(description.notes.empty());
    EXPECT_THROW(EnergyMeter(clock_, {}), std::exception);
}

// Requirement 10.
TEST_F(GpuEnergy, AModuleIsNotCalledAGpu) {
    const ConstantPlant module(Watts(900));
    gpu_.module = &module;
    gpu_.name = "NVIDIA GH200 480GB";
    auto counter = meter();
    EXPECT_EQ(counter.description().part, Part::kModule);
    EXPECT_EQ(counter.description().scope, "1 module");
    EXPECT_EQ(counter.description().zones[0].scope,
              "module of CPU, GPU and memory NVIDIA GH200 480GB (GPU-a)");
    EXPECT_NE(counter.description().notes.at(0).find("not the GPU alone"), std::string::npos);
    EXPECT_NEAR(window(counter).energy->value(), 9000, 90.1);
}

TEST_F(GpuEnergy, BoardsAddUpAndABoardDividedByMigIsOneBoard) {
    const ConstantPlant other(Watts(100));
    gpu_.plant = &other;
    fake_.add({.plant = &other, .uuid = "GPU-b", .pci = "00000000:2A:00.0", .mig = true});
    auto counter = meter();
    const WindowReading result = window(counter);
    EXPECT_NEAR(result.energy->value(), 2000, 20.1);
    EXPECT_EQ(result.scope, "2 GPU boards");
    EXPECT_NEAR(number(*result.amount("GPU-b")), 1000, 10.1);
    EXPECT_NE(result.notes.at(0).find("MIG"), std::string::npos);
}

/// Every fault that comes in the middle of a window takes the window's energy away.
class GpuEnergyFault : public GpuEnergy {
  protected:
    void expect_none(GapKind kind) {
        auto counter = meter();
        const WindowReading result = window(counter);
        EXPECT_FALSE(result.energy);
        EXPECT_FALSE(result.valid());
        EXPECT_FALSE(result.problem.empty());
        bool seen = false;
        for (int i = 0; i < 8 && !seen; ++i) {
            clock_.advance(kBetween);
            const ZoneReading zone = counter.read().zones.at(0);
            if (const Gap* gap = std::get_if<Gap>(&zone)) seen = gap->kind == kind;
        }
        EXPECT_TRUE(seen || kind == GapKind::kImpossibleStep) << name(kind);
    }

    Seconds middle() const { return clock_.now() + kLong / 2; }
};

TEST_F(GpuEnergyFault, TheGpuIsLost) {
    gpu_.lost_at = middle();
    expect_none(GapKind::kUnreadable);
}

TEST_F(GpuEnergyFault, TheCounterFreezes) {
    gpu_.frozen_at = middle();
    expect_none(GapKind::kFrozen);
}

TEST_F(GpuEnergyFault, TheCounterWasFrozenAllTheTime) {
    gpu_.frozen_at = Seconds(50);
    expect_none(GapKind::kFrozen);
}

TEST_F(GpuEnergyFault, TheDriverIsReloaded) {
    gpu_.reset_at = middle();
    expect_none(GapKind::kImpossibleStep);
}

TEST_F(GpuEnergyFault, TheCounterIsNoLongerSupported) {
    auto counter = meter();
    counter.read();
    gpu_.refuses["total_energy"] = Result::kNotSupported;
    EXPECT_FALSE(window(counter).energy);
}

TEST_F(GpuEnergyFault, PermissionIsTakenAway) {
    auto counter = meter();
    counter.read();
    gpu_.refuses["total_energy"] = Result::kNoPermission;
    const WindowReading result = window(counter);
    EXPECT_FALSE(result.energy);
    EXPECT_NE(result.problem.find("no permission"), std::string::npos);
}

TEST_F(GpuEnergyFault, AnAbsurdCounterIsNoEnergy) {
    for (const unsigned long long absurd : {0ULL, ~0ULL, 1ULL << 60}) {
        gpu_.says_millijoules.reset();
        auto counter = meter();
        counter.read();
        gpu_.says_millijoules = absurd;
        clock_.advance(kBetween);
        EXPECT_FALSE(window(counter).energy) << absurd;
    }
}

TEST_F(GpuEnergyFault, AShortFreezeAtTheEndIsCaughtByTheNextReads) {
    // Between edges the counter is read once a second, so a freeze after the last read shows with the next
    // one.
    gpu_.frozen_at = clock_.now() + kLong - Seconds(0.9);
    auto counter = meter();
    const Seconds start = clock_.now();
    const WindowReading result = window(counter);
    const double truth = (plant_.energy(clock_.now()) - plant_.energy(start)).value();
    EXPECT_NEAR(result.energy.value_or(Joules(truth)).value(), truth, 640 * (0.9 + 0.1));
    EXPECT_FALSE(window(counter).energy);
}

TEST_F(GpuEnergyFault, AWindowShorterThanARefreshHasNoEnergyInsteadOfNone) {
    gpu_.phase = Seconds(0.05);
    auto counter = meter();
    std::vector<Reading> readings = {counter.read()};
    clock_.advance(Seconds(0.01));
    readings.push_back(counter.read());
    const WindowReading result = measure(counter.description(), readings);
    EXPECT_FALSE(result.energy);
    EXPECT_NE(result.problem.find("did not move"), std::string::npos);
}

TEST_F(GpuEnergyFault, HealsAfterAFault) {
    auto counter = meter();
    counter.read();
    gpu_.refuses["total_energy"] = Result::kTimeout;
    clock_.advance(kBetween);
    EXPECT_TRUE(std::holds_alternative<Gap>(counter.read().zones.at(0)));
    gpu_.refuses.clear();
    clock_.advance(kBetween);
    EXPECT_TRUE(window(counter).valid());
}

// Requirement 8.
TEST_F(GpuEnergy, TheSelfCheckPassesAHealthyCounterAndFindsAFrozenOne) {
    auto counter = meter();
    Meter* const meters[] = {&counter};
    EXPECT_EQ(self_check(meters, clock_).at(0).state, State::kOk);
    EXPECT_NEAR(measure_refresh_period(counter, clock_)->value(), 0.1, 0.02);
    gpu_.frozen_at = clock_.now();
    EXPECT_EQ(self_check(meters, clock_).at(0).state, State::kBroken);
}

TEST_F(GpuEnergy, TheTraceHasNoZeros) {
    const ConstantPlant constant(Watts(300));
    gpu_.plant = &constant;
    auto counter = meter();
    Sampler sampler({&counter}, clock_);
    const Mark begin = sampler.mark();
    for (int i = 0; i < 200; ++i) {
        clock_.advance(Seconds(0.07));
        sampler.sample();
    }
    const auto trace = power_trace(counter.description(), sampler.readings(begin, sampler.mark(), 0));
    ASSERT_GT(trace.size(), 5u);
    for (const PowerPoint& point : trace) EXPECT_NEAR(point.power.value(), 300, 30.1);
}

}  // namespace
}  // namespace espalier::meters::nvml
