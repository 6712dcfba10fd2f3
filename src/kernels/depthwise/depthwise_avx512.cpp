#if defined(__x86_64__)

#include "kernels/depthwise/depthwise_body.h"
#include "kernels/math_avx512.h"

namespace espalier::kernels {

extern constexpr DepthwiseTable kDepthwiseAvx512{
    "avx512",
    Isa::kAvx512,
    {{{depthwise_tiles<Avx512, 3, 1, 3, 7>(), depthwise_tiles<Avx512, 3, 2, 2, 7>()},
      {depthwise_tiles<Avx512, 5, 1, 2, 7>(), depthwise_tiles<Avx512, 5, 2, 1, 7>()},
      {depthwise_tiles<Avx512, 7, 1, 2, 7>(), depthwise_tiles<Avx512, 7, 2, 1, 4>()}}},
    {{depthwise_tiles<Avx512, 3, 1, 2, 7, true>(), depthwise_tiles<Avx512, 3, 2, 2, 7, true>()}},
    Avx512::kLanes,
    &DepthwisePixel<Avx512>::run};

}  // namespace espalier::kernels

#endif
