#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/units.h"
#include "meters/cpu/cpu_info.h"
#include "meters/rapl/topology.h"

namespace espalier::meters {

/// One energy register of a package.
struct EnergyRegister {
    std::string domain;  ///< "package", "dram", "core", "uncore"
    std::uint32_t number = 0;
    std::optional<Joules> unit;  ///< fixed by the model; nothing: the unit register tells
};

/// Where a processor has its energy counters (Intel: Software Developer's Manual, volume 4; AMD: Processor
/// Programming Reference, family 17h).
struct RaplRegisters {
    std::uint32_t unit = 0;  ///< bits 12:8 are e in the unit 2^-e J
    std::vector<EnergyRegister> energies;
    Spread readers = Spread::kDies;  ///< what has counters of its own
    std::string note;                ///< what is left out; empty where nothing is
};

/// The registers of this processor, or nothing where its counters or their unit are not known. DRAM is left
/// out where the model's unit is not known: on servers it is 2^-16 J whatever the unit register says, so a
/// guess might be wrong by a factor of four.
std::optional<RaplRegisters> rapl_registers(const CpuInfo& cpu);

/// 2^-e J of a unit register's value.
Joules energy_unit(std::uint64_t unit_register);

}  // namespace espalier::meters
