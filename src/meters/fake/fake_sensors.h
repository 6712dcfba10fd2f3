#pragma once

#include <string>

#include "meters/fake/fake_files.h"
#include "meters/fake/fake_register.h"

namespace espalier::meters {

/// Lets /proc/cpuinfo be that of an Intel processor of family 6, or an AMD one of family 0x17.
void add_intel_cpu(FakeFiles& files, int model);
void add_amd_cpu(FakeFiles& files);

/// A CPU's place in the machine, and its registers: the unit 2^-exponent J, and one energy register. Intel
/// or AMD, as the numbers say.
struct FakeMsr {
    int cpu = 0;
    int package = 0;
    int die = 0;
    std::uint32_t unit_register = 0x606;
    int exponent = 14;
};
void add_msr(FakeFiles& files, const FakeMsr& msr);
/// Plant and clock of the register must outlive the files. Its upper 32 bits hold what is reserved.
void add_energy_register(FakeFiles& files, int cpu, std::uint32_t number, const FakeRegister& hardware);

/// "sys/class/hwmon/hwmon<number>", with a name and, where it is given, an address on the PCI bus.
std::string add_hwmon_chip(FakeFiles& files, int number, const std::string& name,
                           const std::string& pci_address = "");
/// A counter of microjoules that a driver adds up from a register; `timer` as in AddedUpRegister.
void add_hwmon_energy(FakeFiles& files, const std::string& chip, int channel, const std::string& label,
                      const FakeRegister& hardware, Seconds timer);

/// A rail of an INA3221 with a shunt of 5 mOhm: steps of 8 mV and 8 mA.
struct FakeRail {
    int channel = 1;
    std::string label;
    double volts = 5.0;
    Seconds refresh{0.05};
    Seconds phase{};
};
void add_rail(FakeFiles& files, const std::string& chip, const FakeRail& rail, const Plant& plant,
              const Clock& clock);

/// A battery that feeds a plant. Its gauge moves in steps of 10 mWh, or 1 mAh, or 1 mW.
struct FakeBattery {
    std::string name = "BAT0";
    enum class Tells { kEnergy, kCharge, kPower, kCurrent } tells = Tells::kEnergy;
    double volts = 11.4;
    double watt_hours = 1000.0;  ///< at the clock's 0
    Seconds refresh{60};
    Seconds phase{};
};
void add_battery(FakeFiles& files, const FakeBattery& battery, const Plant& plant, const Clock& clock);

}  // namespace espalier::meters
