#pragma once

#include <tuple>

#include "graph/cost.h"
#include "graph/fields.h"
#include "graph/type.h"

namespace espalier::graph {

/// y[..., n] = activation( sum_k x[..., k] w[n, k] + b[n] + residual[..., n] )
///
/// Inputs: x f32 [..., K] of rank 2 or more, w f32 or bf16 [N, K] (torch's layout), optional b f32 [N],
/// optional residual of the output's shape. With bf16 weights x is rounded to bf16 too (nearest, ties to
/// even), and sums are f32.
struct Linear {
    static constexpr std::string_view kName = "linear";
    Activation activation;

    static constexpr auto fields() { return std::tuple{Field{"activation", &Linear::activation}}; }
    TensorType infer(InputTypes inputs) const;
    Cost cost(InputTypes inputs, const TensorType& output) const;
    bool operator==(const Linear&) const = default;
};

/// Linear with s8 weights and activations quantized to u8 at run time as `scheme` says.
///
/// Inputs: x f32 [..., K], w s8 [N, K], scale f32 [N], optional b f32 [N], optional residual.
struct QuantizedLinear {
    static constexpr std::string_view kName = "quantized_linear";
    QuantScheme scheme = QuantScheme::kPerRow;
    Activation activation;

    static constexpr auto fields() {
        return std::tuple{Field{"scheme", &QuantizedLinear::scheme},
                          Field{"activation", &QuantizedLinear::activation}};
    }
    TensorType infer(InputTypes inputs) const;
    Cost cost(InputTypes inputs, const TensorType& output) const;
    bool operator==(const QuantizedLinear&) const = default;
};

}  // namespace espalier::graph
