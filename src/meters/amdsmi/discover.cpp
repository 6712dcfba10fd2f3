#include <fmt/core.h>

#include "meters/amdsmi/amdsmi.h"

namespace espalier::meters::amdsmi {
namespace {

Finding no_gpu(Availability availability) {
    return {"amdsmi", "AMD GPUs: energy, memory", Tier::kHardwareCounter, std::move(availability)};
}

Status ask_energy(const Gpu& gpu) {
    std::uint64_t count = 0;
    float microjoules = 0;
    std::uint64_t nanoseconds = 0;
    const Status status =
        call(gpu.library->functions().energy, gpu.handle, &count, &microjoules, &nanoseconds);
    // A driver that has no counter may succeed with one that is 0, or all ones.
    const bool real = count != 0 && count != UINT64_MAX && microjoules > 0;
    return status == Status::kSuccess && !real ? Status::kNoData : status;
}

Status ask_memory(const Gpu& gpu) {
    std::uint64_t bytes = 0;
    return call(gpu.library->functions().memory, gpu.handle, kVideoMemory, &bytes);
}

Availability refused(const Gpu& gpu, Status status) {
    const std::string reason = fmt::format("AMD GPU {}: {}", gpu.id, describe(status));
    if (status == Status::kNoPermission) {
        return {State::kNoPermission, reason, "usermod -aG render,video \"${SUDO_USER:-$(id -un)}\"\n"};
    }
    return {State::kUnsupported, reason,
            "measure on the host itself: guests are not told; or use a wall meter"};
}

/// Adds the meter of the GPUs that answer, or the reason of the first that does not.
template <typename MeterOfGpus>
void discover_kind(const DiscoveryOptions& options, const std::vector<Gpu>& gpus, Finding finding,
                   Status (*ask)(const Gpu&), Discovery& discovery) {
    std::vector<Gpu> able;
    for (const Gpu& gpu : gpus) {
        const Status status = ask(gpu);
        if (status == Status::kSuccess) able.push_back(gpu);
        if (status != Status::kSuccess && finding.availability.reason.empty())
            finding.availability = refused(gpu, status);
    }
    if (!able.empty()) {
        const std::string without =
            able.size() < gpus.size() ? "; without " + finding.availability.reason : std::string();
        auto meter = std::make_unique<MeterOfGpus>(options.clock, std::move(able));
        finding.availability = {State::kOk, meter->description().scope + without, ""};
        discovery.meters.push_back(std::move(meter));
    }
    discovery.findings.push_back(std::move(finding));
}

}  // namespace

void discover_amdsmi(const DiscoveryOptions& options, Discovery& discovery) {
    Opened opened = options.amd_gpus ? options.amd_gpus()
                                     : Opened(Availability{State::kAbsent, "AMD GPUs are not looked for",
                                                           "look at this machine itself, without --root"});
    if (const Availability* why = std::get_if<Availability>(&opened)) {
        discovery.findings.push_back(no_gpu(*why));
        return;
    }
    const std::vector<Gpu> gpus = list_gpus(std::get<std::shared_ptr<const Library>>(opened));
    if (gpus.empty()) {
        discovery.findings.push_back(
            no_gpu({State::kAbsent, "AMD's library shows no GPU", "look at what amd-smi list says"}));
        return;
    }
    discover_kind<EnergyMeter>(options, gpus,
                               {"amdsmi-energy", "GPU energy (AMD SMI counter)", Tier::kHardwareCounter, {}},
                               ask_energy, discovery);
    discover_kind<MemoryMeter>(options, gpus, {"amdsmi-memory", "GPU memory (AMD SMI)", Tier::kNone, {}},
                               ask_memory, discovery);
}

}  // namespace espalier::meters::amdsmi
