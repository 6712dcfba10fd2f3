#if defined(__x86_64__)

#include "kernels/gemm/pack_body.h"
#include "kernels/math_avx512.h"

namespace espalier::kernels {

extern constexpr PackTable kPackAvx512{"avx512", Isa::kAvx512, &Pack<Avx512>::transposed,
                                       &Pack<Avx512>::plain};

}  // namespace espalier::kernels

#endif
