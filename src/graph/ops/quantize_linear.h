#pragma once

#include <tuple>

#include "graph/cost.h"
#include "graph/fields.h"
#include "graph/type.h"

namespace espalier::graph {

/// ONNX QuantizeLinear: y = saturate(round_half_even(x / scale) + zero_point), per tensor or per index of
/// `axis`.
///
/// Inputs: x f32, scale f32 [] or [1] or [C], zero_point u8 or s8 of the scale's shape (its type is the
/// output's).
struct QuantizeLinear {
    static constexpr std::string_view kName = "quantize_linear";
    std::int64_t axis = 1;

    static constexpr auto fields() { return std::tuple{Field{"axis", &QuantizeLinear::axis}}; }
    TensorType infer(InputTypes inputs) const;
    Cost cost(InputTypes inputs, const TensorType& output) const;
    bool operator==(const QuantizeLinear&) const = default;
};

/// ONNX DequantizeLinear: y = (x - zero_point) * scale, per tensor or per index of `axis`.
///
/// Inputs: x u8, s8 or i32, scale f32 [] or [1] or [C], optional zero_point of x's type and the scale's
/// shape.
struct DequantizeLinear {
    static constexpr std::string_view kName = "dequantize_linear";
    std::int64_t axis = 1;

    static constexpr auto fields() { return std::tuple{Field{"axis", &DequantizeLinear::axis}}; }
    TensorType infer(InputTypes inputs) const;
    Cost cost(InputTypes inputs, const TensorType& output) const;
    bool operator==(const DequantizeLinear&) const = default;
};

}  // namespace espalier::graph
