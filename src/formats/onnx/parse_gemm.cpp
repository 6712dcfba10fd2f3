#include "base/error.h"
#include "formats/onnx/batched_product.h"
#include "formats/onnx/fold.h"
#include "formats/onnx/parsers.h"

namespace espalier::formats::onnx {

using namespace graph;

namespace {

/// dequantize(w)^T  =>  dequantize(w^T), so that quantized weights stay constants.
NodeId transposed_dequantized(Call& call, NodeId matrix, const DequantizeLinear& op) {
    const auto& graph = call.graph().at_one();
    std::vector<NodeId> inputs = graph[matrix].inputs;
    inputs[0] = call.add_constant(graph[inputs[0]].name, graph.constant(inputs[0])->transposed());
    return call.add(DequantizeLinear{1 - axis_of(op.axis, 2)}, inputs);
}

/// Input `index`, a matrix, with its axes exchanged: a constant is transposed now, anything else by a node.
NodeId transposed(Call& call, std::size_t index) {
    if (call.constant(index)) return call.transposed_operand(index);
    const NodeId matrix = call.operand(index);
    const auto& graph = call.graph().at_one();
    const auto* dequantize = graph.as<DequantizeLinear>(matrix);
    if (dequantize && graph.constant(graph[matrix].inputs[0]))
        return transposed_dequantized(call, matrix, *dequantize);
    return call.add(Transpose{{1, 0}}, {matrix});
}

bool is_matrix(Call& call, std::size_t index) {
    if (const Tensor* constant = call.constant(index)) return constant->shape().rank() == 2;
    return call.type(call.operand(index)).shape.rank() == 2;
}

/// True for a value that is the same for every image: a constant, or one that is only dequantized.
bool is_weight(Call& call, std::size_t index) {
    if (call.constant(index)) return true;
    for (const Extent& extent : call.graph().extents(call.operand(index))) {
        if (!extent.known()) return false;
    }
    return true;
}

/// [features], whatever the shape of a bias that broadcasts over rows is.
NodeId bias_of(Call& call, std::size_t index, std::int64_t features, double beta) {
    const Tensor* constant = call.constant(index);
    if (!constant || (constant->shape() == Shape{features} && beta == 1)) return call.operand(index);
    const Shape& shape = constant->shape();
    if (shape.elements() != shape.back()) fail("a bias of shape {} is not supported", shape.str());
    Tensor bias =
        fold(constant->to_f32().reshaped({shape.back()}), arrange_broadcast({shape.back()}, {features}));
    if (beta != 1) {
        for (float& value : bias.mutable_span<float>()) value *= static_cast<float>(beta);
    }
    return call.add_constant(call.input(index).name, bias);
}

}  // namespace

/// Y = alpha A' B' + beta C
void parse_gemm(Call& call) {
    if (call.integer("transA", 0) != 0) fail("a transposed first matrix mixes the images of a batch");
    if (!is_weight(call, 1) || !is_matrix(call, 1)) fail("the second matrix must be a constant matrix");
    const NodeId x = call.operand(0);
    const NodeId w = call.integer("transB", 0) != 0 ? call.operand(1) : transposed(call, 1);
    const double alpha = call.number("alpha", 1);
    const double beta = call.number("beta", 1);
    const bool biased = call.has(2) && beta != 0;
    std::vector<NodeId> inputs{x, w};
    if (biased && alpha == 1) inputs.push_back(bias_of(call, 2, call.type(w).shape[0], beta));
    NodeId y = call.add(Linear{}, inputs);
    if (alpha != 1) {
        y = call.add(Binary{BinaryKind::kMul}, {y, call.add_scalar(static_cast<float>(alpha))});
        if (biased)
            y = call.add(Binary{BinaryKind::kAdd}, {y, bias_of(call, 2, call.type(w).shape[0], beta)});
    }
    call.give(y);
}

/// x @ w => linear(x, w^T);  w @ x => (linear(x^T, w))^T;  otherwise a batched product.
void parse_matmul(Call& call) {
    if (is_matrix(call, 1) && is_weight(call, 1)) {
        return call.give(call.add(Linear{}, {call.operand(0), transposed(call, 1)}));
    }
    const NodeId b = call.operand(1);
    if (is_matrix(call, 0) && is_weight(call, 0)) {
        Ints swap;
        for (int axis = 0; axis < call.type(b).shape.rank(); ++axis) swap.push_back(axis);
        if (swap.size() < 2) fail("a product with a vector is not supported");
        std::swap(swap[swap.size() - 1], swap[swap.size() - 2]);
        const NodeId columns = call.add(Transpose{swap}, {b});
        return call.give(call.add(Transpose{swap}, {call.add(Linear{}, {columns, call.operand(0)})}));
    }
    call.give(batched_product(call, call.operand(0), b, false));
}

}  // namespace espalier::formats::onnx
