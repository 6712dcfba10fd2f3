#include "kernels/elementwise/unary_body.h"
#include "kernels/math_avx512.h"

namespace espalier::kernels {

void run_unary_avx512(Unary kind, UnaryParams params, const float* x, float* y, std::int64_t n) {
    run_unary<Avx512>(kind, params, x, y, n);
}

}  // namespace espalier::kernels
