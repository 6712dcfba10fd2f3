#include <array>

#include "kernels/elementwise/unary_reference.h"
#include "kernels/gemm_bf16/tile_bf16.h"
#include "tensor/tensor.h"

namespace espalier::kernels {

void round_bf16_portable(const float* from, std::int64_t count, void* to) {
    auto* rounded = static_cast<float*>(to);
    for (std::int64_t i = 0; i < count; ++i) rounded[i] = bf16_to_f32(f32_to_bf16(from[i]));
}

void run_tile_bf16_portable(const TileBF16& t, int rows, int vectors) {
    const std::int64_t width = std::int64_t{vectors} * kBF16Lanes, k2 = (t.k + 1) / 2 * 2;
    const UnaryOperation activation = operation_of(t.activation, t.lo, t.hi);
    for (int i = 0; i < rows; ++i) {
        std::array<float, 2 * kBF16Lanes> sums{};
        for (std::int64_t tap = 0; tap < t.taps; ++tap) {
            const auto* a = static_cast<const float*>(t.rows[tap * rows + i]);
            for (std::int64_t p = 0; p < t.k; ++p) {
                const std::uint16_t* b = t.panel + (tap * k2 + p) / 2 * width * 2 + p % 2;
                for (int j = 0; j < t.columns; ++j) {
                    sums[static_cast<std::size_t>(j)] += a[p] * bf16_to_f32(b[2 * j]);
                }
            }
        }
        for (int j = 0; j < t.columns; ++j) {
            float value = sums[static_cast<std::size_t>(j)];
            if (t.bias) value += t.bias[j];
            if (t.residual) value += t.residual[i * t.ldc + j];
            t.c[i * t.ldc + j] = unary_reference(activation.kind, activation.params, value);
        }
    }
}

}  // namespace espalier::kernels
