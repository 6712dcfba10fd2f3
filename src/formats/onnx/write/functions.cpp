#include "formats/onnx/write/functions.h"

#include <limits>
#include <optional>

#include "base/error.h"
#include "formats/onnx/proto.h"

namespace espalier::formats::onnx {

using graph::QuantScheme;

namespace {

/// The codes, scales and zero points of an activation, and how they are chosen.
struct Scheme {
    /// One scale for each index of the others; nothing: one for all
    std::optional<std::vector<std::int64_t>> axes;
    double top;             ///< the largest code
    double scale_of_zeros;  ///< where all values are 0
    float smallest_scale;
};

/// The body of a function under construction.
class Body {
  public:
    explicit Body(std::string name, std::vector<std::string> attributes = {})
        : function_{std::move(name), {"x", "w", "w_scale", "bias"}, std::move(attributes), {}} {}

    std::string add(std::string op_type, std::vector<std::string> inputs, Attributes attributes = {}) {
        std::string output = fmt::format("v{}", function_.body.size());
        function_.body.push_back({std::move(op_type), std::move(inputs), output, std::move(attributes), ""});
        return output;
    }
    template <typename T>
    std::string constant(T value) {
        return add("Constant", {}, {{"value", Tensor::of<T>({}, {&value, 1})}});
    }
    std::string integers(std::vector<std::int64_t> values) {
        return add("Constant", {}, {{"value_ints", std::move(values)}});
    }
    std::string cast(const std::string& x, DType to) { return add("Cast", {x}, {{"to", data_type_of(to)}}); }
    Function finish() { return std::move(function_); }

