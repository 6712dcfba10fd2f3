#include "kernels/math_avx512.h"
#include "kernels/normalization/column_moments_body.h"

namespace espalier::kernels {

void run_column_moments_avx512(const float* x, std::int64_t rows, std::int64_t channels, float* mean,
                               float* squares) {
    run_column_moments<Avx512>(x, rows, channels, mean, squares);
}

}  // namespace espalier::kernels
