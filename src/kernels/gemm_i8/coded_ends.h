#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "kernels/epilogue.h"
#include "kernels/quantize/affine.h"

namespace espalier::kernels {

/// Ends of an int8 product that are u8 codes instead of floats, so that what one layer hands to the next
/// takes a quarter of the memory. Each has one map for all its elements and lies like the result in f32, byte
/// for float.
///
/// The value that is coded is activation(fma(acc, scale, bias) + residual); a coded residual is added as
/// fma(residual - zero_point, residual_map.scale, ..). Its code is
///
///     min(max(round(fma(value, 1 / result_map.scale, zero_point)), 0), 255),
///
/// round to nearest, halves to even; NaN gives the lowest code. Where the activation is none or a bound, all
/// of this is one expression in units of codes (CodeUnits), whose rounding differs by a few units in the last
/// place.
struct CodedEnds {
    const std::uint8_t* residual = nullptr;  ///< null: there is none, or it is in f32
    Affine residual_map;
    std::uint8_t* result = nullptr;  ///< null: the result is f32
    Affine result_map;

    /// The ends of the part that begins `offset` elements further on.
    CodedEnds at(std::int64_t offset) const {
        CodedEnds part = *this;
        if (part.residual) part.residual += offset;
        if (part.result) part.result += offset;
        return part;
    }
};

/// Bounds of a value; infinite where there are none.
struct ClipBounds {
    float lo;
    float hi;
};

/// kRelu and kClip as bounds; infinite for every other activation.
inline ClipBounds clip_bounds(Activation activation, float lo, float hi) {
    constexpr float kInfinity = __builtin_inff();
    if (activation == Activation::kRelu) return {0, kInfinity};
    if (activation == Activation::kClip) return {lo, hi};
    return {-kInfinity, kInfinity};
}

/// True for the activations that are not bounds.
inline bool needs_activation_pass(Activation activation) {
    return activation != Activation::kNone && activation != Activation::kRelu &&
           activation != Activation::kClip;
}

/// What turns accumulators into codes at once, where the activation is none or a bound:
///
///     value  = fma(acc, scale * step, fma(bias, step, offset))
///     value  = fma(residual, step, value), a residual in f32, or fma(code, residual, value), one in codes
///     result = round(min(max(value, lo), hi))
struct CodeUnits {
    float step;      ///< codes per unit of value
    float offset;    ///< zero point of the result, less what the zero point of a coded residual is worth
    float residual;  ///< codes of the result per code of the residual
    float lo;
    float hi;

    CodeUnits(const CodedEnds& ends, const ClipBounds& bounds)
        : step(1.0f / ends.result_map.scale),
          offset(static_cast<float>(ends.result_map.zero_point)),
          residual(ends.residual_map.scale * step),
          lo(std::max(0.0f, std::fma(bounds.lo, step, offset))),
          hi(std::min(255.0f, std::fma(bounds.hi, step, offset))) {
        if (ends.residual) offset -= static_cast<float>(ends.residual_map.zero_point) * residual;
    }
};

}  // namespace espalier::kernels
