#include "kernels/math_avx512.h"
#include "kernels/normalization/scale_shift_body.h"

namespace espalier::kernels {

void run_scale_shift_avx512(const float* x, std::int64_t rows, std::int64_t channels, const float* alpha,
                            const float* beta, float* y) {
    run_scale_shift<Avx512>(x, rows, channels, alpha, beta, y);
}

}  // namespace espalier::kernels
