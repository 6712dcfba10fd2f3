#if defined(__x86_64__)

#include "kernels/attention/softmax_body.h"
#include "kernels/math_avx2.h"

namespace espalier::kernels {

extern constexpr SoftmaxTable kSoftmaxAvx2{"avx2", Isa::kAvx2, &SoftmaxRow<Avx2>::exponentials,
                                           &SoftmaxRow<Avx2>::scale};

}  // namespace espalier::kernels

#endif
