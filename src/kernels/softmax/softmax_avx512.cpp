#include "kernels/math_avx512.h"
#include "kernels/softmax/softmax_body.h"

namespace espalier::kernels {

void run_softmax_avx512(SoftmaxKind kind, const float* x, std::int64_t rows, std::int64_t n, float* y) {
    run_softmax<Avx512>(kind, x, rows, n, y);
}

}  // namespace espalier::kernels
