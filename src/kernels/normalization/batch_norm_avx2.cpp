#include "kernels/math_avx2.h"
#include "kernels/normalization/scale_shift_body.h"

namespace espalier::kernels {

void run_scale_shift_avx2(const float* x, std::int64_t rows, std::int64_t channels, const float* alpha,
                          const float* beta, float* y) {
    run_scale_shift<Avx2>(x, rows, channels, alpha, beta, y);
}

}  // namespace espalier::kernels
