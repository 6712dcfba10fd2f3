#include "meters/battery/battery.h"

#include <gtest/gtest.h>

#include "meters/fake/fake_sensors.h"
#include "meters/fake/virtual_clock.h"
#include "meters/window.h"

namespace espalier::meters {
namespace {

using Tells = FakeBattery::Tells;

constexpr const char* kSupplies = "sys/class/power_supply";

class BatteryGauge : public testing::Test {
  protected:
    BatteryGauge() {
        files_.set(std::string(kSupplies) + "/AC/type", "Mains");
        files_.set(std::string(kSupplies) + "/AC/online", "0");
    }

    Finding find() {
        discovery_ = {};
        discover_battery({files_, clock_, std::nullopt, 0}, discovery_);
        return discovery_.findings.at(0);
    }

    /// Twenty minutes, read each minute.
    WindowReading window() {
        Meter& meter = *discovery_.find("battery");
        std::vector<Reading> readings = {meter.read()};
        for (int i = 0; i < 20; ++i) {
            clock_.advance(Seconds(60));
            readings.push_back(meter.read());
        }
        return measure(meter.description(), readings);
    }

    FakeFiles files_;
    VirtualClock clock_{Seconds(600)};
    ConstantPlant plant_{Watts(12)};
    Discovery discovery_;
};

TEST_F(BatteryGauge, IsTheWholeMachineInLongWindows) {
    add_battery(files_, {}, plant_, clock_);
    EXPECT_EQ(find().availability.state, State::kOk);
    const Description& description = discovery_.meters[0]->description();
    EXPECT_EQ(description.part, Part::kMachine);
    EXPECT_EQ(description.tier, Tier::kIntegratedSensor);
    EXPECT_EQ(shortest_window(description), Seconds(600));
    EXPECT_NEAR(window().energy->value(), 12 * 1200, 12 * 60 + 36);
    // A meter that needs ten minutes does not make the machine one where energy is measured anyway.
    EXPECT_EQ(discovery_.best_energy_tier(), Tier::kNone);
}

TEST_F(BatteryGauge, TwoBatteriesFeedOneMachine) {
    const ConstantPlant idle(Watts(0));
    add_battery(files_, {.name = "BAT0", .tells = Tells::kCharge}, plant_, clock_);
    add_battery(files_, {.name = "BAT1"}, idle, clock_);
    files_.set(std::string(kSupplies) + "/BAT1/status", "Not charging");
    find();
    const WindowReading result = window();
    EXPECT_EQ(result.zones.at(0).zone.id, "BAT0 + BAT1");
    EXPECT_NEAR(result.energy->value(), 12 * 1200, 12 * 60 + 80);
    // One of them tells its power only: then both must.
    files_.remove(std::string(kSupplies) + "/BAT1/energy_now");
    files_.set(std::string(kSupplies) + "/BAT1/power_now", "0");
    EXPECT_EQ(find().availability.state, State::kUnsupported);
    files_.set(std::string(kSupplies) + "/BAT0/power_now", "12000000");
    EXPECT_EQ(find().availability.state, State::kOk);
    EXPECT_NEAR(window().energy->value(), 12 * 1200, 1e-6);
}

TEST_F(BatteryGauge, SaysNothingOnMains) {
    add_battery(files_, {}, plant_, clock_);
    files_.set(std::string(kSupplies) + "/AC/online", "1");
    const Finding plugged = find();
    EXPECT_EQ(plugged.availability.state, State::kAbsent);
    EXPECT_NE(plugged.availability.reason.find("plugged in"), std::string::npos);
    files_.set(std::string(kSupplies) + "/AC/online", "0");
    files_.set(std::string(kSupplies) + "/BAT0/status", "Charging");
    EXPECT_EQ(find().availability.state, State::kAbsent);
}

TEST_F(BatteryGauge, PluggedInMidRunIsAGap) {
    add_battery(files_, {}, plant_, clock_);
    find();
    Meter& meter = *discovery_.find("battery");
    std::vector<Reading> readings = {meter.read()};
    clock_.advance(Seconds(900));
    files_.set(std::string(kSupplies) + "/AC/online", "1");
    readings.push_back(meter.read());
    EXPECT_EQ(measure(meter.description(), readings).validity, Validity::kGap);
    files_.set(std::string(kSupplies) + "/AC/online", "0");
    clock_.advance(Seconds(900));
    readings[1] = meter.read();
    EXPECT_EQ(measure(meter.description(), readings).validity, Validity::kInterrupted);
}

TEST_F(BatteryGauge, ThatCorrectsItselfUpwardsIsAGap) {
    add_battery(files_, {}, plant_, clock_);
    find();
    Meter& meter = *discovery_.find("battery");
    files_.set(std::string(kSupplies) + "/BAT0/energy_now", "40000000");
    std::vector<Reading> readings = {meter.read()};
    clock_.advance(Seconds(900));
    files_.set(std::string(kSupplies) + "/BAT0/energy_now", "40010000");
    readings.push_back(meter.read());
    EXPECT_FALSE(measure(meter.description(), readings).energy);
}

TEST_F(BatteryGauge, ThatDidNotMoveHasNoEnergy) {
    add_battery(files_, {}, plant_, clock_);
    files_.set(std::string(kSupplies) + "/BAT0/energy_now", "40000000");
    find();
    EXPECT_EQ(window().validity, Validity::kGap);
}

TEST_F(BatteryGauge, OfAMouseIsNotTheMachine) {
    add_battery(files_, {.name = "mouse"}, plant_, clock_);
    files_.set(std::string(kSupplies) + "/mouse/scope", "Device");
    EXPECT_EQ(find().availability.state, State::kAbsent);
}

TEST_F(BatteryGauge, WithoutAnyGaugeIsUnsupported) {
    files_.set(std::string(kSupplies) + "/BAT0/type", "Battery");
    files_.set(std::string(kSupplies) + "/BAT0/status", "Discharging");
    files_.set(std::string(kSupplies) + "/BAT0/capacity", "80");
    EXPECT_EQ(find().availability.state, State::kUnsupported);
}

TEST_F(BatteryGauge, APowerOfZeroWhileItDischargesIsAGap) {
    add_battery(files_, {.tells = Tells::kPower}, plant_, clock_);
    find();
    files_.set(std::string(kSupplies) + "/BAT0/power_now", "0");
    EXPECT_EQ(window().validity, Validity::kGap);
}

}  // namespace
}  // namespace espalier::meters
