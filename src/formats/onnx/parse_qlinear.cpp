#include "base/error.h"
#include "formats/onnx/batched_product.h"
#include "formats/onnx/concat.h"
#include "formats/onnx/conv.h"
#include "formats/onnx/parsers.h"
#include "formats/onnx/quantized.h"

namespace espalier::formats::onnx {

using namespace graph;

/// x, w, y, each with scale and zero point; then a bias in units of the sum.
void parse_qlinear_conv(Call& call) {
    const NodeId x = dequantized(call, 0);
    const NodeId w = dequantized(call, 3, 0);
    std::vector<NodeId> inputs{x, w};
    if (call.has(8)) inputs.push_back(dequantized_bias(call, 8, 0, 3));
    give_quantized(call, call.add(conv_op(call, call.type(x).shape, call.type(w).shape), inputs), 6);
}

/// a, b, y, each with scale and zero point.
void parse_qlinear_matmul(Call& call) {
    const NodeId a = dequantized(call, 0);
    const Tensor* b = call.constant(3);
    const bool is_layer = b && b->shape().rank() == 2;
    const NodeId y = is_layer ? call.add(Linear{}, {a, dequantized_transposed(call, 3)})
                              : batched_product(call, a, dequantized(call, 3, -1), false);
    give_quantized(call, y, 6);
}

/// com.microsoft::QGemm: a and b with scale and zero point, a bias in units of the sum, then scale and zero
/// point of the result, without which it stays f32.
void parse_qgemm(Call& call) {
    if (call.integer("transA", 0) != 0) fail("a transposed first matrix mixes the images of a batch");
    if (call.number("alpha", 1) != 1) fail("a factor alpha is not supported");
    const bool rows = call.integer("transB", 0) != 0;
    if (!call.constant(3)) fail("the second matrix must be constant");
    std::vector<NodeId> inputs{dequantized(call, 0),
                               rows ? dequantized(call, 3, 0) : dequantized_transposed(call, 3)};
    if (call.has(6)) inputs.push_back(dequantized_bias(call, 6, 0, 3));
    const NodeId y = call.add(Linear{}, inputs);
    if (call.has(7)) return give_quantized(call, y, 7);
    call.give(y);
}

/// com.microsoft::QLinearAdd, QLinearMul: a, b, y, each with scale and zero point.
void parse_qlinear_binary(Call& call) {
    const BinaryKind kind = call.op_type() == "QLinearAdd" ? BinaryKind::kAdd : BinaryKind::kMul;
    const NodeId a = dequantized(call, 0);
    give_quantized(call, call.add(Binary{kind}, {a, dequantized(call, 3)}), 6);
}

/// com.microsoft::QLinearSigmoid, QLinearSoftmax: x and y with scale and zero point.
void parse_qlinear_unary(Call& call) {
    const NodeId x = dequantized(call, 0);
    if (call.op_type() == "QLinearSigmoid")
        return give_quantized(call, call.add(Unary{UnaryKind::kSigmoid}, {x}), 3);
    const int rank = call.type(x).shape.rank();
    const int axis = axis_of(call.integer("axis", -1), rank);
    if (call.integer("opset", 13) < 13 && axis != rank - 1)
        fail("a softmax over several axes is not supported");
    give_quantized(call, call.add(Softmax{.axis = axis}, {x}), 3);
}

/// com.microsoft::QLinearGlobalAveragePool: x and y with scale and zero point.
void parse_qlinear_global_pool(Call& call) {
    const NodeId x = dequantized(call, 0);
    if (call.type(x).shape.rank() != 4)
        fail("only pooling of images is supported, not of {}", call.type(x).str());
    const bool last = call.integer("channels_last", 0) != 0;
    const Reduce mean{.kind = ReduceKind::kMean, .axes = last ? Ints{1, 2} : Ints{2, 3}, .keep_axes = true};
    give_quantized(call, call.add(mean, {x}), 3);
}

/// com.microsoft::QLinearConcat: scale and zero point of the result, then each part with its own.
void parse_qlinear_concat(Call& call) {
    if (call.inputs() < 5 || call.inputs() % 3 != 2)
        fail("{} inputs do not make parts with scales", call.inputs());
    std::vector<NodeId> parts;
    for (std::size_t i = 2; i < call.inputs(); i += 3) parts.push_back(dequantized(call, i));
    const int axis = axis_of(call.attribute("axis").i, call.type(parts.front()).shape.rank());
    if (axis > 0) repeat_rows(call, parts);
    give_quantized(call, call.add(Concat{axis}, parts), 0);
}

}  // namespace espalier::formats::onnx
