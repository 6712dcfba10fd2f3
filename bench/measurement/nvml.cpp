// A libnvidia-ml.so.1 whose GPUs follow known traces, for programs that load the library by name. The
// environment variable PLANT_GPUS tells what the machine is, as "key=value;...":
//
//     origin=T          time of CLOCK_MONOTONIC at which the traces begin
//     trace=TEXT        of one GPU, as trace.h reads it; once for each GPU
//     energy=no         there is no energy counter
//     instant=no        fields 185 and 186 are not known (drivers before 530)
//     average=yes       power usage is the mean over the last second (Ampere and newer), without fields
//     power=no          no power is told
//     architecture=N    4 Pascal, 5 Volta, 7 Ampere, 9 Hopper (the default)
//     mig=yes           the GPUs are divided into instances
//     frozen=FILE       from the time of CLOCK_MONOTONIC in this file on, once it is there, energy counters
//     rest
//
// The energy counter is renewed each 100 ms. Power is renewed each 100 ms, too, and shows the mean over the
// 25 ms before, as on A100 and H100, whose sensors look a quarter of the time.

#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>

#include "trace.h"

namespace {

using espalier::Joules;
using espalier::Seconds;

enum Result { kSuccess = 0, kInvalidArgument = 2, kNotSupported = 3, kNotFound = 6, kInsufficientSize = 7 };

constexpr Seconds kRefresh{0.1};
constexpr Seconds kLook{0.025};
constexpr Seconds kMean{1.0};

struct Gpu {
    std::unique_ptr<espalier::meters::Plant> trace;
    std::string uuid;
    std::string pci;
};

struct Machine {
    Seconds origin;
    std::vector<Gpu> gpus;
    bool energy = true;
    bool fields = true;
    bool average = false;
    bool power = true;
    bool mig = false;
    unsigned architecture = 9;
    std::string frozen;

    Machine() {
        const char* text = std::getenv("PLANT_GPUS");
        std::istringstream items(text == nullptr ? "" : text);
        for (std::string item; std::getline(items, item, ';');) {
            const auto equals = item.find('=');
            set(item.substr(0, equals), item.substr(equals + 1));
        }
    }

    void set(const std::string& key, const std::string& value) {
        const bool yes = value == "yes";
        if (key == "origin") origin = Seconds(std::stod(value));
        if (key == "trace") {
            const auto number = std::to_string(gpus.size());
            gpus.push_back({espalier::bench::make_trace(value),
                            "GPU-0000000" + number + "-0000-4000-8000-00000000000" + number,
                            "00000000:0" + number + ":00.0"});
        }
        if (key == "energy") energy = yes;
        if (key == "instant") fields = yes;
        if (key == "average") average = yes;
        if (key == "power") power = yes;
        if (key == "mig") mig = yes;
        if (key == "architecture") architecture = static_cast<unsigned>(std::stoul(value));
        if (key == "frozen") frozen = value;
    }
};

Machine& machine() {
    static Machine here;
    return here;
}

/// Time since the traces began.
Seconds now() {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return Seconds(static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec)) -
           machine().origin;
}

Seconds renewed(Seconds time) { return kRefresh * std::floor(time / kRefresh); }

Seconds time_of_counter() {
    const Seconds time = now();
    if (machine().frozen.empty()) return renewed(time);
    double at = 0;
    std::ifstream file(machine().frozen);
    if (!(file >> at)) return renewed(time);
    return renewed(std::min(time, Seconds(at) - machine().origin));
}

const Gpu* find(void* device) {
    for (const Gpu& gpu : machine().gpus) {
        if (&gpu == device) return &gpu;
    }
    return nullptr;
}

/// Milliwatts: the mean over a time that ended when the sensor was last renewed.
unsigned milliwatts(const Gpu& gpu, Seconds over) {
    const Seconds end = std::max(renewed(now()), over);
    const Joules energy = gpu.trace->energy(end) - gpu.trace->energy(end - over);
    return static_cast<unsigned>(std::lround(1e3 * (energy / over).value()));
}

int write_text(const std::string& text, char* buffer, unsigned size) {
    if (text.size() + 1 > size) return kInsufficientSize;
    std::strcpy(buffer, text.c_str());
    return kSuccess;
}

struct FieldValue {
    unsigned field;
    unsigned scope;
    long long timestamp;
    long long latency;
    int type;
    int result;
    union {
        double number;
        unsigned unsigned_int;
        unsigned long long unsigned_long_long;
    };
};

