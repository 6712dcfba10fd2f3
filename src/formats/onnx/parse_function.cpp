#include "base/error.h"
#include "formats/onnx/parsers.h"
#include "formats/onnx/window.h"
#include "formats/onnx/write/functions.h"

namespace espalier::formats::onnx {

using namespace graph;

namespace {

void parse_quantized_linear(Call& call) {
    const bool torch = call.op_type() == kQuantizedLinearTorch;
    const QuantizedLinear op{.scheme = torch ? QuantScheme::kTorch : QuantScheme::kPerRow};
    call.give(call.add(op, {call.operand(0), call.transposed_operand(1), call.operand(2), call.operand(3)}));
}

void parse_quantized_conv(Call& call) {
    const auto pads = call.list("pads", {});
    if (pads.size() != 8) fail("'pads' has {} numbers instead of 8", pads.size());
    const bool each_pixel = call.op_type() == kQuantizedPointwiseConv;
    const QuantizedConv2d op{.scheme = each_pixel ? QuantScheme::kPerRow : QuantScheme::kPerImage,
                             .stride = read_pair(call, "strides", {1, 1}),
                             .pad = {pads[2], pads[3], pads[6], pads[7]},
                             .dilation = read_pair(call, "dilations", {1, 1}),
                             .groups = call.integer("group", 1)};
    call.give(call.add(op, {call.operand(0), call.operand(1), call.operand(2), call.operand(3)}));
}

}  // namespace

Parser find_function_parser(std::string_view name) {
    if (name == kQuantizedLinear || name == kQuantizedLinearTorch) return parse_quantized_linear;
    if (name == kQuantizedConv || name == kQuantizedPointwiseConv) return parse_quantized_conv;
    return nullptr;
}

}  // namespace espalier::formats::onnx
