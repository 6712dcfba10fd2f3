#pragma once

#include <tuple>

#include "graph/cost.h"
#include "graph/fields.h"
#include "graph/type.h"

namespace espalier::graph {

/// y = kind(x), element by element. `lo` and `hi` bound kClip only.
struct Unary {
    static constexpr std::string_view kName = "unary";
    UnaryKind kind = UnaryKind::kRelu;
    double lo = 0;
    double hi = 0;

    static constexpr auto fields() {
        return std::tuple{Field{"kind", &Unary::kind}, Field{"lo", &Unary::lo}, Field{"hi", &Unary::hi}};
    }
    TensorType infer(InputTypes inputs) const;
    Cost cost(InputTypes inputs, const TensorType& output) const;
    bool operator==(const Unary&) const = default;
};

/// y = kind(a, b), element by element with NumPy broadcasting.
struct Binary {
    static constexpr std::string_view kName = "binary";
    BinaryKind kind = BinaryKind::kAdd;

    static constexpr auto fields() { return std::tuple{Field{"kind", &Binary::kind}}; }
    TensorType infer(InputTypes inputs) const;
    Cost cost(InputTypes inputs, const TensorType& output) const;
    bool operator==(const Binary&) const = default;
};

/// The shape NumPy broadcasting gives two shapes. Throws Error naming `op` where they do not fit.
Shape broadcast_shape(std::string_view op, const Shape& a, const Shape& b);

/// y[n, ...] = x[0, ...] for each n of the batch of `like`.
///
/// Inputs: x [1, ...], like [N, ...] (only its batch extent is used). Output [N, ...].
struct BroadcastBatch {
    static constexpr std::string_view kName = "broadcast_batch";
    static constexpr auto fields() { return std::tuple{}; }
    TensorType infer(InputTypes inputs) const;
    Cost cost(InputTypes inputs, const TensorType& output) const;
    bool operator==(const BroadcastBatch&) const = default;
};

}  // namespace espalier::graph
