#include "meters/msr/registers.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace espalier::meters {
namespace {

constexpr std::uint32_t kIntelUnit = 0x606;
constexpr std::uint32_t kIntelPackage = 0x611;
constexpr std::uint32_t kIntelDram = 0x619;
constexpr std::uint32_t kIntelCore = 0x639;
constexpr std::uint32_t kIntelUncore = 0x641;
constexpr std::uint32_t kAmdUnit = 0xC0010299;
constexpr std::uint32_t kAmdPackage = 0xC001029B;
constexpr Joules kServerDramUnit{1.0 / 65536};

// Models of family 6.
/// Silvermont and Airmont: their unit register tells 2^e microjoules.
constexpr std::array kMicrojouleAtoms = {0x37, 0x4A, 0x4C, 0x4D, 0x5A};
/// Haswell, Broadwell, Skylake, Ice Lake, Sapphire and Emerald Rapids servers; Knights Landing and Mill.
constexpr std::array kFixedDramUnit = {0x3F, 0x4F, 0x56, 0x55, 0x6A, 0x6C, 0x57, 0x85, 0x8F, 0xCF};
/// Clients from Haswell to Meteor Lake, and the servers of Sandy and Ivy Bridge.
constexpr std::array kRegisterDramUnit = {0x3C, 0x45, 0x46, 0x3D, 0x47, 0x4E, 0x5E, 0x8E,
                                          0x9E, 0xA5, 0xA6, 0x7D, 0x7E, 0x8C, 0x8D, 0xA7,
                                          0x97, 0x9A, 0xB7, 0xBA, 0xBF, 0xAA, 0x2D, 0x3E};

template <std::size_t size>
bool contains(const std::array<int, size>& models, int model) {
    return std::find(models.begin(), models.end(), model) != models.end();
}

std::optional<RaplRegisters> intel_registers(int model) {
    if (contains(kMicrojouleAtoms, model)) return std::nullopt;
    RaplRegisters registers;
    registers.unit = kIntelUnit;
    registers.energies = {
        {"package", kIntelPackage, {}}, {"core", kIntelCore, {}}, {"uncore", kIntelUncore, {}}};
    if (contains(kFixedDramUnit, model)) {
        registers.energies.push_back({"dram", kIntelDram, kServerDramUnit});
    } else if (contains(kRegisterDramUnit, model)) {
        registers.energies.push_back({"dram", kIntelDram, {}});
    } else {
        registers.note = "without DRAM: the unit of its counter is not known for this model";
    }
    return registers;
}

}  // namespace

std::optional<RaplRegisters> rapl_registers(const CpuInfo& cpu) {
    constexpr int kIntelFamily = 6;
    constexpr int kFirstZen = 0x17;
    if (cpu.vendor == "GenuineIntel" && cpu.family == kIntelFamily) return intel_registers(cpu.number);
    const bool zen = cpu.vendor == "AuthenticAMD" || cpu.vendor == "HygonGenuine";
    if (!zen || cpu.family < kFirstZen) return std::nullopt;
    // The dies of a socket repeat its counter, so one of them is read.
    return RaplRegisters{kAmdUnit, {{"package", kAmdPackage, {}}}, Spread::kPackages, ""};
}

Joules energy_unit(std::uint64_t unit_register) {
    return Joules(std::ldexp(1.0, -static_cast<int>((unit_register >> 8) & 0x1f)));
}

}  // namespace espalier::meters
