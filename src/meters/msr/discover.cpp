#include <fmt/core.h>

#include <cerrno>
#include <cstring>

#include "meters/msr/msr.h"
#include "meters/msr/registers.h"

namespace espalier::meters {
namespace {

constexpr std::uint32_t kEnergyFiltering = 0xBC;  // IA32_MISC_PACKAGE_CTLS, bit 0
constexpr double kCounterRange = 4294967296.0;    // the counters have 32 bits

std::string file_of(int cpu) { return fmt::format("dev/cpu/{}/msr", cpu); }

std::vector<int> cpus_with_registers(const FileTree& files) {
    std::vector<int> cpus = listed_cpus(files);
    std::erase_if(cpus, [&](int cpu) { return !files.exists(file_of(cpu)); });
    return cpus;
}

Availability unreadable(const FileTree& files, const std::string& path, std::uint32_t number, int error) {
    const std::string reason =
        fmt::format("{}, register {:#x}: {}", files.display(path), number, std::strerror(error));
    if (error == EACCES || error == EPERM) {
        return {State::kNoPermission, reason,
                "# Registers tell and control much more than energy: where perf or powercap can be allowed, "
                "prefer them.\n"
                "groupadd -f energy\n"
                "usermod -aG energy \"${SUDO_USER:-$(id -un)}\"\n"
                "chgrp energy /dev/cpu/*/msr && chmod 0440 /dev/cpu/*/msr\n"
                "setcap cap_sys_rawio+ep \"$(command -v espalier)\"\n"};
    }
    return {State::kUnsupported, reason, "use another meter: the processor does not have this register"};
}

/// The zones of one package. A register that cannot be read, or shows nothing at all, is one that the
/// processor lacks; without the package's own there are none.
std::vector<MsrZone> zones_of(const FileTree& files, const RaplRegisters& registers,
                              const PackageReader& reader, Joules unit) {
    std::vector<MsrZone> zones;
    for (const EnergyRegister& energy : registers.energies) {
        const RegisterContent content = files.read_register(file_of(reader.cpu), energy.number);
        const bool package = energy.domain == "package";
        if (package && !content.ok()) return {};
        if (!package && (!content.ok() || content.value == 0)) continue;
        MsrZone zone{make_rapl_zone(package ? reader.package : energy.domain, reader.package), energy.number,
                     energy.unit.value_or(unit)};
        zone.zone.place = file_of(reader.cpu);
        zone.zone.range = zone.unit * kCounterRange;
        zone.zone.step = zone.unit;
        zones.push_back(std::move(zone));
    }
    return zones;
}

/// The zones of all packages, or why one of them cannot be read: a part is never shown as the whole.
std::variant<std::vector<MsrZone>, Availability> all_zones(const FileTree& files,
                                                           const RaplRegisters& registers,
                                                           const std::vector<int>& cpus) {
    std::vector<MsrZone> zones;
    for (const PackageReader& reader : one_reader_each(files, cpus, registers.readers)) {
        const std::string path = file_of(reader.cpu);
        const RegisterContent unit = files.read_register(path, registers.unit);
        if (!unit.ok()) return unreadable(files, path, registers.unit, unit.error);
        if ((files.read_register(path, kEnergyFiltering).value & 1) != 0) {
            return Availability{State::kUnsupported,
                                "the processor adds noise to its energy counters (register 0xbc, bit 0)",
                                "switch SGX off in the firmware setup"};
        }
        const auto more = zones_of(files, registers, reader, energy_unit(unit.value));
        if (more.empty()) return unreadable(files, path, registers.energies.front().number, EIO);
        zones.insert(zones.end(), more.begin(), more.end());
    }
    return zones;
}

Availability check(const FileTree& files, const std::vector<int>& cpus, bool known) {
    if (cpus.empty()) {
        return {State::kAbsent, "no registers under " + files.display("dev/cpu"),
                "modprobe msr   (not where the kernel is locked down, nor in a virtual machine)"};
    }
    if (!known) {
        return {State::kUnsupported, "where this processor has its energy counters is not known",
                "use perf or powercap: the kernel knows more processors"};
    }
    return check_filtering(files);
}

}  // namespace

RaplCandidate find_msr(const DiscoveryOptions& options) {
    const std::vector<int> cpus = cpus_with_registers(options.files);
    const auto registers = rapl_registers(read_cpu_info(options.files));
    Finding finding{"msr", "CPU packages and DRAM (RAPL registers)", Tier::kHardwareCounter,
                    check(options.files, cpus, registers.has_value())};
    if (finding.availability.state != State::kOk) return {std::move(finding), nullptr};
    auto zones = all_zones(options.files, *registers, cpus);
    if (Availability* why = std::get_if<Availability>(&zones)) {
        finding.availability = std::move(*why);
        return {std::move(finding), nullptr};
    }
    auto meter = std::make_unique<MsrMeter>(options.files, options.clock,
                                            std::move(std::get<std::vector<MsrZone>>(zones)));
    if (!registers->note.empty()) meter->add_note(registers->note);
    return working_candidate(options.files, std::move(finding), std::move(meter));
}

}  // namespace espalier::meters
