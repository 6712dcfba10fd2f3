#pragma once

#include <string_view>
#include <tuple>
#include <utility>
#include <variant>

#include "graph/ops/conv2d.h"
#include "graph/ops/integer_product.h"
#include "graph/ops/linear.h"
#include "graph/ops/matmul.h"
#include "graph/ops/movement.h"
#include "graph/ops/normalization.h"
#include "graph/ops/pointwise.h"
#include "graph/ops/pool.h"
#include "graph/ops/quantize_linear.h"

namespace espalier::graph {

/// A tensor given from outside at each run. Its type is set when it is added.
struct Input {
    static constexpr std::string_view kName = "input";
    static constexpr auto fields() { return std::tuple{}; }
    bool operator==(const Input&) const = default;
};

/// A tensor known when the graph is built: a weight or a table. The node carries it.
struct Constant {
    static constexpr std::string_view kName = "constant";
    static constexpr auto fields() { return std::tuple{}; }
    bool operator==(const Constant&) const = default;
};

/// Every op there is. To add one: its header in ops/, one entry here, a kernel in the engine's lowering.
using Op = std::variant<Input, Constant, Conv2d, QuantizedConv2d, Linear, QuantizedLinear, MatMul, Attention,
                        BatchNorm, GroupNorm, LayerNorm, Softmax, Unary, Binary, BroadcastBatch, Pool2d,
                        Reduce, Reshape, Transpose, Concat, Slice, Pad, Gather, QuantizeLinear,
                        DequantizeLinear, IntegerConv2d, IntegerLinear>;

/// The op's kName, e.g. "conv2d".
std::string_view name(const Op& op);

/// Calls visit(name, value) for each attribute of the op, in order of declaration.
template <typename O, typename Visit>
void for_each_field(O&& op, Visit&& visit) {
    std::apply([&](const auto&... field) { (visit(field.name, op.*(field.member)), ...); },
               std::remove_cvref_t<O>::fields());
}

}  // namespace espalier::graph
