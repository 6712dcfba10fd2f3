#include "kernels/math_avx512.h"
#include "kernels/pooling/pool_body.h"

namespace espalier::kernels {

void run_max_pool_avx512(const Pool2d& window, const float* x, float* y, std::int64_t first,
                         std::int64_t rows) {
    run_max_pool<Avx512>(window, x, y, first, rows);
}

void run_max_pool_u8_avx512(const Pool2d& window, const std::uint8_t* x, std::uint8_t* y, std::int64_t first,
                            std::int64_t rows) {
    run_max_pool_codes<Avx512>(window, x, y, first, rows);
}

void run_average_pool_avx512(const Pool2d& window, const float* x, float* y, std::int64_t first,
                             std::int64_t rows) {
    run_average_pool<Avx512>(window, x, y, first, rows);
}

}  // namespace espalier::kernels