  private:
    Function function_;
};

struct Codes {
    std::string codes;       ///< u8
    std::string scale;       ///< f32
    std::string zero_point;  ///< i32
};

/// One end of the range, widened to include 0, in double precision as the kernels have it.
std::string end_of_range(Body& body, const Scheme& scheme, const std::string& x, bool low) {
    Attributes attributes{{"keepdims", std::int64_t{scheme.axes.has_value()}}};
    if (scheme.axes) attributes.emplace_back("axes", *scheme.axes);
    const std::string end = body.add(low ? "ReduceMin" : "ReduceMax", {x}, std::move(attributes));
    return body.cast(body.add(low ? "Min" : "Max", {end, body.constant(0.0f)}), DType::kF64);
}

Codes quantize(Body& body, const Scheme& scheme, const std::string& x) {
    const std::string low = end_of_range(body, scheme, x, true);
    const std::string span = body.add("Sub", {end_of_range(body, scheme, x, false), low});
    const std::string ratio = body.add("Div", {span, body.constant(scheme.top)});
    // No Where: a range of zeros adds 1 times the scale it should have to a ratio of 0.
    const std::string empty = body.cast(body.add("Equal", {span, body.constant(0.0)}), DType::kF64);
    const std::string exact =
        body.add("Add", {ratio, body.add("Mul", {empty, body.constant(scheme.scale_of_zeros)})});
    const std::string scale =
        body.add("Max", {body.cast(exact, DType::kF32), body.constant(scheme.smallest_scale)});
    // torch takes the zero point from the scale before it is rounded to f32.
    const std::string divisor = scheme.axes ? body.cast(scale, DType::kF64) : exact;
    const std::string at_zero = body.add("Round", {body.add("Div", {body.add("Neg", {low}), divisor})});
    const std::string top = body.constant(static_cast<float>(scheme.top));
    const std::string bottom = body.constant(0.0f);
    const std::string zero_point = body.add("Clip", {body.cast(at_zero, DType::kF32), bottom, top});
    const std::string scaled = body.add("Mul", {x, body.add("Reciprocal", {scale})});
    const std::string rounded = body.add("Round", {body.add("Add", {scaled, zero_point})});
    return {body.cast(body.add("Clip", {rounded, bottom, top}), DType::kU8), scale,
            body.cast(zero_point, DType::kI32)};
}

/// The weights as u8 around 128. Runtimes have no convolution of s8 weights, and a product of u8 and s8
/// saturates at 16 bits on processors without VNNI; all of this is computed once, when the model is loaded.
struct Weights {
    std::string codes;  ///< u8
    std::string zero_point;
    std::string sum;  ///< i32, over `axes`
};

Weights shifted_weights(Body& body, std::vector<std::int64_t> axes) {
    const std::string wide = body.cast("w", DType::kI32);
    const std::string shifted = body.add("Add", {wide, body.constant(std::int32_t{128})});
    return {body.cast(shifted, DType::kU8), body.constant(std::uint8_t{128}),
            body.add("ReduceSum", {wide, body.integers(std::move(axes))}, {{"keepdims", std::int64_t{0}}})};
}

/// What stands for each output channel, in a shape that broadcasts over the output.
struct Channels {
    std::string sum;
    std::string scale;
    std::string bias;
};

/// (acc - zero_point * sum) * scale * w_scale + bias. The difference of integers is exact.
void dequantize(Body& body, const std::string& acc, const Codes& x, const Channels& channels) {
    const std::string sum = body.add("Sub", {acc, body.add("Mul", {x.zero_point, channels.sum})});
    const std::string scale = body.add("Mul", {x.scale, channels.scale});
    body.add("Add", {body.add("Mul", {body.cast(sum, DType::kF32), scale}), channels.bias});
}

Function make_linear(const char* name, const Scheme& scheme) {
    Body body(name);
    const Codes x = quantize(body, scheme, "x");
    const Weights w = shifted_weights(body, {0});
    const std::string zero = body.constant(std::uint8_t{0});
    dequantize(body, body.add("MatMulInteger", {x.codes, w.codes, zero, w.zero_point}), x,
               {w.sum, "w_scale", "bias"});
    return body.finish();
}

/// What stands for each pixel, of those pixels that windows of one pixel look at: a maximum over one.
std::string looked_at(Body& body, const std::string& x) {
    return body.add("MaxPool", {x},
                    {{"kernel_shape", std::vector<std::int64_t>{1, 1}},
                     {"strides", FromCaller{"strides", FromCaller::kInts}}});
}

/// The image is padded before it is quantized: 0 then has the image's own code, and every window all of its
/// weights.
Function make_conv(const char* name, const Scheme& scheme, bool each_pixel) {
    Body body(name, {"dilations", "group", "pads", "strides"});
    const std::string pads =
        body.add("Constant", {}, {{"value_ints", FromCaller{"pads", FromCaller::kInts}}});
    Codes x = quantize(body, scheme, body.add("Pad", {"x", pads}));
    const Weights w = shifted_weights(body, {1, 2, 3});
    const std::string acc =
        body.add("ConvInteger", {x.codes, w.codes, body.constant(std::uint8_t{0}), w.zero_point},
                 {{"dilations", FromCaller{"dilations", FromCaller::kInts}},
                  {"group", FromCaller{"group", FromCaller::kInt}},
                  {"strides", FromCaller{"strides", FromCaller::kInts}}});
    if (each_pixel) {
        x.scale = looked_at(body, x.scale);
        x.zero_point = body.cast(looked_at(body, body.cast(x.zero_point, DType::kF32)), DType::kI32);
    }
    const auto over_pixels = [&](const std::string& c) {
        return body.add("Unsqueeze", {c, body.integers({1, 2})});
    };
    dequantize(body, acc, x, {over_pixels(w.sum), over_pixels("w_scale"), over_pixels("bias")});
    return body.finish();
}

constexpr float kSmallestNormal = std::numeric_limits<float>::min();

}  // namespace

const Function& quantized_linear(QuantScheme scheme) {
    static const Function per_row = make_linear(kQuantizedLinear, {{{-1}}, 255, 1, kSmallestNormal});
    static const Function torch = make_linear(kQuantizedLinearTorch, {std::nullopt, 127, 0.1, 6.1e-5f});
    return scheme == QuantScheme::kTorch ? torch : per_row;
}

const Function& quantized_conv(QuantScheme scheme) {
    static const Function per_image =
        make_conv(kQuantizedConv, {{{1, 2, 3}}, 255, 1, kSmallestNormal}, false);
    static const Function per_pixel =
        make_conv(kQuantizedPointwiseConv, {{{1}}, 255, 1, kSmallestNormal}, true);
    return scheme == QuantScheme::kPerRow ? per_pixel : per_image;
}

}  // namespace espalier::formats::onnx
