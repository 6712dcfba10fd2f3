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
    const NodeId x = call.operand(0);
    std::vector<NodeId> inputs{x, call.operand(1)};
    if (call.has(2)) inputs.push_back(call.operand(2));
    call.give(call.add(DequantizeLinear{axis_for(call, x)}, inputs));
}

}  // namespace espalier::formats::onnx
