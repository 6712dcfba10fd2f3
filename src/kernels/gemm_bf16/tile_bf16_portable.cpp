#include <array>
#include <cstddef>
#include <cstring>

#include "kernels/elementwise/unary_reference.h"
#include "kernels/gemm_bf16/tile_bf16.h"
#include "tensor/tensor.h"

namespace espalier::kernels {
namespace {

/// Rounded rows are bytes without alignment.
float rounded_at(const void* row, std::int64_t p) {
    float value;
    std::memcpy(&value, static_cast<const std::byte*>(row) + p * std::int64_t{sizeof value}, sizeof value);
    return value;
}

}  // namespace

void round_bf16_portable(const float* from, std::int64_t count, void* to) {
    auto* out = static_cast<std::byte*>(to);
    for (std::int64_t i = 0; i < count; ++i, out += sizeof(float)) {
        const float rounded = bf16_to_f32(f32_to_bf16(from[i]));
        std::memcpy(out, &rounded, sizeof rounded);
    }
}

void run_tile_bf16_portable(const TileBF16& t, int rows, int vectors) {
    const std::int64_t width = std::int64_t{vectors} * kBF16Lanes, k2 = (t.k + 1) / 2 * 2;
    const UnaryOperation activation = operation_of(t.activation, t.lo, t.hi);
    for (int i = 0; i < rows; ++i) {
        std::array<float, 2 * kBF16Lanes> sums{};
        for (std::int64_t tap = 0; tap < t.taps; ++tap) {
            const void* row = t.rows[tap * rows + i];
            for (std::int64_t p = 0; p < t.k; ++p) {
                const float a = rounded_at(row, p);
                const std::uint16_t* b = t.panel + (tap * k2 + p) / 2 * width * 2 + p % 2;
                for (int j = 0; j < t.columns; ++j) {
                    sums[static_cast<std::size_t>(j)] += a * bf16_to_f32(b[2 * j]);
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
