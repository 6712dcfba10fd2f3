// A libamd_smi.so for the tests that go through dlopen(3): one GPU whose energy counter grows with every
// call, and no memory.

#include <cstdint>
#include <cstring>

namespace {

constexpr std::uint32_t kSuccess = 0;
constexpr std::uint32_t kInvalidArgument = 1;

int socket_handle;
int gpu_handle;
std::uint64_t counts = 1000;

}  // namespace

extern "C" {

std::uint32_t amdsmi_init(std::uint64_t flags) { return flags == 2 ? kSuccess : kInvalidArgument; }
std::uint32_t amdsmi_shut_down() { return kSuccess; }

std::uint32_t amdsmi_get_socket_handles(std::uint32_t* count, void** sockets) {
    if (sockets != nullptr && *count > 0) sockets[0] = &socket_handle;
    *count = 1;
    return kSuccess;
}

std::uint32_t amdsmi_get_processor_handles(void* socket, std::uint32_t* count, void** processors) {
    if (socket != &socket_handle) return kInvalidArgument;
    if (processors != nullptr && *count > 0) processors[0] = &gpu_handle;
    *count = 1;
    return kSuccess;
}

std::uint32_t amdsmi_get_gpu_device_uuid(void*, std::uint32_t* size, char* text) {
    constexpr const char* kUuid = "57ab57ab-0000-1000-8000-000000000001";
    if (std::strlen(kUuid) + 1 > *size) return kInvalidArgument;
    std::strcpy(text, kUuid);
    return kSuccess;
}

std::uint32_t amdsmi_get_energy_count(void* gpu, std::uint64_t* count, float* microjoules,
                                      std::uint64_t* nanoseconds) {
    if (gpu != &gpu_handle) return kInvalidArgument;
    counts += 2'000'000;
    *count = counts;
    *microjoules = 15.0F;
    *nanoseconds = 1;
    return kSuccess;
}

}  // extern "C"
