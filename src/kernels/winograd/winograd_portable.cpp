#include "kernels/math_portable.h"
#include "kernels/winograd/winograd_body.h"

namespace espalier::kernels {

extern constexpr WinogradTable kWinogradPortable{
    "portable",
    Isa::kPortable,
    {&Winograd<Portable, 2>::filter, &Winograd<Portable, 2>::input, &Winograd<Portable, 2>::output},
    {&Winograd<Portable, 4>::filter, &Winograd<Portable, 4>::input, &Winograd<Portable, 4>::output}};

}  // namespace espalier::kernels
