#pragma once

#include <cstdint>
#include <span>

#include "base/cpu_features.h"
#include "base/thread_pool.h"
#include "kernels/quantize/affine.h"

namespace espalier::kernels {

/// The layout of a quantized tensor, x[outer channels inner], and its map: one scale and zero point per
/// channel, or one for all when channels is 1. `zero_points` may be null for all 0.
struct QuantizedLayout {
    std::int64_t outer;
    std::int64_t channels;
    std::int64_t inner;
    const float* scales;
    const std::int32_t* zero_points;
};

/// ONNX QuantizeLinear: y = saturate(round_half_even(x / scale) + zero_point), to 0..255 or -128..127.
/// NaN gives the lowest code. Zero points must be codes.
void quantize_linear(const QuantizedLayout& layout, const float* x, std::uint8_t* y, ThreadPool& pool,
                     Isa limit = best_isa());
void quantize_linear(const QuantizedLayout& layout, const float* x, std::int8_t* y, ThreadPool& pool,
                     Isa limit = best_isa());

/// ONNX DequantizeLinear: y = (x - zero_point) * scale.
void dequantize_linear(const QuantizedLayout& layout, const std::uint8_t* x, float* y, ThreadPool& pool);
void dequantize_linear(const QuantizedLayout& layout, const std::int8_t* x, float* y, ThreadPool& pool);
void dequantize_linear(const QuantizedLayout& layout, const std::int32_t* x, float* y, ThreadPool& pool);

}  // namespace espalier::kernels
