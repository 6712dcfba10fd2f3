#include "passes/recognize/recognize.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

namespace espalier::passes {
namespace {

using namespace graph;

Tensor constant(const Shape& shape, float value) {
    Tensor tensor = Tensor::allocate(DType::kF32, shape);
    for (float& element : tensor.mutable_span<float>()) element = value;
    return tensor;
}

/// A graph on x f32 [1, 2, 3, 4], written as the algebra reads.
class Sketch {
  public:
    Sketch() : x(graph_.add_input("x", {DType::kF32, {1, 2, 3, 4}})) {}

    NodeId number(double value) { return graph_.add_constant("c", constant({}, static_cast<float>(value))); }
    NodeId weight(const Shape& shape, const char* name) {
        return graph_.add_constant(name, constant(shape, 0.5f));
    }
    NodeId binary(BinaryKind kind, NodeId a, NodeId b) { return graph_.add(Binary{kind}, {a, b}, "binary"); }
    NodeId add(NodeId a, NodeId b) { return binary(BinaryKind::kAdd, a, b); }
    NodeId sub(NodeId a, NodeId b) { return binary(BinaryKind::kSub, a, b); }
    NodeId mul(NodeId a, NodeId b) { return binary(BinaryKind::kMul, a, b); }
    NodeId div(NodeId a, NodeId b) { return binary(BinaryKind::kDiv, a, b); }
    NodeId unary(UnaryKind kind, NodeId a, double lo = 0, double hi = 0) {
        return graph_.add(Unary{kind, lo, hi}, {a}, "unary");
    }
    NodeId mean(NodeId a, std::int64_t axis = -1) {
        return graph_.add(Reduce{.kind = ReduceKind::kMean, .axes = {axis}, .keep_axes = true}, {a}, "mean");
    }
    NodeId op(const Op& op, std::vector<NodeId> inputs) { return graph_.add(op, std::move(inputs), "op"); }

    /// The graph with that output, flattened to logits.
    Graph finish(NodeId output) {
        Graph graph = graph_;
        graph.set_output(graph.add(Reshape{{0, -1}}, {output}, "logits"));
        return without_dead_nodes(graph);
    }

  private:
    Graph graph_;

