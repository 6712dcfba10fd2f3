#include "kernels/elementwise/unary_body.h"
#include "kernels/math_avx2.h"

namespace espalier::kernels {

void run_unary_avx2(Unary kind, UnaryParams params, const float* x, float* y, std::int64_t n) {
    run_unary<Avx2>(kind, params, x, y, n);
}

}  // namespace espalier::kernels
