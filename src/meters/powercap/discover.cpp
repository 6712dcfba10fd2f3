#include <algorithm>
#include <cerrno>
#include <cstring>

#include "meters/cpu/cpu_info.h"
#include "meters/powercap/powercap.h"

namespace espalier::meters {
namespace {

constexpr const char* kWhat = "CPU packages and DRAM (RAPL counters)";

Availability absent(const FileTree& files) {
    const CpuInfo cpu = read_cpu_info(files);
    if (cpu.has_flag("hypervisor")) {
        return {State::kAbsent,
                "no RAPL zones: this is a virtual machine, and its hypervisor passes no energy counters on",
                "run on the host itself, or use a wall meter"};
    }
    return {State::kAbsent, "no RAPL zones under " + files.display("sys/class/powercap"),
            "modprobe intel_rapl_msr   (Intel; AMD Zen needs Linux 5.8 or newer; containers must be given "
            "/sys/devices/virtual/powercap)"};
}

Availability unreadable(const FileTree& files, const std::string& path, int error) {
    const std::string reason = files.display(path) + ": " + std::strerror(error);
    if (error == EACCES || error == EPERM) {
        return {State::kNoPermission, reason + " (the kernel lets only root read it since CVE-2020-8694)",
                powercap_permission_script()};
    }
    return {State::kBroken, reason, "look for RAPL messages in the kernel log: dmesg | grep -i rapl"};
}

Availability check(const FileTree& files, const std::vector<RaplZone>& zones) {
    bool any_added = false;
    for (const RaplZone& zone : zones) {
        if (zone.zone.role != ZoneRole::kAdded && zone.zone.role != ZoneRole::kAmbiguous) continue;
        any_added = true;
        const std::string path = zone.folder + "/energy_uj";
        const FileContent content = files.read(path);
        if (!content.ok()) return unreadable(files, path, content.error);
        if (content.text.empty() || content.text.find_first_not_of("0123456789") != std::string::npos) {
            return {State::kBroken, files.display(path) + " holds no whole number",
                    "report this to the kernel's vendor"};
        }
    }
    if (!any_added) {
        return {State::kUnsupported,
                "RAPL shows no CPU package, only zones that overlap or are not calibrated", ""};
    }
    if (read_cpu_info(files).has_flag("sgx")) {
        return {
            State::kUnsupported,
            "SGX is on, so the processor adds noise to its energy counters (INTEL-SA-00389: up to 50 % off)",
            "switch SGX off in the firmware setup"};
    }
    return {State::kOk, "", ""};
}

/// The readable zones: one that is only shown and cannot be read is left out, so that it causes no gaps.
std::vector<RaplZone> readable(const FileTree& files, std::vector<RaplZone> zones) {
    std::erase_if(zones, [&](const RaplZone& zone) { return !files.read(zone.folder + "/energy_uj").ok(); });
    return zones;
}

}  // namespace

void discover_powercap(const DiscoveryOptions& options, Discovery& discovery) {
    const std::vector<RaplZone> zones = find_rapl_zones(options.files);
    Finding finding{"powercap", kWhat, Tier::kHardwareCounter,
                    zones.empty() ? absent(options.files) : check(options.files, zones)};
    if (finding.availability.state == State::kOk) {
        auto meter =
            std::make_unique<PowercapMeter>(options.files, options.clock, readable(options.files, zones));
        if (read_cpu_info(options.files).has_flag("hypervisor")) {
            meter->through_hypervisor();
        }
        if (meter->has_ambiguous_dies()) {
            const DieRelation dies = compare_dies(options.files, options.clock, zones);
            if (dies != DieRelation::kUnknown) meter->settle_dies(dies);
        }
        finding.tier = meter->description().tier;
        finding.availability.reason = meter->description().scope;
        if (meter->has_ambiguous_dies())
            finding.availability.reason += "; its dies may mirror each other: calibrate";
        discovery.meters.push_back(std::move(meter));
    }
    discovery.findings.push_back(std::move(finding));
}

std::string powercap_permission_script() {
    return R"(groupadd -f energy
usermod -aG energy "${SUDO_USER:-$(id -un)}"
cat > /etc/udev/rules.d/60-espalier-rapl.rules <<'RULE'
SUBSYSTEM=="powercap", KERNEL=="intel-rapl*:*", ACTION=="add|change", RUN+="/bin/sh -c 'chgrp energy /sys%p/energy_uj && chmod 0440 /sys%p/energy_uj'"
RULE
udevadm control --reload
udevadm trigger --action=change --subsystem-match=powercap
)";
}

}  // namespace espalier::meters
