#if defined(__x86_64__)

#include "kernels/depthwise/depthwise_body.h"
#include "kernels/math_avx512.h"

namespace espalier::kernels {

extern constexpr DepthwiseTable kDepthwiseAvx512 =
    depthwise_table_of<Avx512, 8, 8, 8>("avx512", Isa::kAvx512);

}  // namespace espalier::kernels

#endif
