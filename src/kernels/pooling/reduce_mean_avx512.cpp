#include "kernels/math_avx512.h"
#include "kernels/pooling/sum_body.h"

namespace espalier::kernels {

void run_sum_avx512(const float* x, std::int64_t n, std::int64_t stride, std::int64_t columns, float* y) {
    run_sum<Avx512>(x, n, stride, columns, y);
}

}  // namespace espalier::kernels
