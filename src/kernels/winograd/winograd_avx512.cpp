#if defined(__x86_64__)

#include "kernels/math_avx512.h"
#include "kernels/winograd/winograd_body.h"

namespace espalier::kernels {

extern constexpr WinogradTable kWinogradAvx512{
    "avx512",
    Isa::kAvx512,
    {&Winograd<Avx512, 2>::filter, &Winograd<Avx512, 2>::input, &Winograd<Avx512, 2>::output},
    {&Winograd<Avx512, 4>::filter, &Winograd<Avx512, 4>::input, &Winograd<Avx512, 4>::output}};

}  // namespace espalier::kernels

#endif
