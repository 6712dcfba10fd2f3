#include "passes/quantize/integers.h"

#include <algorithm>
#include <cmath>
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
            if (!convolution(id) && !linear(id) && !matmul(id) && !mean(id) && !quantization(id)) rewriter_.keep(id);
        }
        return rewriter_.finish();
    }

  private:
    NodeId constant(const Shape& shape, const std::vector<float>& values, const std::string& name) {
        return rewriter_.out().add_constant(name, Tensor::of<float>(shape, values));
    }
    NodeId scalar(double value, const std::string& name) { return constant({}, {static_cast<float>(value)}, name); }

    /// x - zx for a dequantized value.
    NodeId centred(NodeId id) {
        const Node& node = graph_[id];
        std::vector<NodeId> inputs{rewriter_[node.inputs[0]], scalar(1, node.name + ".one")};
        if (node.inputs.size() > 2) inputs.push_back(rewriter_[node.inputs[2]]);
        return rewriter_.out().add(node.op, std::move(inputs), node.name + ".centred");
    }

    /// Lets `sum` times its scales, one for all or one for each index of the feature axis, stand for `id`.
    bool scaled(NodeId id, NodeId sum, const std::vector<float>& scales) {
        const std::string& name = graph_[id].name;
        const auto count = static_cast<std::int64_t>(scales.size());
        Shape shape = count == 1 ? Shape{} : Shape{count};
        if (count > 1 && graph_.as<Conv2d>(id)) shape = {count, 1, 1};
        rewriter_.replace(id, rewriter_.out().add(Binary{.kind = BinaryKind::kMul},
                                                  {sum, constant(shape, scales, name + ".scale")}, name + ".scaled"));
        ++change_.count;
        return true;
    }

    /// The sums of a product whose operands are dequantized: by integer_op(zero point) where the weights fit
    /// s8, else by the op itself on whole numbers in f32.
    template <typename Product, typename IntegerOp>
    bool product(NodeId id, const Product& op, IntegerOp integer_op) {
        if (input_of(graph_, id, 3) != NodeId::kNone || !is_plain_or_relu(op.activation)) return false;
        const Node& node = graph_[id];
        const auto x = dequantized_activation(graph_, node.inputs[0]);
        const auto w = dequantized_weights(graph_, node.inputs[1]);
        if (!x || !w) return false;
        std::vector<float> scales;
        for (const double scale : w->scales) scales.push_back(static_cast<float>(x->scale * scale));
        if (std::any_of(scales.begin(), scales.end(), [](float s) { return !(s > 0) || !std::isfinite(s); })) return false;
        NodeId bias = NodeId::kNone;
        if (const NodeId b = input_of(graph_, id, 2); b != NodeId::kNone) {
            const auto units = in_units_of(graph_, b, scales);
            if (!units) return false;
            bias = constant({static_cast<std::int64_t>(units->size())}, *units, graph_[b].name + ".units");
        }
        const std::string name = graph_[node.inputs[1]].name + ".codes";
        const Shape& shape = w->codes.shape();
        const bool fits = w->as_s8 && shape.product(1, shape.rank()) <= kernels::kI8MaxDepth;
        Product plain = op;
        plain.activation = {};
        NodeId sum = NodeId::kNone;
        if (fits) {
            const NodeId codes = rewriter_.out().add_constant(name, *w->as_s8);
            sum = rewriter_.out().add(integer_op(x->zero_point), {rewriter_[x->codes], codes, bias}, node.name);
        } else {
            const NodeId codes = rewriter_.out().add_constant(name, w->codes);
            sum = rewriter_.out().add(plain, {centred(node.inputs[0]), codes, bias}, node.name);
        }
        if (op.activation.present)
            sum = rewriter_.out().add(Unary{.kind = UnaryKind::kRelu}, {sum}, node.name + ".relu");
        return scaled(id, sum, scales);
    }

    /// relu(c v) = c relu(v) for a positive c.
    static bool is_plain_or_relu(const Activation& activation) {
        return !activation.present || activation.kind == UnaryKind::kRelu;
    }

    bool convolution(NodeId id) {
        const auto* conv = graph_.as<Conv2d>(id);
        if (!conv || conv->layout != Layout::kNchw) return false;
        return product(id, *conv, [conv](std::int64_t zero) {
            return IntegerConv2d{conv->stride, conv->pad, conv->dilation, conv->groups, zero, conv->layout};
        });
    }

    bool linear(NodeId id) {
        const auto* op = graph_.as<Linear>(id);
        return op && product(id, *op, [](std::int64_t zero) { return IntegerLinear{zero}; });
    }

    bool matmul(NodeId id) {
        const auto* op = graph_.as<MatMul>(id);
        if (!op) return false;
        const auto& inputs = graph_[id].inputs;
        const auto a = dequantized_activation(graph_, inputs[0]);
        const auto b = dequantized_activation(graph_, inputs[1]);
        if (!a || !b) return false;
        const NodeId sum = rewriter_.out().add(*op, {centred(inputs[0]), centred(inputs[1])}, graph_[id].name);
        return scaled(id, sum, {static_cast<float>(a->scale * b->scale)});
    }

    bool mean(NodeId id) {
        const auto* reduce = graph_.as<Reduce>(id);
        if (!reduce || reduce->kind != ReduceKind::kMean) return false;
        const NodeId input = graph_[id].inputs[0];
        const auto x = dequantized_activation(graph_, input);
        if (!x) return false;
        const NodeId sum = rewriter_.out().add(*reduce, {centred(input)}, graph_[id].name);
        return scaled(id, sum, {static_cast<float>(x->scale)});
    }

    bool quantization(NodeId id) {
        if (!graph_.as<QuantizeLinear>(id)) return false;
        const Graph& out = rewriter_.out();
        const NodeId product = rewriter_[graph_[id].inputs[0]];
        const auto* binary = out.as<Binary>(product);
        const auto step = scalar_constant(graph_, graph_[id].inputs[1]);
        const Tensor* zero = graph_.constant(graph_[id].inputs[2]);
        if (!binary || binary->kind != BinaryKind::kMul || !step || !zero) return false;
        const Tensor* factor = out.constant(out[product].inputs[1]);
        if (!factor || factor->dtype() != DType::kF32 || !is_along_features(*factor, out.type(product).shape)) return false;
        std::vector<float> steps;
        for (const float f : factor->span<float>()) steps.push_back(static_cast<float>(*step / f));
        if (std::any_of(steps.begin(), steps.end(), [](float s) { return !(s > 0) || !std::isfinite(s); })) return false;
        const auto count = static_cast<std::int64_t>(steps.size());
        const Shape shape = count == 1 ? Shape{} : Shape{count};
        const QuantizeLinear op{out.type(product).shape.rank() == 4 ? 1 : out.type(product).shape.rank() - 1};
        const NodeId sum = out[product].inputs[0];
        const std::string& name = graph_[id].name;
        const NodeId scale = constant(shape, steps, name + ".step");
        const NodeId zeros = rewriter_.out().add_constant(name + ".zero", repeated(*zero, shape));
        rewriter_.replace(id, rewriter_.out().add(op, {sum, scale, zeros}, name));
        ++change_.count;
        return true;
    }

    /// One number for all, or one for each channel of an image or feature of a row, as scaled() writes them.
    static bool is_along_features(const Tensor& factor, const Shape& product) {
        if (factor.elements() == 1) return true;
        const std::int64_t count = factor.elements();
        if (product.rank() == 4 && product[1] == count) return factor.shape() == Shape{count, 1, 1};
        return product.rank() != 4 && product.back() == count && factor.shape() == Shape{count};
    }

    const Graph& graph_;
    Rewriter rewriter_;
    Change& change_;
};

}  // namespace

Graph sum_integers(const Graph& graph, Change& change) { return SumIntegers(graph, change).run(); }

}  // namespace espalier::passes
