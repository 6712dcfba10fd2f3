#include "kernels/attention/softmax_body.h"
#include "kernels/math_portable.h"

namespace espalier::kernels {

extern constexpr SoftmaxTable kSoftmaxPortable{
    "portable", Isa::kPortable, &SoftmaxRow<Portable>::exponentials, &SoftmaxRow<Portable>::scale};

}  // namespace espalier::kernels
