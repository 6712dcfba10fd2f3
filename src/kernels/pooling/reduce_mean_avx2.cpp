#include "kernels/math_avx2.h"
#include "kernels/pooling/sum_body.h"

namespace espalier::kernels {

void run_sum_avx2(const float* x, std::int64_t n, std::int64_t stride, std::int64_t columns, float* y) {
    run_sum<Avx2>(x, n, stride, columns, y);
}

}  // namespace espalier::kernels
