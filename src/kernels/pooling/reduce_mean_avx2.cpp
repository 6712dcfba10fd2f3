#include "kernels/math_avx2.h"
#include "kernels/pooling/mean_body.h"

namespace espalier::kernels {

void run_mean_avx2(const float* x, std::int64_t n, std::int64_t stride, std::int64_t columns, float* y) {
    run_mean<Avx2>(x, n, stride, columns, y);
}

}  // namespace espalier::kernels
