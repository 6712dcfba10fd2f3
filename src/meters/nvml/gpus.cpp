#include "meters/nvml/gpus.h"

#include <fmt/core.h>

#include <algorithm>

namespace espalier::meters::nvml {
namespace {

/// GA100 is told from the rest of Ampere by its device ids, 0x20..: A100, A800, A30 and their like.
constexpr unsigned kGa100Ids = 0x2000;

using TextFunction = std::function<Result(Device, char*, unsigned)>;

std::string text_of(const TextFunction& function, Device device) {
    char text[kTextSize] = {};
    if (call(function, device, text, kTextSize) != Result::kSuccess) return {};
    text[kTextSize - 1] = '\0';
    return text;
}

void read_place(const Functions& functions, Gpu& gpu) {
    PciInfo info{};
    if (call(functions.pci_info, gpu.device, &info) != Result::kSuccess) return;
    info.bus_id[sizeof info.bus_id - 1] = '\0';
    gpu.pci = info.bus_id;
    const bool ga100 = ((info.device_id >> 16) & 0xff00U) == kGa100Ids;
    gpu.samples_instantly = ga100 || gpu.architecture < kArchitectureAmpere;
}

void read_instances(const Functions& functions, Gpu& gpu) {
    unsigned current = 0;
    unsigned pending = 0;
    if (call(functions.mig_mode, gpu.device, &current, &pending) != Result::kSuccess) return;
    gpu.mig = current == 1;
    unsigned most = 0;
    if (!*gpu.mig || call(functions.mig_capacity, gpu.device, &most) != Result::kSuccess) return;
    for (unsigned i = 0; i < most; ++i) {
        Device instance = nullptr;
        if (call(functions.mig_by_index, gpu.device, i, &instance) != Result::kSuccess) continue;
        const std::string uuid = text_of(functions.uuid, instance);
        if (!uuid.empty()) gpu.instances.push_back(uuid);
    }
}

/// Boards that hold a CPU, too, tell a power of the whole module beside that of the GPU.
bool has_module(const Gpu& gpu) {
    return ask_power(gpu, kPowerInstant, kScopeModule).plausible() ||
           ask_power(gpu, kPowerAverage, kScopeModule).plausible();
}

Gpu describe_gpu(const std::shared_ptr<const Library>& library, Device device) {
    const Functions& functions = library->functions();
    Gpu gpu;
    gpu.library = library;
    gpu.device = device;
    gpu.uuid = text_of(functions.uuid, device);
    gpu.name = text_of(functions.name, device);
    if (call(functions.architecture, device, &gpu.architecture) != Result::kSuccess)
        gpu.architecture = kArchitectureUnknown;
    read_place(functions, gpu);
    read_instances(functions, gpu);
    gpu.module = has_module(gpu);
    return gpu;
}

}  // namespace

std::string Gpu::label() const {
    constexpr std::size_t kEnough = 12;  // "GPU-" and 8 digits
    return fmt::format("{} ({})", name.empty() ? "GPU" : name, uuid.substr(0, kEnough));
}

GpuList list_gpus(const std::shared_ptr<const Library>& library) {
    GpuList list;
    unsigned count = 0;
    const Result result = call(library->functions().device_count, &count);
    if (result != Result::kSuccess)
        list.problems.push_back("the GPUs cannot be counted: " + describe(result));
    for (unsigned i = 0; i < count; ++i) {
        Device device = nullptr;
        const Result found = call(library->functions().device_by_index, i, &device);
        if (found != Result::kSuccess) {
            list.problems.push_back(fmt::format("GPU {} cannot be reached: {}", i, describe(found)));
            continue;
        }
        Gpu gpu = describe_gpu(library, device);
        if (gpu.uuid.empty()) {
            list.problems.push_back(fmt::format("GPU {} does not tell its UUID", i));
            continue;
        }
        list.gpus.push_back(std::move(gpu));
    }
    std::stable_sort(list.gpus.begin(), list.gpus.end(),
                     [](const Gpu& a, const Gpu& b) { return a.pci < b.pci; });
    return list;
}

double number(const FieldValue& value) {
    switch (value.type) {
        case ValueType::kDouble:
            return value.value.number;
        case ValueType::kUnsignedInt:
            return value.value.unsigned_int;
        case ValueType::kUnsignedLong:
            return static_cast<double>(value.value.unsigned_long);
        case ValueType::kUnsignedLongLong:
            return static_cast<double>(value.value.unsigned_long_long);
        case ValueType::kSignedLongLong:
            return static_cast<double>(value.value.signed_long_long);
        case ValueType::kSignedInt:
            return value.value.signed_int;
        case ValueType::kUnsignedShort:
            return value.value.unsigned_short;
    }
    return -1;  // a type of a later library: no power
}

PowerAnswer ask_power(const Gpu& gpu, unsigned field, unsigned scope) {
    FieldValue value{};
    value.field = field;
    value.scope = scope;
    const Result result = call(gpu.library->functions().field_values, gpu.device, 1, &value);
    if (result != Result::kSuccess) return {result, Watts(0)};
    if (value.result != Result::kSuccess) return {value.result, Watts(0)};
    return {Result::kSuccess, Watts(1e-3 * number(value))};
}

}  // namespace espalier::meters::nvml
