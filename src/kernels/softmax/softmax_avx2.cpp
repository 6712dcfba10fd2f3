#include "kernels/math_avx2.h"
#include "kernels/softmax/softmax_body.h"

namespace espalier::kernels {

void run_softmax_avx2(SoftmaxKind kind, const float* x, std::int64_t rows, std::int64_t n, float* y) {
    run_softmax<Avx2>(kind, x, rows, n, y);
}

}  // namespace espalier::kernels
