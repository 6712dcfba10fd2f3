#include "base/fma_rate.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace espalier {
namespace {

/// AMD's family 19h: Zen 3, which has no AVX-512, and Zen 4.
bool halves_512_bits() {
#if defined(__x86_64__)
    unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
    if (__get_cpuid(0, &eax, &ebx, &ecx, &edx) == 0 || ebx != signature_AMD_ebx || ecx != signature_AMD_ecx ||
        edx != signature_AMD_edx) {
        return false;
    }
    __get_cpuid(1, &eax, &ebx, &ecx, &edx);
    const unsigned family = ((eax >> 8) & 0xf) + ((eax >> 20) & 0xff);
    return family == 0x19;
#else
    return false;
#endif
}

}  // namespace

double fma_rate(Isa isa) {
    static const bool halved = halves_512_bits();
    return halved && isa >= Isa::kAvx512 ? 1 : 2;
}

}  // namespace espalier
