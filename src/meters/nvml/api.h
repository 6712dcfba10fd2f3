#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace espalier::meters::nvml {

// What is used of NVIDIA's management library (libnvidia-ml.so.1), declared after its public documentation,
// "NVML API Reference Guide". The library is never linked: library.h looks the functions up by name, and an
// older library that lacks some only tells less.

/// What a call came to (nvmlReturn_t).
enum class Result : int {
    kSuccess = 0,
    kUninitialized = 1,
    kInvalidArgument = 2,
    kNotSupported = 3,
    kNoPermission = 4,
    kNotFound = 6,
    kInsufficientSize = 7,
    kDriverNotLoaded = 9,
    kTimeout = 10,
    kFunctionNotFound = 13,  ///< also what stands for a function that the library lacks
    kGpuIsLost = 15,
    kResetRequired = 16,
    kOperatingSystem = 17,
    kVersionMismatch = 18,  ///< the library belongs to another version of the driver than the loaded module
    kUnknown = 999,
};

/// A GPU or MIG instance as the library names it; valid until shutdown.
using Device = struct DeviceHandle*;

/// Longest texts that the library writes (NVML_DEVICE_UUID_V2_BUFFER_SIZE, NVML_DEVICE_NAME_V2_BUFFER_SIZE).
inline constexpr unsigned kTextSize = 96;

/// Where a GPU is plugged in (nvmlPciInfo_t).
struct PciInfo {
    char bus_id_legacy[16];
    unsigned domain;
    unsigned bus;
    unsigned device;
    unsigned device_id;  ///< device in the upper, vendor in the lower 16 bits
    unsigned subsystem_id;
    char bus_id[32];  ///< "00000000:1A:00.0"
};

/// Type of the number in a FieldValue (nvmlValueType_t).
enum class ValueType : int {
    kDouble = 0,
    kUnsignedInt = 1,
    kUnsignedLong = 2,
    kUnsignedLongLong = 3,
    kSignedLongLong = 4,
    kSignedInt = 5,
    kUnsignedShort = 6,
};

/// A number whose type ValueType tells (nvmlValue_t).
union FieldNumber {
    double number;
    int signed_int;
    unsigned unsigned_int;
    unsigned long unsigned_long;
    unsigned long long unsigned_long_long;
    long long signed_long_long;
    unsigned short unsigned_short;
};

/// Question and answer of field_values (nvmlFieldValue_t).
struct FieldValue {
    unsigned field;       ///< in
    unsigned scope;       ///< in
    long long timestamp;  ///< microseconds since 1970
    long long latency;    ///< microseconds
    ValueType type;
    Result result;
    FieldNumber value;
};
static_assert(sizeof(FieldValue) == 40 && sizeof(PciInfo) == 68);

// Fields (NVML_FI_DEV_...) and scopes (NVML_POWER_SCOPE_...) of power, in milliwatts.
inline constexpr unsigned kPowerAverage = 185;
inline constexpr unsigned kPowerInstant = 186;
inline constexpr unsigned kScopeGpu = 0;
inline constexpr unsigned kScopeModule = 1;

/// Percent of the last sample period (1/6 s to 1 s) in which a kernel ran, or memory was read or written.
struct UtilizationRates {
    unsigned gpu;
    unsigned memory;
};

/// Bytes (nvmlMemory_t); `used` includes what the driver reserves for itself.
struct MemoryInfo {
    unsigned long long total;
    unsigned long long free;
    unsigned long long used;
};

/// nvmlDeviceArchitecture_t. Newer generations have larger numbers.
inline constexpr unsigned kArchitectureVolta = 5;
inline constexpr unsigned kArchitectureAmpere = 7;
inline constexpr unsigned kArchitectureUnknown = 0xffffffff;

/// nvmlClockType_t.
enum class ClockKind : int { kGraphics = 0, kSm = 1, kMemory = 2 };

/// nvmlTemperatureSensors_t: the die.
inline constexpr int kTemperatureOfGpu = 0;

/// The functions, by what they tell. One that the library lacks is empty; call() turns that into a Result.
struct Functions {
    std::function<Result()> init;
    std::function<Result()> shutdown;
    std::function<Result(char*, unsigned)> driver_version;
    std::function<Result(unsigned*)> device_count;
    std::function<Result(unsigned, Device*)> device_by_index;
    std::function<Result(Device, char*, unsigned)> uuid;
    std::function<Result(Device, char*, unsigned)> name;
    std::function<Result(Device, PciInfo*)> pci_info;
    std::function<Result(Device, unsigned*)> architecture;
    std::function<Result(Device, unsigned*, unsigned*)> mig_mode;  ///< current, pending; 1 is on
    std::function<Result(Device, unsigned*)> mig_capacity;         ///< most MIG instances
    std::function<Result(Device, unsigned, Device*)> mig_by_index;
    std::function<Result(Device, unsigned long long*)> total_energy;  ///< mJ since the driver was loaded
    std::function<Result(Device, unsigned*)> power_usage;             ///< mW
    std::function<Result(Device, int, FieldValue*)> field_values;
    std::function<Result(Device, UtilizationRates*)> utilization;
    std::function<Result(Device, MemoryInfo*)> memory;
    std::function<Result(Device, ClockKind, unsigned*)> clock;      ///< MHz
    std::function<Result(Device, ClockKind, unsigned*)> max_clock;  ///< MHz
    std::function<Result(Device, unsigned long long*)> throttle;    ///< bits of why clocks are held down
    std::function<Result(Device, int, unsigned*)> temperature;      ///< degrees Celsius
    std::function<Result(Device, unsigned*)> power_limit;           ///< mW, the lowest of all limits in force
    std::function<Result(Device, unsigned*)> persistence;           ///< 1 is on
    std::function<Result(Device, unsigned*, unsigned*)> ecc;        ///< current, pending; 1 is on
};

/// Calls a function, or says that it is not there.
template <typename... Parameters, typename... Arguments>
Result call(const std::function<Result(Parameters...)>& function, Arguments... arguments) {
    return function ? function(arguments...) : Result::kFunctionNotFound;
}

/// "not supported", "GPU is lost", ..., "error 123".
std::string describe(Result result);

}  // namespace espalier::meters::nvml
