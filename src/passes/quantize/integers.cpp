#include "passes/quantize/integers.h"

#include <algorithm>
#include <optional>

#include "kernels/gemm_i8/tile_i8.h"
#include "passes/match.h"
#include "passes/quantize/dequantized.h"

namespace espalier::passes {

using namespace graph;

namespace {

class SumIntegers {
  public:
    SumIntegers(const Graph& graph, Change& change) : graph_(graph), rewriter_(graph), change_(change) {}

    Graph run() {
        for (int i = 0; i < graph_.size(); ++i) {
            const auto id = static_cast<NodeId>(i);
            if (!convolution(id) && !linear(id) && !matmul(id) && !mean(id) && !quantization(id))
                rewriter_.keep(id);
        }
        return rewriter_.finish();
    }

  private:
    NodeId constant(const Shape& shape, const std::vector<float>& values, const std::string& name) {
        return rewriter_.out().add_constant(name, Tensor::of<float>(shape, values));
    }
    NodeId scalar(double value, const std::string& name) {
        return constant({}, {static_cast<float>(value)}, name);
    }

    /// x - zx for a dequantized value.
    NodeId centred(NodeId id) {
        const Node& node = graph_[id];
        std::vector<NodeId> inputs{rewriter_[node.inputs[0]], scalar(1, node.name + ".one")};
        if (node.inputs.size() > 2) inputs.push_back(rewriter_[node.inputs[2]]);
        return rewriter_.out().add(node.op, std::move(inputs), node.name + ".centred");
    }

    bool scaled(NodeId id, NodeId sum, double scale) {
        const std::string& name = graph_[id].name;
        rewriter_.replace(id, rewriter_.out().add(Binary{.kind = BinaryKind::kMul},
                                                  {sum, scalar(scale, name + ".scale")}, name + ".scaled"));
        ++change_.count;
        return true;
    }

    /// A product whose operands are dequantized: by `integer_op`(zero point) where the weights fit s8, else,
    /// with one scale for all of them, by the op itself on whole numbers in f32.
    template <typename Product, typename IntegerOp>
    bool product(NodeId id, const Product& op, IntegerOp integer_op) {
        const Node& node = graph_[id];
        const auto x = dequantized_activation(graph_, node.inputs[0]);
        const auto w = dequantized_weights(graph_, node.inputs[1]);
        const NodeId residual = input_of(graph_, id, 3);
        if (!x || !w) return false;
        std::vector<float> scales;
        for (const double scale : w->scales) scales.push_back(static_cast<float>(x->scale * scale));
        const auto count = static_cast<std::int64_t>(scales.size());
        const NodeId b = input_of(graph_, id, 2);
        const auto units = b == NodeId::kNone ? std::vector<float>{}
                                              : in_units_of(graph_, b, scales).value_or(std::vector<float>{});
        if (b != NodeId::kNone && units.empty()) return false;
        const Shape& shape = w->codes.shape();
        if (w->as_s8 && shape.product(1, shape.rank()) <= kernels::kI8MaxDepth) {
            std::vector<NodeId> inputs{rewriter_[x->codes],
                                       rewriter_.out().add_constant(node.name + ".s8", *w->as_s8),
                                       constant({count}, scales, node.name + ".scale")};
            if (b != NodeId::kNone)
                inputs.push_back(constant({count}, scaled_up(units, scales), node.name + ".bias"));
            if (residual != NodeId::kNone) {
                inputs.resize(4, NodeId::kNone);
                inputs.push_back(rewriter_[residual]);
            }
            rewriter_.replace(id,
                              rewriter_.out().add(integer_op(x->zero_point), std::move(inputs), node.name));
            ++change_.count;
            return true;
        }
        const bool one_scale =
            std::all_of(scales.begin(), scales.end(), [&](float s) { return s == scales[0]; });
        if (!one_scale || op.activation.present || residual != NodeId::kNone) return false;
        std::vector<NodeId> inputs{centred(node.inputs[0]),
                                   rewriter_.out().add_constant(node.name + ".codes", w->codes)};
        if (b != NodeId::kNone) inputs.push_back(constant({count}, units, node.name + ".units"));
        return scaled(id, rewriter_.out().add(op, std::move(inputs), node.name), scales[0]);
    }

    static std::vector<float> scaled_up(const std::vector<float>& units, const std::vector<float>& scales) {
        std::vector<float> values;
        for (std::size_t i = 0; i < units.size(); ++i)
            values.push_back(static_cast<float>(static_cast<double>(units[i]) * scales[i]));
        return values;
    }

    bool convolution(NodeId id) {
        const auto* conv = graph_.as<Conv2d>(id);
        if (!conv || conv->layout != Layout::kNchw) return false;
        return product(id, *conv, [conv](std::int64_t zero) {
            return IntegerConv2d{conv->stride, conv->pad,    conv->dilation,  conv->groups,
                                 zero,         conv->layout, conv->activation};
        });
    }

    bool linear(NodeId id) {
        const auto* op = graph_.as<Linear>(id);
        return op && product(id, *op, [op](std::int64_t zero) {
                   return IntegerLinear{zero, op->activation};
               });
    }

    bool matmul(NodeId id) {
        const auto* op = graph_.as<MatMul>(id);
        if (!op) return false;
        const auto& inputs = graph_[id].inputs;
        const auto a = dequantized_activation(graph_, inputs[0]);
        const auto b = dequantized_activation(graph_, inputs[1]);
        if (!a || !b) return false;
        const NodeId sum =
            rewriter_.out().add(*op, {centred(inputs[0]), centred(inputs[1])}, graph_[id].name);
        return scaled(id, sum, a->scale * b->scale);
    }

    bool mean(NodeId id) {
        const auto* reduce = graph_.as<Reduce>(id);
        if (!reduce || reduce->kind != ReduceKind::kMean) return false;
        const NodeId input = graph_[id].inputs[0];
        const auto x = dequantized_activation(graph_, input);
        if (!x) return false;
        const NodeId sum = rewriter_.out().add(*reduce, {centred(input)}, graph_[id].name);
        return scaled(id, sum, x->scale);
    }

    bool quantization(NodeId id) {
        if (!graph_.as<QuantizeLinear>(id)) return false;
        const Graph& out = rewriter_.out();
        const NodeId product = rewriter_[graph_[id].inputs[0]];
        const auto* binary = out.as<Binary>(product);
        const auto step = scalar_constant(graph_, graph_[id].inputs[1]);
        if (!binary || binary->kind != BinaryKind::kMul || !step) return false;
        const auto factor = scalar_constant(out, out[product].inputs[1]);
        if (!factor || *factor <= 0) return false;
        const NodeId sum = out[product].inputs[0];
        const NodeId scale = scalar(*step / *factor, graph_[id].name + ".step");
        rewriter_.replace(id,
                          rewriter_.out().add(graph_[id].op, {sum, scale, rewriter_[graph_[id].inputs[2]]},
                                              graph_[id].name));
        ++change_.count;
        return true;
    }

    const Graph& graph_;
    Rewriter rewriter_;
    Change& change_;
};

}  // namespace

Graph sum_integers(const Graph& graph, Change& change) { return SumIntegers(graph, change).run(); }

}  // namespace espalier::passes
