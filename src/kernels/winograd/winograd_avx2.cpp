#if defined(__x86_64__)

#include "kernels/math_avx2.h"
#include "kernels/winograd/winograd_body.h"

namespace espalier::kernels {

extern constexpr WinogradTable kWinogradAvx2{
    "avx2",
    Isa::kAvx2,
    {&Winograd<Avx2, 2>::filter, &Winograd<Avx2, 2>::input, &Winograd<Avx2, 2>::output},
    {&Winograd<Avx2, 4>::filter, &Winograd<Avx2, 4>::input, &Winograd<Avx2, 4>::output}};

}  // namespace espalier::kernels

#endif
