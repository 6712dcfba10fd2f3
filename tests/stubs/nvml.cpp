// A libnvidia-ml.so.1 as an old driver might have brought it, for the tests that go through dlopen(3): one
// GPU, an energy counter that grows with every call, and without many of the functions that newer versions
// have. NVML_STUB_INIT is what nvmlInit_v2 answers.

#include <cstring>

#ifndef NVML_STUB_INIT
#define NVML_STUB_INIT 0
#endif

namespace {

constexpr int kSuccess = 0;
constexpr int kInvalidArgument = 2;
constexpr int kInsufficientSize = 7;

int gpu;  // its address is the handle
unsigned long long millijoules = 1000;

int write_text(const char* text, char* buffer, unsigned size) {
    if (std::strlen(text) + 1 > size) return kInsufficientSize;
    std::strcpy(buffer, text);
    return kSuccess;
}

}  // namespace

extern "C" {

int nvmlInit_v2() { return NVML_STUB_INIT; }
int nvmlShutdown() { return kSuccess; }
int nvmlSystemGetDriverVersion(char* text, unsigned size) { return write_text("450.00", text, size); }

int nvmlDeviceGetCount_v2(unsigned* count) {
    *count = 1;
    return kSuccess;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
    if (index != 0) return kInvalidArgument;
    *device = &gpu;
    return kSuccess;
}

int nvmlDeviceGetUUID(void*, char* text, unsigned size) {
    return write_text("GPU-57ab57ab-0000-4000-8000-000000000001", text, size);
}

int nvmlDeviceGetName(void*, char* text, unsigned size) { return write_text("Stub of a GPU", text, size); }

int nvmlDeviceGetPciInfo_v3(void*, void* info) {
    // The long form of the address comes after 16 bytes of the short one and five numbers of 32 bits.
    return write_text("00000000:0B:00.0", static_cast<char*>(info) + 36, 32);
}

int nvmlDeviceGetTotalEnergyConsumption(void* device, unsigned long long* energy) {
    if (device != &gpu) return kInvalidArgument;
    millijoules += 25000;
    *energy = millijoules;
    return kSuccess;
}

int nvmlDeviceGetPowerUsage(void*, unsigned* milliwatts) {
    *milliwatts = 61500;
    return kSuccess;
}

int nvmlDeviceGetTemperature(void*, int, unsigned* degrees) {
    *degrees = 44;
    return kSuccess;
}

int nvmlDeviceGetCurrentClocksThrottleReasons(void*, unsigned long long* reasons) {
    *reasons = 0x4;
    return kSuccess;
}
}
