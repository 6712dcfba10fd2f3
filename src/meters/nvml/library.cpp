#include <dlfcn.h>
#include <fmt/core.h>

#include <array>

#include "meters/nvml/access.h"

namespace espalier::meters::nvml {
namespace {

/// Where drivers put the library when the loader's own paths do not have it: WSL 2, and containers whose
/// driver is mounted.
constexpr std::array<const char*, 3> kPlaces = {"libnvidia-ml.so.1", "/usr/lib/wsl/lib/libnvidia-ml.so.1",
                                                "/usr/local/nvidia/lib64/libnvidia-ml.so.1"};

constexpr const char* kInstall =
    "install NVIDIA's driver, which brings libnvidia-ml.so.1; in a container: docker run --gpus all (NVIDIA "
    "Container Toolkit)";

struct ResultName {
    Result result;
    const char* name;
};

constexpr std::array<ResultName, 15> kResults = {
    {{Result::kSuccess, "success"},
     {Result::kUninitialized, "the library is not initialized"},
     {Result::kInvalidArgument, "invalid argument"},
     {Result::kNotSupported, "not supported"},
     {Result::kNoPermission, "no permission"},
     {Result::kNotFound, "not found"},
     {Result::kInsufficientSize, "buffer too small"},
     {Result::kDriverNotLoaded, "the driver is not loaded"},
     {Result::kTimeout, "timeout"},
     {Result::kFunctionNotFound, "this version of the library has no such function"},
     {Result::kGpuIsLost, "the GPU is lost (it fell off the bus, or hangs)"},
     {Result::kResetRequired, "the GPU needs a reset"},
     {Result::kOperatingSystem, "the operating system refused"},
     {Result::kVersionMismatch, "library and loaded driver are of different versions"},
     {Result::kUnknown, "unknown error"}}};

/// Looks a function up; leaves it empty where the library lacks it.
template <typename... Parameters>
void find(void* file, const char* symbol, std::function<Result(Parameters...)>& function) {
    if (void* address = dlsym(file, symbol)) function = reinterpret_cast<Result (*)(Parameters...)>(address);
}

Functions look_up(void* file) {
    Functions found;
    find(file, "nvmlInit_v2", found.init);
    find(file, "nvmlShutdown", found.shutdown);
    find(file, "nvmlSystemGetDriverVersion", found.driver_version);
    find(file, "nvmlDeviceGetCount_v2", found.device_count);
    find(file, "nvmlDeviceGetHandleByIndex_v2", found.device_by_index);
    find(file, "nvmlDeviceGetUUID", found.uuid);
    find(file, "nvmlDeviceGetName", found.name);
    find(file, "nvmlDeviceGetPciInfo_v3", found.pci_info);
    find(file, "nvmlDeviceGetArchitecture", found.architecture);
    find(file, "nvmlDeviceGetMigMode", found.mig_mode);
    find(file, "nvmlDeviceGetMaxMigDeviceCount", found.mig_capacity);
    find(file, "nvmlDeviceGetMigDeviceHandleByIndex", found.mig_by_index);
    find(file, "nvmlDeviceGetTotalEnergyConsumption", found.total_energy);
    find(file, "nvmlDeviceGetPowerUsage", found.power_usage);
    find(file, "nvmlDeviceGetFieldValues", found.field_values);
    find(file, "nvmlDeviceGetUtilizationRates", found.utilization);
    find(file, "nvmlDeviceGetMemoryInfo", found.memory);
    find(file, "nvmlDeviceGetClockInfo", found.clock);
    find(file, "nvmlDeviceGetMaxClockInfo", found.max_clock);
    find(file, "nvmlDeviceGetCurrentClocksThrottleReasons", found.throttle);
    find(file, "nvmlDeviceGetCurrentClocksEventReasons", found.throttle);  // its name since driver 535
    find(file, "nvmlDeviceGetTemperature", found.temperature);
    find(file, "nvmlDeviceGetEnforcedPowerLimit", found.power_limit);
    find(file, "nvmlDeviceGetPersistenceMode", found.persistence);
    find(file, "nvmlDeviceGetEccMode", found.ecc);
    return found;
}

std::string last_loader_error() {
    const char* text = dlerror();
    return text == nullptr ? "the dynamic loader gave no reason" : text;
}

/// Opening the device files needs their permission; how the driver makes them is an option of its module.
constexpr const char* kPermissionScript =
    "chmod 0666 /dev/nvidiactl /dev/nvidia[0-9]*\n"
    "echo 'options nvidia NVreg_DeviceFileMode=0666' > /etc/modprobe.d/60-espalier-nvidia.conf\n";

Availability refused(Result result) {
    const std::string reason = "nvmlInit: " + describe(result);
    switch (result) {
        case Result::kNoPermission:
            return {State::kNoPermission, reason + ": /dev/nvidiactl may not be opened", kPermissionScript};
        case Result::kDriverNotLoaded:
            return {State::kBroken, reason, "modprobe nvidia   (after an installation: restart the machine)"};
        case Result::kVersionMismatch:
            return {State::kBroken, reason + ": the driver was updated while it ran",
                    "restart the machine, or unload and load the kernel modules: rmmod nvidia_uvm nvidia_drm "
                    "nvidia_modeset nvidia && modprobe nvidia"};
        case Result::kGpuIsLost:
        case Result::kResetRequired:
            return {State::kBroken, reason, "nvidia-smi --gpu-reset, or restart the machine"};
        default:
            return {State::kBroken, reason,
                    "look at what nvidia-smi and the kernel log say: dmesg | grep -i nvrm"};
    }
}

}  // namespace

std::string describe(Result result) {
    for (const ResultName& known : kResults) {
        if (known.result == result) return known.name;
    }
    return fmt::format("error {}", static_cast<int>(result));
}

Library::Library(Functions functions, std::shared_ptr<void> file)
    : file_(std::move(file)), functions_(std::move(functions)) {
    char text[kTextSize] = {};
    if (call(functions_.driver_version, text, kTextSize) == Result::kSuccess) {
        text[kTextSize - 1] = '\0';
        driver_version_ = text;
    }
}

Library::~Library() { call(functions_.shutdown); }

Opened initialize(Functions functions, std::shared_ptr<void> file) {
    if (!functions.init || !functions.device_count || !functions.device_by_index) {
        return Availability{State::kBroken, "libnvidia-ml.so.1 lacks the functions that every version has",
                            "install NVIDIA's driver anew; the file may belong to something else"};
    }
    const Result result = call(functions.init);
    if (result != Result::kSuccess) return refused(result);
    return std::make_shared<const Library>(std::move(functions), std::move(file));
}

Opened open_library(const std::string& file) {
    void* handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
        const std::string reason = last_loader_error();
        // The loader has no codes, only a sentence that begins with the file it speaks of: of another one
        // where the library is there and something that it needs is not.
        const bool missing =
            reason.rfind(file + ":", 0) == 0 && reason.find("No such file or directory") != std::string::npos;
        return Availability{missing ? State::kAbsent : State::kBroken, reason, kInstall};
    }
    std::shared_ptr<void> keeper(handle, [](void* open) { dlclose(open); });
    return initialize(look_up(handle), std::move(keeper));
}

Opened open_system_library() {
    Opened first = open_library(kPlaces.front());
    for (std::size_t i = 1; i < kPlaces.size(); ++i) {
        const Availability* why = std::get_if<Availability>(&first);
        if (why == nullptr || why->state != State::kAbsent) return first;
        Opened other = open_library(kPlaces[i]);
        const Availability* still = std::get_if<Availability>(&other);
        if (still == nullptr || still->state != State::kAbsent) return other;
    }
    return first;
}

}  // namespace espalier::meters::nvml
