#include "passes/cleanup/cleanup.h"

namespace espalier::passes {

using namespace graph;

namespace {

/// (x - zero) * scale with one scale per index of `axis`, or one for all.
Tensor dequantized(const Tensor& x, const Tensor& scale, const Tensor* zero, std::int64_t axis) {
    const Tensor values = x.to_f32();
    const Tensor scales = scale.to_aligned();
    const Tensor zeros = zero ? zero->to_f32() : Tensor::allocate(DType::kF32, scale.shape());
    Tensor result = Tensor::allocate(DType::kF32, x.shape());
    const Shape& shape = x.shape();
    const std::int64_t channels = scales.elements();
    const int along = static_cast<int>(axis < 0 ? axis + shape.rank() : axis);
    const std::int64_t inner = channels == 1 ? 1 : shape.product(along + 1, shape.rank());
    const auto from = values.span<float>();
    const auto to = result.mutable_span<float>();
    for (std::size_t i = 0; i < to.size(); ++i) {
        const auto c =
            channels == 1 ? 0 : (i / static_cast<std::size_t>(inner)) % static_cast<std::size_t>(channels);
        to[i] = (from[i] - zeros.span<float>()[c]) * scales.span<float>()[c];
    }
    return result;
}

}  // namespace

Graph fold_constants(const Graph& graph, Change& change) {
    Rewriter rewriter(graph);
    for (int i = 0; i < graph.size(); ++i) {
        const auto id = static_cast<NodeId>(i);
        const auto* op = graph.as<DequantizeLinear>(id);
        const auto& inputs = graph[id].inputs;
        const Tensor* x = op ? graph.constant(inputs[0]) : nullptr;
        const Tensor* scale = x ? graph.constant(inputs[1]) : nullptr;
        const bool has_zero = op && inputs.size() > 2 && inputs[2] != NodeId::kNone;
        const Tensor* zero = has_zero ? graph.constant(inputs[2]) : nullptr;
        if (!scale || (has_zero && !zero)) {
            rewriter.keep(id);
            continue;
        }
        rewriter.replace(
            id, rewriter.out().add_constant(graph[id].name, dequantized(*x, *scale, zero, op->axis)));
        ++change.count;
    }
    return rewriter.finish();
}

}  // namespace espalier::passes
