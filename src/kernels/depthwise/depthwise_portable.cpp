#include "kernels/depthwise/depthwise_body.h"
#include "kernels/math_portable.h"

namespace espalier::kernels {

extern constexpr DepthwiseTable kDepthwisePortable{
    "portable",
    Isa::kPortable,
    {{{depthwise_tiles<Portable, 3, 1, 1, 4>(), depthwise_tiles<Portable, 3, 2, 1, 4>()},
      {depthwise_tiles<Portable, 5, 1, 1, 4>(), depthwise_tiles<Portable, 5, 2, 1, 4>()},
      {depthwise_tiles<Portable, 7, 1, 1, 4>(), depthwise_tiles<Portable, 7, 2, 1, 4>()}}},
    {},
    Portable::kLanes,
    &DepthwisePixel<Portable>::run};

}  // namespace espalier::kernels
