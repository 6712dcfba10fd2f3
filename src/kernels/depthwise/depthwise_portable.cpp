#include "kernels/depthwise/depthwise_body.h"
#include "kernels/math_portable.h"

namespace espalier::kernels {

extern constexpr DepthwiseTable kDepthwisePortable =
    depthwise_table_of<Portable, 6, 4, 4>("portable", Isa::kPortable);

}  // namespace espalier::kernels
