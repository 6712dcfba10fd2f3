#include "base/error.h"
#include "formats/onnx/conv.h"
#include "formats/onnx/dynamic.h"
#include "formats/onnx/fold.h"
#include "formats/onnx/parsers.h"

namespace espalier::formats::onnx {

using namespace graph;

namespace {

using Role = Dynamic::Role;

/// Constant weights less their zero point. Throws Error where they are no constant or do not fit s8.
Tensor centred_weights(Call& call, std::size_t weights, std::size_t zero_point, const Shape& zero_shape) {
    const Tensor* codes = call.constant(weights);
    if (!codes || (codes->dtype() != DType::kI8 && codes->dtype() != DType::kU8))
        fail("the weights must be constant, u8 or i8");
    Tensor whole = codes->to_f32();
    if (call.has(zero_point)) {
        const Tensor* zero = call.constant(zero_point);
        if (!zero) fail("the zero point of the weights must be constant");
        const Tensor zeros = zero->elements() == 1 ? zero->reshaped({}) : zero->reshaped(zero_shape);
        whole = fold(BinaryKind::kSub, whole, zeros);
    }
    Tensor result = Tensor::allocate(DType::kI8, whole.shape());
    std::byte* to = result.mutable_bytes().data();
    for (const float value : whole.span<float>()) {
        if (value < -128 || value > 127) fail("weights less their zero point leave the range of i8");
        *to++ = static_cast<std::byte>(static_cast<std::int8_t>(value));
    }
    return result;
}

Dynamic convolution(Call& call, NodeId x) {
    const Tensor* codes = call.constant(1);
    const std::int64_t features = codes && codes->shape().rank() > 0 ? codes->shape()[0] : 0;
    const Tensor weights = centred_weights(call, 1, 3, {features, 1, 1, 1});
    const Conv2d op = conv_op(call, call.type(x).shape, weights.shape());
    return {
        .role = Role::kSum,
        .x = x,
        .product =
            QuantizedConv2d{.stride = op.stride, .pad = op.pad, .dilation = op.dilation, .groups = op.groups},
        .weights = call.add_constant(call.input(1).name, weights)};
}

Dynamic layer(Call& call, NodeId x) {
    const Tensor* codes = call.constant(1);
    if (!codes || codes->shape().rank() != 2) fail("the weights must be a constant matrix");
    const Tensor weights = centred_weights(call, 1, 3, {1, codes->shape()[1]});
    return {.role = Role::kSum,
            .x = x,
            .product = QuantizedLinear{.scheme = QuantScheme::kPerImage},
            .weights = call.add_constant(call.input(1).name, weights.transposed())};
}

/// Scales of the weights, one for each of `features`.
Tensor scale_of_each(const Tensor& factor, std::int64_t features) {
    if (factor.elements() == 1) return fold(factor.reshaped({1}), arrange_broadcast({1}, {features}));
    if (factor.elements() != features) fail("{} scales do not fit {} features", factor.elements(), features);
    return factor.reshaped({features});
}

bool is(const Dynamic* part, Role role) { return part && part->role == role; }

}  // namespace

void parse_dynamic_quantize_linear(Call& call) {
    const NodeId x = call.operand(0);
    const float one = 1;
    call.give_dynamic({.role = Role::kCodes, .x = x}, 0);
    call.give_dynamic({.role = Role::kScale, .x = x, .factor = Tensor::of<float>({}, std::span(&one, 1))}, 1);
    call.give_dynamic({.role = Role::kZeroPoint, .x = x}, 2);
}

/// ConvInteger, MatMulInteger of activations that DynamicQuantizeLinear gives with constant weights.
void parse_integer_product(Call& call) {
    const Dynamic* codes = call.dynamic(0);
    const Dynamic* zero = call.dynamic(2);
    if (!is(codes, Role::kCodes) || !is(zero, Role::kZeroPoint) || codes->x != zero->x)
        fail("only activations quantized by DynamicQuantizeLinear are supported");
    call.give_dynamic(call.op_type() == "ConvInteger" ? convolution(call, codes->x) : layer(call, codes->x));
}

bool give_dynamic_product(Call& call) {
    const Dynamic* a = call.dynamic(0);
    const Dynamic* b = call.dynamic(1);
    if (!a && !b) return false;
    if (is(b, Role::kSum)) std::swap(a, b);
    if (is(a, Role::kSum) && is(b, Role::kScale) && a->x == b->x) {
        const Tensor scales = scale_of_each(b->factor, call.type(a->weights).shape[0]);
        call.give(
            call.add(a->product, {a->x, a->weights, call.add_constant(call.name() + ".scale", scales)}));
        return true;
    }
    const std::size_t other = a ? 1 : 0;
    const Dynamic* scale = a ? a : b;
    if (!is(scale, Role::kScale) || call.dynamic(other) || !call.constant(other))
        fail("sums of a product quantized at run time must be multiplied by their own scale");
    Dynamic scaled = *scale;
    scaled.factor = fold(BinaryKind::kMul, scaled.factor, *call.constant(other));
    call.give_dynamic(std::move(scaled));
    return true;
}

}  // namespace espalier::formats::onnx