void answer_field(const Gpu& gpu, FieldValue& value) {
    constexpr unsigned kAverageField = 185;
    constexpr unsigned kInstantField = 186;
    constexpr unsigned kGpuScope = 0;
    constexpr int kUnsignedInt = 1;
    value.result = kNotSupported;
    if (!machine().power || !machine().fields || value.scope != kGpuScope) return;
    if (value.field != kAverageField && value.field != kInstantField) return;
    value.unsigned_long_long = 0;
    value.unsigned_int = milliwatts(gpu, value.field == kInstantField ? kLook : kMean);
    value.type = kUnsignedInt;
    value.result = kSuccess;
}

struct Memory {
    unsigned long long total, free, used;
};

}  // namespace

extern "C" {

int nvmlInit_v2() { return kSuccess; }
int nvmlInitWithFlags(unsigned) { return kSuccess; }
int nvmlShutdown() { return kSuccess; }
int nvmlSystemGetDriverVersion(char* text, unsigned size) { return write_text("580.00", text, size); }
int nvmlDeviceGetCount_v2(unsigned* count) {
    *count = static_cast<unsigned>(machine().gpus.size());
    return kSuccess;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
    if (index >= machine().gpus.size()) return kInvalidArgument;
    *device = &machine().gpus[index];
    return kSuccess;
}
int nvmlDeviceGetName(void*, char* text, unsigned size) { return write_text("NVIDIA Plant", text, size); }
int nvmlDeviceGetUUID(void* device, char* text, unsigned size) {
    const Gpu* gpu = find(device);
    return gpu == nullptr ? kInvalidArgument : write_text(gpu->uuid, text, size);
}
int nvmlDeviceGetPciInfo_v3(void* device, void* info) {
    // The long form of the address comes after 16 bytes of the short one and five numbers of 32 bits.
    const Gpu* gpu = find(device);
    if (gpu == nullptr) return kInvalidArgument;
    std::memset(info, 0, 68);
    return write_text(gpu->pci, static_cast<char*>(info) + 36, 32);
}
int nvmlDeviceGetArchitecture(void*, unsigned* architecture) {
    *architecture = machine().architecture;
    return kSuccess;
}
int nvmlDeviceGetTotalEnergyConsumption(void* device, unsigned long long* millijoules) {
    const Gpu* gpu = find(device);
    if (gpu == nullptr) return kInvalidArgument;
    if (!machine().energy) return kNotSupported;
    *millijoules =
        5000000 + static_cast<unsigned long long>(1e3 * gpu->trace->energy(time_of_counter()).value());
    return kSuccess;
}
int nvmlDeviceGetPowerUsage(void* device, unsigned* power) {
    const Gpu* gpu = find(device);
    if (gpu == nullptr) return kInvalidArgument;
    if (!machine().power) return kNotSupported;
    *power = milliwatts(*gpu, machine().average ? kMean : kLook);
    return kSuccess;
}
int nvmlDeviceGetFieldValues(void* device, int count, FieldValue* values) {
    const Gpu* gpu = find(device);
    if (gpu == nullptr) return kInvalidArgument;
    for (int i = 0; i < count; ++i) answer_field(*gpu, values[i]);
    return kSuccess;
}
int nvmlDeviceGetUtilizationRates(void*, unsigned* rates) {
    if (machine().mig) return kNotSupported;
    rates[0] = 80;
    rates[1] = 40;
    return kSuccess;
}
int nvmlDeviceGetMemoryInfo(void*, Memory* memory) {
    *memory = {80ULL << 30, 60ULL << 30, 20ULL << 30};
    return kSuccess;
}
int nvmlDeviceGetEnforcedPowerLimit(void*, unsigned* limit) {
    *limit = 700000;
    return kSuccess;
}
int nvmlDeviceGetTemperature(void*, int, unsigned* degrees) {
    *degrees = 50;
    return kSuccess;
}
int nvmlDeviceGetComputeMode(void*, int* mode) {
    *mode = 0;
    return kSuccess;
}
int nvmlDeviceGetComputeRunningProcesses_v3(void*, unsigned* count, void*) {
    *count = 0;
    return kSuccess;
}
int nvmlDeviceGetGraphicsRunningProcesses_v3(void*, unsigned* count, void*) {
    *count = 0;
    return kSuccess;
}
int nvmlDeviceGetMigMode(void*, unsigned* current, unsigned* pending) {
    *current = machine().mig ? 1 : 0;
    *pending = *current;
    return kSuccess;
}
int nvmlDeviceGetMaxMigDeviceCount(void*, unsigned* count) {
    *count = machine().mig ? 7 : 0;
    return kSuccess;
}
int nvmlDeviceGetMigDeviceHandleByIndex(void*, unsigned, void**) { return kNotFound; }
int nvmlDeviceGetC2cModeInfoV(void*, void*) { return kNotSupported; }
}