  public:
    const NodeId x;
};

using Recognizer = Graph (*)(const Graph&, Change&);

/// The operations between input and output, as text, after `pass`; checks the number of changes.
std::string after(Recognizer pass, const Graph& graph, int changes) {
    Change change;
    const Graph result = pass(graph, change);
    verify(result);
    EXPECT_EQ(change.count, changes) << print(result);
    std::string text;
    for (const Node& node : result.nodes()) {
        const bool shown = !std::holds_alternative<Input>(node.op) &&
                           !std::holds_alternative<Constant>(node.op) &&
                           !std::holds_alternative<Reshape>(node.op);
        if (!shown) continue;
        text += (text.empty() ? "" : "; ") + print(node.op) + fmt::format("/{}", node.inputs.size());
    }
    return text;
}

// linear(x, w) + b  =>  linear(x, w, b)
TEST(RecognizeBias, OfLinearAndConvolution) {
    Sketch s;
    const NodeId y = s.op(Linear{}, {s.x, s.weight({5, 4}, "w")});
    EXPECT_EQ(after(recognize_bias, s.finish(s.add(s.weight({5}, "b"), y)), 1), "linear/3");
    EXPECT_EQ(after(recognize_bias, s.finish(s.add(y, s.weight({1, 1, 5}, "b"))), 1), "linear/3");
    EXPECT_EQ(after(recognize_bias, s.finish(s.add(y, s.weight({2, 1, 1}, "b"))), 0), "linear/2; binary/2");
    EXPECT_EQ(after(recognize_bias, s.finish(s.add(y, s.weight({1}, "b"))), 0), "linear/2; binary/2");
    const NodeId z = s.op(Conv2d{}, {s.x, s.weight({4, 2, 1, 1}, "k")});
    EXPECT_EQ(after(recognize_bias, s.finish(s.add(z, s.weight({4, 1, 1}, "b"))), 1), "conv2d/3");
    // The last axis has 4 positions too, but they are not channels.
    EXPECT_EQ(after(recognize_bias, s.finish(s.add(z, s.weight({4}, "b"))), 0), "conv2d/2; binary/2");
}

TEST(RecognizeBias, LeavesAProductThatIsUsedElsewhere) {
    Sketch s;
    const NodeId y = s.op(Linear{}, {s.x, s.weight({4, 4}, "w")});
    const NodeId biased = s.add(y, s.weight({4}, "b"));
    EXPECT_EQ(after(recognize_bias, s.finish(s.mul(biased, y)), 0), "linear/2; binary/2; binary kind=mul/2");
}

struct LayerNormSketch : Sketch {
    NodeId d = sub(x, mean(x));
    NodeId deviation(NodeId squares, double eps = 1e-5) {
        return unary(UnaryKind::kSqrt, add(mean(squares), number(eps)));
    }
};

// d / sqrt(mean(d^2) + eps) * gamma + beta, with d = x - mean(x)  =>  layer_norm(x, gamma, beta)
TEST(RecognizeLayerNorm, InItsForms) {
    LayerNormSketch s;
    const NodeId power = s.binary(BinaryKind::kPow, s.d, s.number(2));
    const NodeId plain = s.div(s.d, s.deviation(power));
    EXPECT_EQ(after(recognize_layer_norm, s.finish(plain), 1), "layer_norm/1");
    const NodeId gained = s.mul(s.weight({4}, "gamma"), plain);
    EXPECT_EQ(after(recognize_layer_norm, s.finish(gained), 1), "layer_norm/2");
    const NodeId shifted = s.add(gained, s.weight({4}, "beta"));
    EXPECT_EQ(after(recognize_layer_norm, s.finish(shifted), 1), "layer_norm/3");
    const NodeId reciprocal = s.mul(s.unary(UnaryKind::kReciprocal, s.deviation(s.mul(s.d, s.d), 1e-6)), s.d);
    EXPECT_EQ(after(recognize_layer_norm, s.finish(reciprocal), 1), "layer_norm eps=1e-06/1");
}

TEST(RecognizeLayerNorm, NotWhereSomethingDiffers) {
    LayerNormSketch s;
    const NodeId cube = s.div(s.d, s.deviation(s.binary(BinaryKind::kPow, s.d, s.number(3))));
    EXPECT_NE(after(recognize_layer_norm, s.finish(cube), 0), "");
    const NodeId other = s.div(s.sub(s.x, s.mean(s.x, 1)), s.deviation(s.mul(s.d, s.d)));
    EXPECT_NE(after(recognize_layer_norm, s.finish(other), 0), "");
    const NodeId turned = s.div(s.deviation(s.mul(s.d, s.d)), s.d);
    EXPECT_NE(after(recognize_layer_norm, s.finish(turned), 0), "");
    // gamma per row is not gamma per feature
    const NodeId rows = s.mul(s.div(s.d, s.deviation(s.mul(s.d, s.d))), s.weight({3, 1}, "gamma"));
    EXPECT_EQ(after(recognize_layer_norm, s.finish(rows), 1), "layer_norm/1; binary kind=mul/2");
}

struct GeluSketch : Sketch {
    NodeId cdf(double root = std::sqrt(2.0)) {
        return add(unary(UnaryKind::kErf, div(x, number(root))), number(1));
    }
};

// 0.5 x (1 + erf(x / sqrt(2)))  =>  gelu(x)
TEST(RecognizeGelu, InItsOrders) {
    GeluSketch s;
    const std::string gelu = "unary kind=gelu/1";
    EXPECT_EQ(after(recognize_gelu, s.finish(s.mul(s.mul(s.x, s.cdf()), s.number(0.5))), 1), gelu);
    EXPECT_EQ(after(recognize_gelu, s.finish(s.mul(s.mul(s.number(0.5), s.x), s.cdf())), 1), gelu);
    EXPECT_EQ(after(recognize_gelu, s.finish(s.mul(s.x, s.mul(s.cdf(), s.number(0.5)))), 1), gelu);
    EXPECT_EQ(after(recognize_gelu, s.finish(s.div(s.mul(s.cdf(), s.x), s.number(2))), 1), gelu);
    // gelu(x) * x: only the inner product is the gelu
    const NodeId gated = s.mul(s.mul(s.mul(s.x, s.cdf()), s.number(0.5)), s.x);
    EXPECT_EQ(after(recognize_gelu, s.finish(gated), 1), "unary kind=gelu/1; binary kind=mul/2");
}

TEST(RecognizeGelu, NotWhereANumberDiffers) {
    GeluSketch s;
    EXPECT_NE(after(recognize_gelu, s.finish(s.mul(s.mul(s.x, s.cdf()), s.number(0.51))), 0), "");
    EXPECT_NE(after(recognize_gelu, s.finish(s.mul(s.mul(s.x, s.cdf(1.41)), s.number(0.5))), 0), "");
}

// x sigmoid(x)  =>  silu(x)
TEST(RecognizeSilu, OfTheSameArgumentOnly) {
    Sketch s;
    const NodeId gate = s.unary(UnaryKind::kSigmoid, s.x);
    EXPECT_EQ(after(recognize_silu, s.finish(s.mul(gate, s.x)), 1), "unary kind=silu/1");
    EXPECT_NE(after(recognize_silu, s.finish(s.mul(gate, s.unary(UnaryKind::kAbs, s.x))), 0), "");
}

// clip(x + 3, 0, 6) / 6  =>  hard_sigmoid(x);  x hard_sigmoid(x)  =>  hard_swish(x)
TEST(RecognizeHardSwish, InItsForms) {
    Sketch s;
    const auto six = [&] { return s.unary(UnaryKind::kClip, s.add(s.x, s.number(3)), 0, 6); };
    const auto one = [&] {
        return s.unary(UnaryKind::kClip, s.add(s.mul(s.x, s.number(1.0 / 6)), s.number(0.5)), 0, 1);
    };
    const std::string sigmoid = "unary kind=hard_sigmoid/1";
    const std::string swish = "unary kind=hard_swish/1";
    EXPECT_EQ(after(recognize_hard_swish, s.finish(s.div(six(), s.number(6))), 1), sigmoid);
    EXPECT_EQ(after(recognize_hard_swish, s.finish(one()), 1), sigmoid);
    EXPECT_EQ(after(recognize_hard_swish, s.finish(s.div(s.mul(s.x, six()), s.number(6))), 1), swish);
    EXPECT_EQ(after(recognize_hard_swish, s.finish(s.mul(s.x, s.unary(UnaryKind::kHardSigmoid, s.x))), 1),
              swish);
    EXPECT_NE(after(recognize_hard_swish, s.finish(s.div(six(), s.number(5))), 0), "");
}

// Through an inner value that was recognised first: x * (clip(x + 3, 0, 6) / 6).
TEST(RecognizeHardSwish, AroundAHardSigmoid) {
    Sketch s;
    const NodeId clip = s.unary(UnaryKind::kClip, s.add(s.x, s.number(3)), 0, 6);
    Change change;
    const Graph result = recognize_hard_swish(s.finish(s.mul(s.x, s.div(clip, s.number(6)))), change);
    EXPECT_EQ(result.operations(), 2) << print(result);
}

TEST(RecognitionPasses, AreNamedAndRunInOrder) {
    GeluSketch s;
    std::vector<PassRecord> records;
    const Graph graph = s.finish(s.mul(s.mul(s.x, s.cdf()), s.number(0.5)));
    EXPECT_EQ(run_passes(graph, recognition_passes(), records).operations(), 2);
    ASSERT_EQ(records.size(), recognition_passes().size());
    EXPECT_EQ(records[2].name, "recognize-gelu");
    EXPECT_EQ(records[2].changes, 1);
}

// 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))  =>  gelu_tanh(x)
TEST(RecognizeGelu, ByTheTangent) {
    const auto of = [](Sketch& s, NodeId cubic, double scale) {
        const NodeId u = s.mul(s.number(scale), s.add(s.x, cubic));
        const NodeId cdf = s.add(s.number(1), s.unary(UnaryKind::kTanh, u));
        return s.finish(s.mul(s.mul(s.number(0.5), s.x), cdf));
    };
    constexpr double kScale = 0.79788456080286536;
    Sketch power;
    const NodeId cube = power.binary(BinaryKind::kPow, power.x, power.number(3));
    EXPECT_EQ(after(recognize_gelu, of(power, power.mul(power.number(0.044715), cube), kScale), 1),
              "unary kind=gelu_tanh/1");
    Sketch product;
    const NodeId square = product.mul(product.x, product.x);
    EXPECT_EQ(
        after(recognize_gelu,
              of(product, product.mul(product.mul(square, product.x), product.number(0.044715)), kScale), 1),
        "unary kind=gelu_tanh/1");
    Sketch other;
    const NodeId other_cube = other.binary(BinaryKind::kPow, other.x, other.number(3));
    EXPECT_NE(after(recognize_gelu, of(other, other.mul(other.number(0.05), other_cube), kScale), 0),
              "unary kind=gelu_tanh/1");
}

// linear(transpose(x, [1, 0, 2]), w)  =>  transpose(linear(x, w), [1, 0, 2])
TEST(SinkTokensFirst, BehindAProjection) {
    Sketch s;
    const NodeId rows = s.op(Reshape{{0, 6, 4}}, {s.x});
    const NodeId tokens = s.op(Transpose{{1, 0, 2}}, {rows});
    const NodeId y = s.op(Linear{}, {tokens, s.weight({5, 4}, "w")});
    EXPECT_EQ(after(sink_tokens_first, s.finish(s.op(Transpose{{1, 0, 2}}, {y})), 1),
              "linear/2; transpose perm=[1, 0, 2]/1; transpose perm=[1, 0, 2]/1");
}

/// Packed q, k, v [N, 6, 12] of two heads of width 2, cut apart as torch's multi-head attention is exported.
NodeId part_of_tokens_first(Sketch& s, NodeId packed, std::int64_t part) {
    NodeId x = s.op(Transpose{{1, 0, 2}}, {packed});
    x = s.op(Reshape{{6, -1, 3, 4}}, {x});
    x = s.op(Reshape{{1, 6, -1, 3, 4}}, {x});
    x = s.op(Transpose{{3, 1, 2, 0, 4}}, {x});
    x = s.op(Slice{0, part, part + 1, 1}, {x});
    x = s.op(Reshape{{6, -1, 2}}, {x});
    x = s.op(Transpose{{1, 0, 2}}, {x});
    return s.op(Reshape{{-1, 2, 6, 2}}, {x});
}

TEST(RecognizeHeads, OfTokensBeforeTheBatch) {
    Sketch s;
    const NodeId rows = s.op(Reshape{{0, 6, 4}}, {s.x});
    const NodeId packed = s.op(Linear{}, {rows, s.weight({12, 4}, "w")});
    const NodeId y = s.op(MatMul{.transpose_b = true},
                          {part_of_tokens_first(s, packed, 1), part_of_tokens_first(s, packed, 2)});
    EXPECT_EQ(after(recognize_heads, s.finish(y), 2),
              "linear/2; transpose perm=[2, 0, 3, 1, 4]/1; slice begin=1 end=2/1; transpose perm=[2, 0, 3, "
              "1, 4]/1; slice begin=2 end=3/1; matmul transpose_b=true/2");
}

TEST(RecognizeHeads, JoinedAroundAProjection) {
    Sketch s;
    const NodeId heads = s.op(Softmax{}, {s.x});  // [N, 2 heads, 3 tokens, 4]
    NodeId x = s.op(Reshape{{-1, 8}}, {s.op(Transpose{{2, 0, 1, 3}}, {heads})});
    x = s.op(Linear{}, {x, s.weight({5, 8}, "w")});
    x = s.op(Transpose{{1, 0, 2}}, {s.op(Reshape{{3, -1, 5}}, {x})});
    EXPECT_EQ(after(recognize_heads, s.finish(x), 1), "softmax/1; transpose perm=[0, 2, 1, 3]/1; linear/2");
}

// reshape(s + bias, [N, W, h, T, S]) + mask  =>  reshape(s) + (mask + bias)
TEST(RecognizeWindowBias, JoinsTheMaskAndTheBias) {
    Sketch s;
    const NodeId scores = s.op(Reshape{{-1, 1, 3, 4}}, {s.op(Softmax{}, {s.x})});  // two windows of one head
    const NodeId biased = s.add(scores, s.weight({1, 1, 3, 4}, "bias"));
    const NodeId split = s.op(Reshape{{-1, 2, 1, 3, 4}}, {biased});
    const Graph graph = s.finish(s.add(split, s.weight({1, 2, 1, 3, 4}, "mask")));
    EXPECT_EQ(after(recognize_window_bias, graph, 1), "softmax/1; binary/2");
}

TEST(RecognizeHeads, LeavesWhatIsNoHeads) {
    Sketch s;
    const NodeId rows = s.op(Reshape{{0, 6, 4}}, {s.x});
    const NodeId packed = s.op(Linear{}, {rows, s.weight({12, 4}, "w")});
    // The tokens are spread over the axes: no strides of [N, T, W] describe it.
    NodeId x = s.op(Reshape{{0, 12, 6}}, {packed});
    x = s.op(Transpose{{0, 2, 1}}, {x});
    x = s.op(Reshape{{0, 2, 6, 6}}, {x});
    const Graph graph = s.finish(s.op(Softmax{}, {x}));
    EXPECT_EQ(after(recognize_heads, graph, 0), "linear/2; transpose perm=[0, 2, 1]/1; softmax/1");
}

}  // namespace
}  // namespace espalier::passes
