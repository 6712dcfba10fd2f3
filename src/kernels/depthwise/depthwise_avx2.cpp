#if defined(__x86_64__)

#include "kernels/depthwise/depthwise_body.h"
#include "kernels/math_avx2.h"

namespace espalier::kernels {

extern constexpr DepthwiseTable kDepthwiseAvx2{
    "avx2",
    Isa::kAvx2,
    {{{depthwise_tiles<Avx2, 3, 1, 1, 8>(), depthwise_tiles<Avx2, 3, 2, 1, 8>()},
      {depthwise_tiles<Avx2, 5, 1, 1, 8>(), depthwise_tiles<Avx2, 5, 2, 1, 8>()},
      {depthwise_tiles<Avx2, 7, 1, 1, 8>(), depthwise_tiles<Avx2, 7, 2, 1, 4>()}}},
    {{depthwise_tiles<Avx2, 3, 1, 1, 8, true>(), depthwise_tiles<Avx2, 3, 2, 1, 8, true>()}},
    Avx2::kLanes,
    &DepthwisePixel<Avx2>::run};

}  // namespace espalier::kernels

#endif
