#if defined(__x86_64__)

#include "kernels/attention/softmax_body.h"
#include "kernels/math_avx512.h"

namespace espalier::kernels {

extern constexpr SoftmaxTable kSoftmaxAvx512{"avx512", Isa::kAvx512, &SoftmaxRow<Avx512>::exponentials,
                                             &SoftmaxRow<Avx512>::scale};

}  // namespace espalier::kernels

#endif
