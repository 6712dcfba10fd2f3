#include "meters/estimate/estimate_meter.h"

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "meters/estimate/curve.h"
#include "meters/fake/fake_files.h"
#include "meters/fake/virtual_clock.h"
#include "meters/window.h"

namespace espalier::meters {
namespace {

CpuInfo machine(const std::string& model, int cpus) {
    CpuInfo info;
    info.model = model;
    info.logical_cpus = cpus;
    return info;
}

TEST(LoadCurve, PassesItsPointsAndNeverFalls) {
    EXPECT_DOUBLE_EQ(power_share(0), 0.12);
    EXPECT_DOUBLE_EQ(power_share(0.1), 0.32);
    EXPECT_DOUBLE_EQ(power_share(0.5), 0.75);
    EXPECT_DOUBLE_EQ(power_share(1), 1.02);
    EXPECT_DOUBLE_EQ(power_share(-1), 0.12);
    EXPECT_DOUBLE_EQ(power_share(2), 1.02);
    for (double load = 0; load < 1; load += 0.01) EXPECT_LT(power_share(load), power_share(load + 0.01));
}

TEST(ThermalDesignPower, TheUserIsBelieved) {
    const auto power = thermal_design_power(machine("AMD EPYC 7763 64-Core Processor", 4), Watts(65));
    EXPECT_EQ(power.watts, Watts(65));
    EXPECT_EQ(power.source, "user");
}

TEST(ThermalDesignPower, AVirtualMachineGetsItsShare) {
    const auto power = thermal_design_power(machine("AMD EPYC 7763 64-Core Processor", 4), std::nullopt);
    EXPECT_NEAR(power.watts.value(), 280.0 * 4 / 128, 1e-9);
    EXPECT_NE(power.source.find("EPYC 7763"), std::string::npos);
}

TEST(ThermalDesignPower, AnUnknownProcessorGetsAMarkedDefaultAndAWiderFactor) {
    const auto power = thermal_design_power(machine("AMD EPYC", 2), std::nullopt);
    EXPECT_EQ(power.watts, Watts(8));
    EXPECT_NE(power.source.find("default"), std::string::npos);
    EXPECT_LT(power.factor.low, kCurveFactor.low);
    EXPECT_GT(power.factor.high, kCurveFactor.high);
}

TEST(ThermalDesignPower, NoModelHidesBehindAShorterName) {
    const auto rows = known_processors();
    for (const ProcessorPower& row : rows) EXPECT_EQ(find_processor(row.model), &row) << row.model;
}

TEST(EstimateMeter, IntegratesTheCurveOverLoad) {
    FakeFiles files;
    VirtualClock clock;
    const auto hz = static_cast<double>(sysconf(_SC_CLK_TCK));
    const auto set_stat = [&](double busy, double idle) {
        files.set("proc/stat", fmt::format("cpu  {:.0f} 0 0 {:.0f} 0 0 0 0 0 0", busy * hz, idle * hz));
    };
    set_stat(0, 0);
    EstimateMeter meter(files, clock, {Watts(100), "user", kCurveFactor});
    std::vector<Reading> readings = {meter.read()};
    clock.advance(Seconds(10));
    set_stat(10, 10);
    readings.push_back(meter.read());
    clock.advance(Seconds(5));
    set_stat(10, 20);
    readings.push_back(meter.read());
    const auto window = measure(meter.description(), readings);
    EXPECT_NEAR(window.energy->value(), 100 * (0.75 * 10 + 0.12 * 5), 1e-6);
    EXPECT_EQ(window.tier, Tier::kUncalibratedModel);
    EXPECT_EQ(window.uncertainty.factor->high, 1.6);
    EXPECT_EQ(window.notes.back(), kEstimateRanking);
}

TEST(EstimateMeter, AnUnreadableStatIsAGap) {
    FakeFiles files;
    VirtualClock clock;
    EstimateMeter meter(files, clock, {Watts(100), "user", kCurveFactor});
    EXPECT_TRUE(std::holds_alternative<Gap>(meter.read().zones[0]));
}

// Requirement 40.
TEST(DescribeEstimate, NeverShowsMoreThanTwoDigitsNorHidesTheFactor) {
    EXPECT_EQ(describe_estimate(Joules(123.4), kCurveFactor), "120 J (estimate, x0.4 to x1.6: 49 to 200 J)");
}

}  // namespace
}  // namespace espalier::meters
