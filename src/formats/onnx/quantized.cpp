#include "formats/onnx/quantized.h"

#include "base/error.h"
#include "formats/onnx/fold.h"

namespace espalier::formats::onnx {

using namespace graph;

namespace {

/// A scale given as [1] or [] or one for each index of the axis; anything else is refused by the op's rule.
NodeId dequantized(Call& call, NodeId codes, std::size_t scale, std::int64_t axis) {
    std::vector<NodeId> inputs{codes, call.operand(scale)};
    if (call.has(scale + 1)) inputs.push_back(call.operand(scale + 1));
    return call.add(DequantizeLinear{axis}, inputs);
}

}  // namespace

NodeId dequantized(Call& call, std::size_t x, std::int64_t axis) {
    return dequantized(call, call.operand(x), x + 1, axis);
}

NodeId dequantized_transposed(Call& call, std::size_t matrix) {
    return dequantized(call, call.transposed_operand(matrix), matrix + 1, 0);
}

NodeId dequantized_bias(Call& call, std::size_t bias, std::size_t x, std::size_t w) {
    const Tensor* from = call.constant(x + 1);
    const Tensor* to = call.constant(w + 1);
    if (!from || !to) fail("the scales must be constant");
    const Tensor unit = fold(BinaryKind::kMul, *from, *to);
    const Tensor scale = unit.elements() == 1 ? unit.reshaped({}) : unit.reshaped({unit.elements()});
    return call.add(DequantizeLinear{0},
                    {call.operand(bias), call.add_constant(call.name() + ".unit", scale)});
}

void give_quantized(Call& call, NodeId y, std::size_t scale) {
    const NodeId step = call.operand(scale);
    const NodeId zero = call.has(scale + 1) ? call.operand(scale + 1)
                                            : call.add_constant(call.name() + ".zero_point",
                                                                Tensor::allocate(DType::kU8, {}));
    call.give(call.add(QuantizeLinear{1}, {y, step, zero}));
}

NodeId through_floats(Call& call, NodeId x, const Op& f) {
    const DType dtype = call.type(x).dtype;
    if (dtype != DType::kU8 && dtype != DType::kI8) return call.add(f, {x});
    const NodeId one = call.add_scalar(1);
    const NodeId zero = call.add_constant(call.name() + ".zero_point", Tensor::allocate(dtype, {}));
    const NodeId y = call.add(f, {call.add(DequantizeLinear{}, {x, one, zero})});
    return call.add(QuantizeLinear{}, {y, one, zero});
}

}  // namespace espalier::formats::onnx
