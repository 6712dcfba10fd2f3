#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace espalier::meters::amdsmi {

// What is used of AMD's management library (libamd_smi.so), declared after its public documentation, "AMD SMI
// C/C++ functions". Only functions whose parameters are numbers and handles: structures differ from version
// to version, and a wrong layout would be a wrong joule. The library is never linked.

/// What a call came to (amdsmi_status_t).
enum class Status : std::uint32_t {
    kSuccess = 0,
    kInvalidArgument = 1,
    kNotSupported = 2,
    kNotYetImplemented = 3,
    kNoPermission = 10,
    kBusy = 30,
    kNotInitialized = 32,
    kNoData = 40,
    kNoSymbol = 0xfffffffd,  ///< of this program: the library lacks the function
    kUnknown = 0xffffffff,
};

/// "not supported", "permission denied", ..., "error 12".
std::string describe(Status status);

/// A socket, and a GPU on it (amdsmi_socket_handle, amdsmi_processor_handle); valid until shutdown.
using Socket = void*;
using Processor = void*;

inline constexpr std::uint64_t kInitGpus = 2;     ///< AMDSMI_INIT_AMD_GPUS
inline constexpr std::uint32_t kVideoMemory = 0;  ///< AMDSMI_MEM_TYPE_VRAM
inline constexpr std::uint32_t kUuidSize = 38;    ///< AMDSMI_GPU_UUID_SIZE

/// The functions, by what they tell. One that the library lacks is empty.
struct Functions {
    std::function<Status(std::uint64_t)> init;
    std::function<Status()> shut_down;
    std::function<Status(std::uint32_t*, Socket*)> sockets;
    std::function<Status(Socket, std::uint32_t*, Processor*)> processors;
    std::function<Status(Processor, std::uint32_t*, char*)> uuid;
    /// Counts, microjoules of one count, and when it was read in nanoseconds.
    std::function<Status(Processor, std::uint64_t*, float*, std::uint64_t*)> energy;
    std::function<Status(Processor, std::uint32_t, std::uint64_t*)> memory;  ///< kind, bytes in use
};

/// Calls a function, or says that it is not there.
template <typename... Parameters, typename... Arguments>
Status call(const std::function<Status(Parameters...)>& function, Arguments... arguments) {
    return function ? function(arguments...) : Status::kNoSymbol;
}

}  // namespace espalier::meters::amdsmi
