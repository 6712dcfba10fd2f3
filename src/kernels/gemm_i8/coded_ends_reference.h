#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/elementwise/unary_reference.h"
#include "kernels/gemm_i8/coded_ends.h"
#include "kernels/quantize/quantize_kernel.h"

namespace espalier::kernels {

/// What becomes of one accumulator, the reference for every implementation of the epilogue of int8 products.
struct ElementEpilogue {
    float scale;            ///< of the accumulator
    float bias;             ///< 0 for none
    const float* residual;  ///< of this element, or null
    CodedEnds ends;         ///< of this element
    Activation activation;
    float lo;
    float hi;

    /// The value in f32.
    float value(float acc) const {
        float value = std::fma(acc, scale, bias);
        if (residual) value += *residual;
        if (ends.residual) {
            const auto centred = static_cast<float>(*ends.residual - ends.residual_map.zero_point);
            value = std::fma(centred, ends.residual_map.scale, value);
        }
        const UnaryOperation operation = operation_of(activation, lo, hi);
        return unary_reference(operation.kind, operation.params, value);
    }

    /// Its code.
    std::uint8_t code(float acc) const {
        if (needs_activation_pass(activation)) {
            const Affine& map = ends.result_map;
            return quantize_one({1.0f / map.scale, false, map.zero_point, 0, 255}, value(acc));
        }
        const CodeUnits units(ends, clip_bounds(activation, lo, hi));
        float value = std::fma(acc, scale * units.step, std::fma(bias, units.step, units.offset));
        if (residual) value = std::fma(*residual, units.step, value);
        if (ends.residual) value = std::fma(static_cast<float>(*ends.residual), units.residual, value);
        value = value > units.lo ? value : units.lo;
        return static_cast<std::uint8_t>(std::nearbyint(value < units.hi ? value : units.hi));
    }

    /// Stores the code where there is a place for it, else the value at `y`.
    void store(float acc, float* y) const {
        if (ends.result) {
            *ends.result = code(acc);
        } else {
            *y = value(acc);
        }
    }
};

}  // namespace espalier::kernels
