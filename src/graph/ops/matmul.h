#pragma once

#include <tuple>

#include "graph/cost.h"
#include "graph/fields.h"
#include "graph/type.h"

namespace espalier::graph {

/// y[..., m, n] = sum_k a[..., m, k] b[..., k, n], or b[..., n, k] when transpose_b.
///
/// Inputs: a, b f32 of equal rank (2 to 4) with equal leading extents.
struct MatMul {
    static constexpr std::string_view kName = "matmul";
    bool transpose_b = false;

    static constexpr auto fields() { return std::tuple{Field{"transpose_b", &MatMul::transpose_b}}; }
    TensorType infer(InputTypes inputs) const;
    Cost cost(InputTypes inputs, const TensorType& output) const;
    bool operator==(const MatMul&) const = default;
};

/// Multi-head scaled dot-product attention (Vaswani et al. 2017, eq. 1), fused:
/// for each head h:  y_h = softmax(scale * q_h k_h^T + bias_h) v_h, where the heads lie side by side within a
/// row.
///
/// Inputs: q f32 [N, T, D], k f32 [N, S, D], v f32 [N, S, E]; or q alone, [N, T, 3*D], holding q, k, v side
/// by side. Optional fourth input bias f32 [heads, T, S], or [B, heads, T, S] where B divides N and row n of
/// the batch takes bias n mod B (the windows of one image). Output f32 [N, T, E].
///
/// bf16: what the two products multiply may be rounded to bf16, where that makes them faster.
struct Attention {
    static constexpr std::string_view kName = "attention";
    std::int64_t heads = 1;
    double scale = 1;
    bool bf16 = false;

    static constexpr auto fields() {
        return std::tuple{Field{"heads", &Attention::heads}, Field{"scale", &Attention::scale},
                          Field{"bf16", &Attention::bf16}};
    }
    TensorType infer(InputTypes inputs) const;
    Cost cost(InputTypes inputs, const TensorType& output) const;
    bool operator==(const Attention&) const = default;
};

}  // namespace espalier::graph
