#include "meters/amdsmi/library.h"

#include <dlfcn.h>
#include <fmt/core.h>

#include <algorithm>
#include <array>

namespace espalier::meters::amdsmi {
namespace {

constexpr std::array<const char*, 3> kKnown = {"libamd_smi.so.26", "libamd_smi.so.25", "libamd_smi.so.24"};
constexpr const char* kAnyVersion = "libamd_smi.so";
constexpr const char* kRocm = "/opt/rocm/lib/";
constexpr const char* kInstall = "install ROCm's package amd-smi-lib, which brings libamd_smi.so";

struct StatusName {
    Status status;
    const char* name;
};

constexpr std::array<StatusName, 9> kNames = {
    {{Status::kSuccess, "success"},
     {Status::kInvalidArgument, "invalid argument"},
     {Status::kNotSupported, "not supported"},
     {Status::kNotYetImplemented, "not yet implemented"},
     {Status::kNoPermission, "permission denied"},
     {Status::kBusy, "the GPU is busy"},
     {Status::kNotInitialized, "the GPU is not initialized"},
     {Status::kNoData, "no data"},
     {Status::kNoSymbol, "this version of the library has no such function"}}};

/// Looks a function up; leaves it empty where the library lacks it.
template <typename... Parameters>
void find(void* file, const char* symbol, std::function<Status(Parameters...)>& function) {
    if (void* address = dlsym(file, symbol)) function = reinterpret_cast<Status (*)(Parameters...)>(address);
}

Functions look_up(void* file) {
    Functions found;
    find(file, "amdsmi_init", found.init);
    find(file, "amdsmi_shut_down", found.shut_down);
    find(file, "amdsmi_get_socket_handles", found.sockets);
    find(file, "amdsmi_get_processor_handles", found.processors);
    find(file, "amdsmi_get_gpu_device_uuid", found.uuid);
    find(file, "amdsmi_get_energy_count", found.energy);
    find(file, "amdsmi_get_gpu_memory_usage", found.memory);
    return found;
}

Availability not_opened(const std::string& file) {
    const char* text = dlerror();
    const std::string reason = text == nullptr ? "the dynamic loader gave no reason" : text;
    // The loader has no codes, only a sentence that begins with the file it speaks of.
    const bool missing =
        reason.rfind(file + ":", 0) == 0 && reason.find("No such file or directory") != std::string::npos;
    return {missing ? State::kAbsent : State::kBroken, reason, kInstall};
}

bool is_absent(const Opened& opened) {
    const Availability* why = std::get_if<Availability>(&opened);
    return why != nullptr && why->state == State::kAbsent;
}

/// Whether the loader finds some version of the library, whatever it is.
bool another_version() {
    for (const std::string& file : {std::string(kAnyVersion), std::string(kRocm) + kAnyVersion}) {
        if (void* handle = dlopen(file.c_str(), RTLD_LAZY | RTLD_LOCAL)) {
            dlclose(handle);
            return true;
        }
    }
    return false;
}

/// As many handles as a function that is asked twice, first for their number, has.
template <typename Ask>
std::vector<void*> handles(const Ask& ask) {
    std::uint32_t count = 0;
    if (ask(&count, nullptr) != Status::kSuccess) return {};
    constexpr std::uint32_t kMost = 1024;
    std::vector<void*> found(std::min(count, kMost));
    count = static_cast<std::uint32_t>(found.size());
    if (found.empty() || ask(&count, found.data()) != Status::kSuccess) return {};
    found.resize(std::min<std::size_t>(count, found.size()));
    return found;
}

}  // namespace

std::string describe(Status status) {
    for (const StatusName& known : kNames) {
        if (known.status == status) return known.name;
    }
    return fmt::format("error {}", static_cast<std::uint32_t>(status));
}

Library::Library(Functions functions, std::shared_ptr<void> file)
    : file_(std::move(file)), functions_(std::move(functions)) {}

Library::~Library() { call(functions_.shut_down); }

Opened initialize(Functions functions, std::shared_ptr<void> file) {
    if (!functions.init || !functions.sockets || !functions.processors) {
        return Availability{State::kBroken, "libamd_smi.so lacks the functions that every version has",
                            "install ROCm anew; the file may belong to something else"};
    }
    const Status status = call(functions.init, kInitGpus);
    if (status == Status::kNoPermission) {
        return Availability{State::kNoPermission, "amdsmi_init: " + describe(status),
                            "usermod -aG render,video \"${SUDO_USER:-$(id -un)}\"\n"};
    }
    if (status != Status::kSuccess) {
        return Availability{State::kBroken, "amdsmi_init: " + describe(status),
                            "look at what amd-smi and the kernel log say: dmesg | grep -i amdgpu"};
    }
    return std::make_shared<const Library>(std::move(functions), std::move(file));
}

Opened open_library(const std::string& file) {
    void* handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) return not_opened(file);
    std::shared_ptr<void> keeper(handle, [](void* open) { dlclose(open); });
    return initialize(look_up(handle), std::move(keeper));
}

Opened open_system_library() {
    for (const char* name : kKnown) {
        for (const std::string& file : {std::string(name), std::string(kRocm) + name}) {
            Opened opened = open_library(file);
            if (!is_absent(opened)) return opened;
        }
    }
    if (another_version()) {
        return Availability{State::kUnsupported, "libamd_smi.so is of a version that is not known here",
                            "install a ROCm whose library is libamd_smi.so.24, .25 or .26 beside it"};
    }
    return Availability{State::kAbsent, "no AMD GPU, and no libamd_smi.so", kInstall};
}

std::vector<Gpu> list_gpus(const std::shared_ptr<const Library>& library) {
    const Functions& functions = library->functions();
    std::vector<Gpu> gpus;
    for (Socket socket :
         handles([&](std::uint32_t*count, Socket*found) { return call(functions.sockets, count, found); })) {
        for (Processor processor : handles([&](std::uint32_t*count, Processor*found) {
                 return call(functions.processors, socket, count, found);
             })) {
            char text[kUuidSize + 1] = {};
            std::uint32_t size = kUuidSize;
            const bool named =
                call(functions.uuid, processor, &size, static_cast<char*>(text)) == Status::kSuccess;
            std::string id =
                named && text[0] != '\0' ? std::string(text) : fmt::format("gpu-{}", gpus.size());
            gpus.push_back({library, processor, std::move(id)});
        }
    }
    return gpus;
}

}  // namespace espalier::meters::amdsmi
