#include "meters/nvml/gpu_meter.h"

#include <algorithm>

#include "base/error.h"

namespace espalier::meters::nvml {
namespace {

bool any_divided(const std::vector<Gpu>& gpus) {
    return std::any_of(gpus.begin(), gpus.end(), [](const Gpu& gpu) { return gpu.mig.value_or(false); });
}

bool any_module(const std::vector<Gpu>& gpus) {
    return std::any_of(gpus.begin(), gpus.end(), [](const Gpu& gpu) { return gpu.module; });
}

}  // namespace

GpuMeter::GpuMeter(const Clock& clock, std::vector<Gpu> gpus, Coverage coverage)
    : clock_(clock), gpus_(std::move(gpus)) {
    if (gpus_.empty()) fail("a meter of GPUs needs at least one GPU");
    const bool modules = coverage == Coverage::kWholeModule && any_module(gpus_);
    description_.part = modules ? Part::kModule : Part::kGpu;
    for (const Gpu& gpu : gpus_) {
        const char* what = modules && gpu.module ? "module of CPU, GPU and memory" : "GPU board";
        description_.zones.push_back({gpu.uuid, fmt::format("{} {}", what, gpu.label()), ZoneRole::kAdded});
    }
    description_.scope =
        fmt::format("{} {}{}", gpus_.size(), modules ? "module" : "GPU board", gpus_.size() == 1 ? "" : "s");
    if (modules) add_note("counts CPU, GPU and memory of the module together: not the GPU alone");
    if (any_divided(gpus_)) add_note("MIG is on: a board is counted as a whole, with all its instances");
}

Reading GpuMeter::read() {
    Reading reading{clock_.now(), {}};
    reading.zones.reserve(description_.zones.size());
    for (std::size_t i = 0; i < gpus_.size(); ++i) read_gpu(i, reading.zones);
    return reading;
}

Gap gap(GapKind kind, const char* what, const Gpu& gpu, const std::string& why) {
    return {kind, fmt::format("{} of {}: {}", what, gpu.label(), why)};
}

}  // namespace espalier::meters::nvml
