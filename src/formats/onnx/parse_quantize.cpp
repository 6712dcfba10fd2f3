#include <optional>
#include <span>

#include "base/error.h"
#include "formats/onnx/parsers.h"

namespace espalier::formats::onnx {

using namespace graph;

namespace {

void check_block(const Call& call) {
    if (call.integer("block_size", 0) != 0) fail("quantization in blocks is not supported");
}

/// Axis of the scales, which counts from the end where it is negative.
std::int64_t axis_for(Call& call, NodeId x) {
    const std::int64_t axis = call.integer("axis", 1);
    const int rank = call.type(x).shape.rank();
    return axis >= -rank && axis < rank ? axis_of(axis, rank) : axis;
}

/// The value of a single constant code: what says how to pad or clip must be known while the model is read.
std::optional<float> known_scalar(Call& call) {
    const Tensor* code = call.constant(0);
    const Tensor* scale = call.constant(1);
    const bool single = code && scale && code->elements() == 1 && scale->elements() == 1;
    if (!single || (call.has(2) && !call.constant(2))) return std::nullopt;
    const auto zero_point = static_cast<float>(call.scalar(2, 0));
    return (code->to_f32().span<float>()[0] - zero_point) * scale->to_f32().span<float>()[0];
}

}  // namespace

/// Without a zero point the result is u8 around 0.
void parse_quantize_linear(Call& call) {
    check_block(call);
    const NodeId x = call.operand(0);
    const NodeId scale = call.operand(1);
    NodeId zero_point = call.optional_operand(2);
    if (zero_point == NodeId::kNone) {
        const auto output = dtype_of(call.integer("output_dtype", 2));
        if (output != DType::kU8 && output != DType::kI8) fail("only u8 and i8 are supported");
        zero_point =
            call.add_constant(call.name() + ".zero_point", Tensor::allocate(*output, call.type(scale).shape));
    }
    call.give(call.add(QuantizeLinear{axis_for(call, x)}, {x, scale, zero_point}));
}

void parse_dequantize_linear(Call& call) {
    check_block(call);
    if (const auto value = known_scalar(call)) {
        return call.give(Tensor::of<float>(call.constant(0)->shape(), std::span(&*value, 1)));
    }
    const NodeId x = call.operand(0);
    std::vector<NodeId> inputs{x, call.operand(1)};
    if (call.has(2)) inputs.push_back(call.operand(2));
    call.give(call.add(DequantizeLinear{axis_for(call, x)}, inputs));
}

}  // namespace espalier::formats::onnx
