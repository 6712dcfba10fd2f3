#pragma once

#include <string>
#include <string_view>

namespace espalier {

/// Instruction sets that kernels are written for, each containing the ones before it.
enum class Isa {
    kPortable,    ///< plain C++
    kAvx2,        ///< AVX2 + FMA + F16C
    kAvx512,      ///< AVX-512 F, BW, DQ, VL
    kAvx512Vnni,  ///< AVX-512 with vpdpbusd
    kAvx512Bf16,  ///< the same with vdpbf16ps: every processor that has it has vpdpbusd too
    kAmx,         ///< the same with AMX's products of tiles, of int8 and of bf16
};

/// Lower-case name, e.g. "avx512".
std::string_view name(Isa isa);

/// Inverse of name(). Throws a usage Error that lists the known names.
Isa parse_isa(std::string_view text);

/// The best instruction set this processor and operating system support. Detected once. Where there is AMX,
/// the first call asks the operating system to keep tiles for this process's threads.
Isa best_isa();

/// Whether it has vpdpbusd for 256-bit vectors in the encoding of AVX (AVX-VNNI), which processors without
/// AVX-512 have too: no step of Isa tells.
bool has_avx_vnni();

/// Processor model as the operating system names it, or "unknown".
std::string cpu_model();

/// Processors this process may run on (affinity mask and cgroup quota respected, at least 1).
int usable_cpus();

}  // namespace espalier
