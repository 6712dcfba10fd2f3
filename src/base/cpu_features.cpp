#include "base/cpu_features.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>

#include "base/error.h"

namespace espalier {
namespace {

constexpr std::string_view kNames[] = {"portable", "avx2", "avx512", "avx512vnni", "avx512bf16", "amx"};

#if defined(__x86_64__)
/// Tiles with products of int8 and of bf16 (Intel 64 and IA-32 Architectures Software Developer's Manual,
/// volume 2, CPUID: leaf 7, EDX bits 22, 24 and 25) that Linux lets this process use: it keeps no room for
/// them in a thread's state until asked (Documentation/arch/x86/xstate.rst).
bool may_use_amx() {
    constexpr unsigned kNeeded = 1u << 22 | 1u << 24 | 1u << 25;
    constexpr int kRequestPermission = 0x1023, kTileData = 18;
    unsigned a = 0, b = 0, c = 0, d = 0;
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0 || (d & kNeeded) != kNeeded) return false;
    return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}
#endif

Isa detect() {
#if defined(__x86_64__)
    __builtin_cpu_init();
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    const bool vnni = avx512 && __builtin_cpu_supports("avx512vnni");
    const bool bf16 = vnni && __builtin_cpu_supports("avx512bf16");
    if (bf16 && may_use_amx()) return Isa::kAmx;
    if (bf16) return Isa::kAvx512Bf16;
    if (vnni) return Isa::kAvx512Vnni;
    if (avx512) return Isa::kAvx512;
    if (avx2) return Isa::kAvx2;
#endif
    return Isa::kPortable;
}

/// CPUs granted by the cgroup v2 quota of this process' root cgroup, or infinity where there is none.
double cgroup_cpus() {
    std::ifstream file("/sys/fs/cgroup/cpu.max");
    std::string quota;
    double period = 0;
    if (!(file >> quota >> period) || quota == "max" || period <= 0) return INFINITY;
    return std::stod(quota) / period;
}

}  // namespace

std::string_view name(Isa isa) { return kNames[static_cast<int>(isa)]; }

Isa parse_isa(std::string_view text) {
    for (int i = 0; i < static_cast<int>(std::size(kNames)); ++i) {
        if (text == kNames[i]) return static_cast<Isa>(i);
    }
    fail_usage("unknown instruction set '{}': expected portable, avx2, avx512, avx512vnni, avx512bf16 or amx",
               text);
}

Isa best_isa() {
    static const Isa isa = detect();
    return isa;
}

bool has_avx_vnni() {
#if defined(__x86_64__)
    // Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, CPUID: leaf 7, subleaf 1, EAX
    // bit 4.
    unsigned a = 0, b = 0, c = 0, d = 0;
    return best_isa() >= Isa::kAvx2 && __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0 && (a >> 4 & 1) != 0;
#else
    return false;
#endif
}

std::string cpu_model() {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);) {
        if (line.rfind("model name", 0) != 0) continue;
        const auto colon = line.find(": ");
        if (colon != std::string::npos) return line.substr(colon + 2);
    }
    return "unknown";
}

int usable_cpus() {
    cpu_set_t set;
    const int allowed = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    const double quota = std::max(1.0, std::ceil(cgroup_cpus()));
    return std::max(1, static_cast<int>(std::min<double>(allowed, quota)));
}

}  // namespace espalier
