#include "kernels/quantize/quantize_kernel.h"

#include <cmath>

namespace espalier::kernels {
namespace {

Range range_portable(const float* x, std::int64_t n) {
    Range r{INFINITY, -INFINITY};
    for (std::int64_t i = 0; i < n; ++i) {
        if (x[i] < r.min) r.min = x[i];
        if (x[i] > r.max) r.max = x[i];
    }
    return r;
}

void quantize_portable(const Quantization& to, const float* x, std::int64_t n, std::uint8_t* y) {
    for (std::int64_t i = 0; i < n; ++i) y[i] = quantize_one(to, x[i]);
}

void rows_portable(const float* x, std::int64_t rows, std::int64_t columns, RowCodes y) {
    for (std::int64_t r = 0; r < rows; ++r, x += columns) {
        const Affine affine = choose_affine_u8(range_portable(x, columns));
        y.affines[r] = affine;
        quantize_portable({1 / affine.scale, false, affine.zero_point, 0, 255}, x, columns,
                          y.codes + r * columns);
    }
}

constexpr QuantizeKernel kTable[] = {
    {"quantize/portable", Isa::kPortable, range_portable, quantize_portable, rows_portable},
#if defined(__x86_64__)
    {"quantize/avx2", Isa::kAvx2, find_range_avx2, run_quantize_avx2, run_quantize_rows_avx2},
    {"quantize/avx512", Isa::kAvx512, find_range_avx512, run_quantize_avx512, run_quantize_rows_avx512},
#endif
};

}  // namespace

std::uint8_t quantize_one(const Quantization& to, float x) {
    const int shift = to.divide ? to.zero_point : 0;
    const float code = to.divide ? x / to.factor : std::fma(x, to.factor, static_cast<float>(to.zero_point));
    const auto low = static_cast<float>(to.low - shift), high = static_cast<float>(to.high - shift);
    const float held = !(code > low) ? low : code > high ? high : code;
    return static_cast<std::uint8_t>(static_cast<std::int32_t>(std::nearbyint(held)) + shift);
}

std::span<const QuantizeKernel> quantize_kernels() { return kTable; }

}  // namespace espalier::kernels
