#if defined(__x86_64__)

#include "kernels/gemm/pack_body.h"
#include "kernels/math_avx2.h"

namespace espalier::kernels {

extern constexpr PackTable kPackAvx2{"avx2", Isa::kAvx2, &Pack<Avx2>::transposed, &Pack<Avx2>::plain};

}  // namespace espalier::kernels

#endif
