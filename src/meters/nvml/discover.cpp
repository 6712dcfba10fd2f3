#include <fmt/format.h>

#include <algorithm>

#include "meters/nvml/energy_meter.h"
#include "meters/nvml/memory_meter.h"
#include "meters/nvml/nvml.h"
#include "meters/nvml/power_meter.h"
#include "meters/nvml/utilization_meter.h"
#include "meters/nvml/visible.h"

namespace espalier::meters::nvml {
namespace {

constexpr const char* kNvidiaVendor = "0x10de";
constexpr const char* kDisplayClass = "0x03";  // VGA and 3D controllers; the rest are audio and bridges

/// Whether an NVIDIA GPU is plugged in, whatever the driver says.
bool on_the_bus(const FileTree& files) {
    const std::string folder = "sys/bus/pci/devices";
    const auto devices = files.list(folder);
    return std::any_of(devices.begin(), devices.end(), [&](const std::string& device) {
        return files.read(folder + "/" + device + "/vendor").text == kNvidiaVendor &&
               files.read(folder + "/" + device + "/class").text.rfind(kDisplayClass, 0) == 0;
    });
}

Finding no_gpu(Availability availability) {
    return {"nvml", "NVIDIA GPUs: energy, power, utilization, memory", Tier::kHardwareCounter,
            std::move(availability)};
}

Availability without_library(const FileTree& files, Availability why) {
    if (why.state != State::kAbsent) return why;
    if (on_the_bus(files))
        return {State::kAbsent, "an NVIDIA GPU is plugged in, but its driver is not: " + why.reason, why.fix};
    return {State::kAbsent, "no NVIDIA GPU, and no libnvidia-ml.so.1", "where there is one, " + why.fix};
}

/// What one GPU answers to the question of a meter.
using Ask = Result (*)(const Gpu&);

Result ask_energy(const Gpu& gpu) {
    unsigned long long ignored = 0;
    return call(gpu.library->functions().total_energy, gpu.device, &ignored);
}

Result ask_any_power(const Gpu& gpu) {
    if (best_power_source({gpu})) return Result::kSuccess;
    const Result result = ask_power(gpu, PowerSource::kUsage).result;
    return result == Result::kSuccess ? Result::kUnknown : result;
}

Result ask_utilization(const Gpu& gpu) {
    UtilizationRates ignored{};
    return call(gpu.library->functions().utilization, gpu.device, &ignored);
}

Result ask_memory(const Gpu& gpu) {
    MemoryInfo ignored{};
    return call(gpu.library->functions().memory, gpu.device, &ignored);
}

std::unique_ptr<GpuMeter> make_energy(const Clock& clock, std::vector<Gpu> gpus) {
    return std::make_unique<EnergyMeter>(clock, std::move(gpus));
}

std::unique_ptr<GpuMeter> make_power(const Clock& clock, std::vector<Gpu> gpus) {
    // Every one of them answers some source, if need be the oldest.
    const PowerSource source = best_power_source(gpus).value_or(PowerSource::kUsage);
    return std::make_unique<PowerMeter>(clock, std::move(gpus), source);
}

std::unique_ptr<GpuMeter> make_utilization(const Clock& clock, std::vector<Gpu> gpus) {
    return std::make_unique<UtilizationMeter>(clock, std::move(gpus));
}

std::unique_ptr<GpuMeter> make_memory(const Clock& clock, std::vector<Gpu> gpus) {
    return std::make_unique<GpuMemoryMeter>(clock, std::move(gpus));
}

/// One row for each meter: what it measures, what shows that a GPU has it, and what to do where it has not.
struct Kind {
    const char* source;
    const char* what;
    Tier tier;
    Ask ask;
    std::unique_ptr<GpuMeter> (*make)(const Clock&, std::vector<Gpu>);
    const char* unsupported;  ///< what to do, or what takes its place
};

constexpr Kind kKinds[] = {
    {"nvml-energy", "GPU energy (NVML counter)", Tier::kHardwareCounter, ask_energy, make_energy,
     "use a Volta or newer GPU, not passed through as a vGPU; until then power is integrated (tier C)"},
    {"nvml-power", "GPU power (NVML sensor)", Tier::kIntegratedSensor, ask_any_power, make_power,
     "use a GPU that tells its power; most GeForce of the 700 series and older do not"},
    {"nvml-utilization", "GPU utilization", Tier::kNone, ask_utilization, make_utilization,
     "switch MIG off: nvidia-smi -mig 0   (with MIG, DCGM's profiling fields tell it for each instance)"},
    {"nvml-memory", "GPU memory", Tier::kNone, ask_memory, make_memory, "update the driver"},
};

Availability refused(const Kind& kind, const Gpu& gpu, Result result) {
    const std::string reason = fmt::format("{}: {}", gpu.label(), describe(result));
    switch (result) {
        case Result::kNoPermission:
            return {State::kNoPermission, reason + " (an administrator restricted it)",
                    "chmod 0666 /dev/nvidiactl /dev/nvidia[0-9]*\n"};
        case Result::kNotSupported:
        case Result::kFunctionNotFound: {
            const bool divided = kind.ask == ask_utilization && gpu.mig.value_or(false);
            return {State::kUnsupported, reason + (divided ? " while MIG is on" : ""), kind.unsupported};
        }
        default:
            return {State::kBroken, reason,
                    "nvidia-smi --gpu-reset, or restart the machine: dmesg | grep -i nvrm"};
    }
}

void discover_kind(const Kind& kind, const Visible& visible, const Clock& clock, Discovery& discovery) {
    std::vector<Gpu> able;
    std::optional<Availability> why;
    for (const Gpu& gpu : visible.gpus) {
        const Result result = kind.ask(gpu);
        if (result == Result::kSuccess) {
            able.push_back(gpu);
        } else if (!why) {
            why = refused(kind, gpu, result);
        }
    }
    Finding finding{kind.source, kind.what, kind.tier, why.value_or(Availability{State::kOk, "", ""})};
    if (!able.empty()) {
        auto meter = kind.make(clock, std::move(able));
        if (why) meter->add_note("without " + why->reason);
        for (const std::string& note : visible.notes) meter->add_note(note);
        const Description& description = meter->description();
        finding.availability = {State::kOk, description.scope + ", " + description.source, ""};
        for (const std::string& note : description.notes) finding.availability.reason += "; " + note;
        discovery.meters.push_back(std::move(meter));
    }
    discovery.findings.push_back(std::move(finding));
}

}  // namespace

void discover_nvml(const DiscoveryOptions& options, Discovery& discovery) {
    Opened opened =
        options.gpus.open
            ? options.gpus.open()
            : Opened(Availability{State::kAbsent, "GPUs are not looked for", "install its driver"});
    if (const Availability* why = std::get_if<Availability>(&opened)) {
        discovery.findings.push_back(no_gpu(without_library(options.files, *why)));
        return;
    }
    const GpuList list = list_gpus(std::get<std::shared_ptr<const Library>>(opened));
    if (list.gpus.empty()) {
        const State state = list.problems.empty() ? State::kAbsent : State::kBroken;
        const std::string problems = fmt::format("{}", fmt::join(list.problems, "; "));
        discovery.findings.push_back(
            no_gpu({state, problems.empty() ? "the driver shows no GPU" : problems,
                    "look at what nvidia-smi says; in a container: docker run --gpus all"}));
        return;
    }
    Visible visible = choose_visible(list.gpus, options.gpus.visible_devices, options.gpus.device_order);
    if (visible.gpus.empty()) {
        discovery.findings.push_back(no_gpu({State::kAbsent, visible.hidden, "unset CUDA_VISIBLE_DEVICES"}));
        return;
    }
    visible.notes.insert(visible.notes.end(), list.problems.begin(), list.problems.end());
    for (const Kind& kind : kKinds) discover_kind(kind, visible, options.clock, discovery);
    discovery.gpus = std::move(visible.gpus);
}

}  // namespace espalier::meters::nvml
