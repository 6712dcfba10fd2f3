#if defined(__x86_64__)

#include "kernels/depthwise/depthwise_body.h"
#include "kernels/math_avx2.h"

namespace espalier::kernels {

extern constexpr DepthwiseTable kDepthwiseAvx2 = depthwise_table_of<Avx2, 8, 6, 4>("avx2", Isa::kAvx2);

}  // namespace espalier::kernels

#endif
