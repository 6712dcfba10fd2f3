#include "meters/fake/fake_sensors.h"

#include <fmt/core.h>

#include <cmath>
#include <memory>

namespace espalier::meters {
namespace {

constexpr double kHour = 3600;
constexpr double kMega = 1e6;

std::string whole(double value) { return std::to_string(std::llround(value)); }

std::string msr_file(int cpu) { return fmt::format("dev/cpu/{}/msr", cpu); }

}  // namespace

void add_intel_cpu(FakeFiles& files, int model) {
    files.set("proc/cpuinfo",
              fmt::format("processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: {}\n"
                          "flags\t\t: fpu avx2\n",
                          model));
}

void add_amd_cpu(FakeFiles& files) {
    files.set(
        "proc/cpuinfo",
        "processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 23\nmodel\t\t: 49\nflags\t\t: fpu avx2\n");
}

void add_msr(FakeFiles& files, const FakeMsr& msr) {
    const std::string topology = fmt::format("sys/devices/system/cpu/cpu{}/topology/", msr.cpu);
    files.set(topology + "physical_package_id", std::to_string(msr.package));
    files.set(topology + "die_id", std::to_string(msr.die));
    // The other fields of the register are units of power and time.
    const auto value = static_cast<std::uint64_t>(0xa0003 | (msr.exponent << 8));
    files.set_register(msr_file(msr.cpu), msr.unit_register, [value] { return value; });
}

void add_energy_register(FakeFiles& files, int cpu, std::uint32_t number, const FakeRegister& hardware) {
    constexpr std::uint64_t kReserved = 0xdeadbeef00000000;
    files.set_register(msr_file(cpu), number,
                       [hardware] { return kReserved | hardware.at(hardware.clock.now()); });
}

std::string add_hwmon_chip(FakeFiles& files, int number, const std::string& name,
                           const std::string& pci_address) {
    const std::string folder = fmt::format("sys/class/hwmon/hwmon{}", number);
    files.set(folder + "/name", name);
    if (!pci_address.empty())
        files.set(folder + "/device/uevent", "DRIVER=" + name + "\nPCI_SLOT_NAME=" + pci_address);
    return folder;
}

void add_hwmon_energy(FakeFiles& files, const std::string& chip, int channel, const std::string& label,
                      const FakeRegister& hardware, Seconds timer) {
    const std::string path = fmt::format("{}/energy{}", chip, channel);
    if (!label.empty()) files.set(path + "_label", label);
    auto counter = std::make_shared<AddedUpRegister>(hardware, timer);
    files.set_live(path + "_input", [counter, unit = hardware.unit] {
        return std::to_string(
            static_cast<std::uint64_t>(kMega * unit.value() * static_cast<double>(counter->read())));
    });
}

void add_rail(FakeFiles& files, const std::string& chip, const FakeRail& rail, const Plant& plant,
              const Clock& clock) {
    constexpr double kStep = 8;  // mV and mA
    const std::string number = std::to_string(rail.channel);
    files.set(chip + "/update_interval", whole(1e3 * rail.refresh.value()));
    files.set(chip + "/in" + number + "_label", rail.label);
    files.set(chip + "/shunt" + number + "_resistor", "5000");
    files.set(chip + "/in" + number + "_input", whole(kStep * std::round(1e3 * rail.volts / kStep)));
    files.set_live(chip + "/curr" + number + "_input", [rail, &plant, &clock] {
        const Watts power = plant.power(last_refresh(clock.now(), rail.refresh, rail.phase));
        return whole(kStep * std::round(1e3 * power.value() / rail.volts / kStep));
    });
}

void add_battery(FakeFiles& files, const FakeBattery& battery, const Plant& plant, const Clock& clock) {
    using Tells = FakeBattery::Tells;
    const std::string folder = "sys/class/power_supply/" + battery.name;
    files.set(folder + "/type", "Battery");
    files.set(folder + "/status", "Discharging");
    const auto seen = [battery, &clock] { return last_refresh(clock.now(), battery.refresh, battery.phase); };
    const auto left = [battery, &plant, seen] {
        return battery.watt_hours - plant.energy(seen()).value() / kHour;
    };
    if (battery.tells == Tells::kEnergy) {
        files.set_live(folder + "/energy_now", [left] { return whole(1e4 * std::floor(100 * left())); });
        return;
    }
    if (battery.tells == Tells::kPower) {
        files.set_live(folder + "/power_now",
                       [seen, &plant] { return whole(1e3 * std::round(1e3 * plant.power(seen()).value())); });
        return;
    }
    files.set(folder + "/voltage_now", whole(kMega * battery.volts));
    if (battery.tells == Tells::kCharge) {
        files.set_live(folder + "/charge_now",
                       [left, battery] { return whole(1e3 * std::floor(1e3 * left() / battery.volts)); });
    } else {
        files.set_live(folder + "/current_now", [seen, battery, &plant] {
            return whole(-1e3 * std::round(1e3 * plant.power(seen()).value() / battery.volts));
        });
    }
}

}  // namespace espalier::meters
