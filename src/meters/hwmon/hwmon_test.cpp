#include "meters/hwmon/hwmon.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "meters/fake/fake_sensors.h"
#include "meters/fake/virtual_clock.h"
#include "meters/hwmon/ina3221_meter.h"
#include "meters/window.h"

namespace espalier::meters {
namespace {

class Hwmon : public testing::Test {
  protected:
    template <typename Discover>
    Finding find(Discover discover_source) {
        discovery_ = {};
        discover_source({files_, clock_, std::nullopt, 0}, discovery_);
        return discovery_.findings.at(0);
    }

    WindowReading window(const char* name) {
        Meter& meter = *discovery_.find(name);
        std::vector<Reading> readings = {meter.read()};
        for (int i = 0; i < 100; ++i) {
            clock_.advance(Seconds(0.1));
            readings.push_back(meter.read());
        }
        return measure(meter.description(), readings);
    }

    FakeFiles files_;
    VirtualClock clock_{Seconds(50)};
    ConstantPlant plant_{Watts(40)};
    ConstantPlant small_{Watts(12)};
    Discovery discovery_;
};

TEST_F(Hwmon, AnIntelCardContainsItsPackageAndTiles) {
    const std::string xe = add_hwmon_chip(files_, 1, "xe", "0000:03:00.0");
    add_hwmon_energy(files_, xe, 1, "card", {plant_, clock_}, Seconds(0));
    add_hwmon_energy(files_, xe, 2, "pkg", {small_, clock_}, Seconds(0));
    const std::string i915 = add_hwmon_chip(files_, 2, "i915", "0000:04:00.0");
    add_hwmon_energy(files_, i915, 1, "", {plant_, clock_}, Seconds(0));
    const std::string tile = add_hwmon_chip(files_, 3, "i915_gt0", "0000:04:00.0");
    add_hwmon_energy(files_, tile, 1, "", {small_, clock_}, Seconds(0));
    EXPECT_EQ(find(discover_intel_gpu).availability.reason, "2 graphics cards");
    const WindowReading result = window("intel-gpu");
    EXPECT_NEAR(result.energy->value(), 800, 1e-3);
    EXPECT_EQ(result.part, Part::kGpu);
    EXPECT_NEAR(number(*result.amount("0000:03:00.0/xe/pkg")), 120, 1e-3);
    EXPECT_NEAR(number(*result.amount("0000:04:00.0/i915_gt0/energy1")), 120, 1e-3);
}

TEST_F(Hwmon, ACardThatShowsOnlyItsPackageIsMeasuredByIt) {
    const std::string xe = add_hwmon_chip(files_, 1, "xe", "0000:03:00.0");
    add_hwmon_energy(files_, xe, 2, "pkg", {small_, clock_}, Seconds(0));
    find(discover_intel_gpu);
    EXPECT_NEAR(window("intel-gpu").energy->value(), 120, 1e-3);
}

TEST_F(Hwmon, AFrozenCardIsNoCardOfZeroJoules) {
    const ConstantPlant off(Watts(0));
    add_hwmon_energy(files_, add_hwmon_chip(files_, 1, "xe"), 1, "card", {off, clock_}, Seconds(0));
    find(discover_intel_gpu);
    EXPECT_EQ(window("intel-gpu").validity, Validity::kGap);
}

TEST_F(Hwmon, ACardWithoutPermissionSaysWhatToDo) {
    const std::string xe = add_hwmon_chip(files_, 1, "xe");
    add_hwmon_energy(files_, xe, 1, "card", {plant_, clock_}, Seconds(0));
    files_.set_error(xe + "/energy1_input", EACCES);
    const Finding finding = find(discover_intel_gpu);
    EXPECT_EQ(finding.availability.state, State::kNoPermission);
    EXPECT_NE(finding.availability.fix.find("chmod 0440 /" + xe + "/energy1_input"), std::string::npos);
    files_.set_error(xe + "/energy1_input", EIO);
    EXPECT_EQ(find(discover_intel_gpu).availability.state, State::kBroken);
    files_.remove("sys/class/hwmon");
    EXPECT_EQ(find(discover_intel_gpu).availability.state, State::kAbsent);
}

TEST_F(Hwmon, TheInputRailContainsTheOthers) {
    const std::string chip = add_hwmon_chip(files_, 4, "ina3221");
    add_rail(files_, chip, {1, "VDD_IN", 5.0}, plant_, clock_);
    add_rail(files_, chip, {2, "VDD_CPU_GPU_CV", 5.0}, small_, clock_);
    // Sums and shunt voltages, which are no rails.
    files_.set(chip + "/in4_input", "10");
    files_.set(chip + "/curr4_input", "10400");
    EXPECT_EQ(find(discover_ina3221).availability.state, State::kOk);
    const WindowReading result = window("ina3221");
    ASSERT_EQ(result.zones.size(), 2u);
    EXPECT_NEAR(result.energy->value(), 400, 1e-6);
    EXPECT_EQ(result.tier, Tier::kIntegratedSensor);
    EXPECT_NEAR(number(*result.amount("VDD_CPU_GPU_CV")), 120, 0.2);
}

TEST_F(Hwmon, RailsWithoutAKnownInputHaveNoTotal) {
    const std::string chip = add_hwmon_chip(files_, 4, "ina3221");
    add_rail(files_, chip, {1, "VDD_GPU_SOC", 5.0}, plant_, clock_);
    add_rail(files_, chip, {2, "", 5.0}, small_, clock_);
    find(discover_ina3221);
    const WindowReading result = window("ina3221");
    EXPECT_TRUE(result.valid());
    EXPECT_FALSE(result.energy);
    EXPECT_TRUE(result.amount("hwmon4/in2"));
    EXPECT_TRUE(
        power_trace(discovery_.meters[0]->description(), std::vector<Reading>{discovery_.meters[0]->read()})
            .empty());
    EXPECT_EQ(discovery_.best_energy_tier(), Tier::kNone);
    // Two inputs: which lies behind which is not known.
    add_rail(files_, chip, {1, "VDD_IN", 5.0}, plant_, clock_);
    add_rail(files_, chip, {2, "POM_5V_IN", 5.0}, plant_, clock_);
    find(discover_ina3221);
    EXPECT_FALSE(window("ina3221").energy);
}

TEST_F(Hwmon, ARailWithoutVoltageIsAGap) {
    const std::string chip = add_hwmon_chip(files_, 4, "ina3221");
    add_rail(files_, chip, {1, "VDD_IN", 5.0}, plant_, clock_);
    find(discover_ina3221);
    files_.set(chip + "/in1_input", "0");
    EXPECT_EQ(window("ina3221").validity, Validity::kGap);
}

TEST(Ina3221, StepsAreThoseOfItsDataSheet) {
    // 5 mOhm: 8 mA, and 8 mV at 32.8 A.
    EXPECT_NEAR(ina3221_step(5, 0.005).value(), 0.040 + 0.26208, 1e-9);
    EXPECT_NEAR(ina3221_step(19, 0.005).value(), 0.152 + 0.26208, 1e-9);
}

TEST_F(Hwmon, UnknownSensorsAreShownAndNeverAdded) {
    const std::string psu = add_hwmon_chip(files_, 5, "corsairpsu");
    files_.set(psu + "/power1_input", "84000000");
    files_.set(psu + "/power1_label", "power total");
    const std::string acpi = add_hwmon_chip(files_, 6, "power_meter");
    files_.set(acpi + "/power1_average", "120000000");
    files_.set(acpi + "/power1_average_interval", "3000");
    const std::string aem = add_hwmon_chip(files_, 7, "ibmaem");
    add_hwmon_energy(files_, aem, 1, "", {plant_, clock_}, Seconds(0));
    // These have meters of their own.
    add_hwmon_energy(files_, add_hwmon_chip(files_, 8, "amd_energy"), 1, "Esocket0", {plant_, clock_},
                     Seconds(0));
    files_.set(add_hwmon_chip(files_, 9, "BAT0") + "/power1_input", "9000000");
    files_.set("sys/class/power_supply/BAT0/type", "Battery");

    const Finding finding = find(discover_hwmon);
    EXPECT_EQ(finding.availability.state, State::kOk);
    EXPECT_EQ(finding.tier, Tier::kNone);
    for (const char* id : {"corsairpsu/hwmon5/power1", "power_meter/hwmon6/power1", "ibmaem/hwmon7/energy1"})
        EXPECT_NE(finding.availability.reason.find(id), std::string::npos) << id;
    ASSERT_EQ(discovery_.meters.size(), 2u);
    const WindowReading powers = window("hwmon-power");
    EXPECT_FALSE(powers.energy);
    ASSERT_EQ(powers.zones.size(), 2u);
    EXPECT_NEAR(number(*powers.amount("corsairpsu/hwmon5/power1")), 840, 1e-6);
    EXPECT_EQ(powers.zones[0].zone.scope, "power total of corsairpsu");
    EXPECT_EQ(discovery_.find("hwmon-power")->description().averaging, Seconds(3));
    const WindowReading energies = window("hwmon-energy");
    EXPECT_FALSE(energies.energy);
    EXPECT_NEAR(number(*energies.amount("ibmaem/hwmon7/energy1")), 400, 1e-3);
    EXPECT_EQ(discovery_.best_energy_tier(), Tier::kNone);
}

TEST_F(Hwmon, SensorsThatNobodyMayReadAreSaid) {
    const std::string psu = add_hwmon_chip(files_, 5, "corsairpsu");
    files_.set_error(psu + "/power1_input", EACCES);
    EXPECT_EQ(find(discover_hwmon).availability.state, State::kNoPermission);
    EXPECT_TRUE(discovery_.meters.empty());
}

}  // namespace
}  // namespace espalier::meters
