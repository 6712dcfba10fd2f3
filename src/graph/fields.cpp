#include "graph/fields.h"

#include "base/error.h"

namespace espalier::graph {
namespace {

std::int64_t extent(std::string_view op, std::int64_t size, std::int64_t kernel, std::int64_t stride,
                    std::int64_t before, std::int64_t after, std::int64_t dilation, bool ceil) {
    constexpr std::int64_t kLimit = std::int64_t{1} << 30;
    if (kernel < 1 || stride < 1 || dilation < 1 || before < 0 || after < 0 || kernel > kLimit ||
        stride > kLimit || dilation > kLimit || before > kLimit || after > kLimit) {
        fail("{}: kernel {}, stride {}, dilation {} must be positive and padding {}, {} not negative", op,
             kernel, stride, dilation, before, after);
    }
    const std::int64_t reach = dilation * (kernel - 1) + 1;
    const std::int64_t room = size + before + after - reach;
    if (room < 0) {
        fail("{}: a window of {} does not fit into {} with padding {} and {}", op, reach, size, before,
             after);
    }
    std::int64_t count = room / stride + 1;
    // A window that would start in the padding after the input is left out, as torch and ONNX do.
    if (ceil && room % stride != 0 && count * stride < size + before) ++count;
    return count;
}

}  // namespace

std::string_view name(Layout layout) { return layout == Layout::kNchw ? "nchw" : "nhwc"; }

std::string_view name(UnaryKind kind) {
    constexpr std::string_view kNames[] = {
        "relu",         "clip", "gelu", "gelu_tanh", "silu", "sigmoid",    "tanh", "hard_swish",
        "hard_sigmoid", "erf",  "exp",  "log",       "sqrt", "reciprocal", "neg",  "abs"};
    return kNames[static_cast<int>(kind)];
}

std::string_view name(BinaryKind kind) {
    constexpr std::string_view kNames[] = {"add", "sub", "mul", "div", "pow", "min", "max"};
    return kNames[static_cast<int>(kind)];
}

std::string_view name(PoolKind kind) { return kind == PoolKind::kMax ? "max" : "average"; }

std::string_view name(ReduceKind kind) {
    constexpr std::string_view kNames[] = {"mean", "sum", "max"};
    return kNames[static_cast<int>(kind)];
}

std::string_view name(QuantScheme scheme) {
    switch (scheme) {
        case QuantScheme::kPerRow:
            return "per_row";
        case QuantScheme::kPerImage:
            return "per_image";
        case QuantScheme::kTorch:
            break;
    }
    return "torch";
}

Pair Window::output(std::string_view op, std::int64_t h, std::int64_t w, bool ceil) const {
    return {extent(op, h, kernel[0], stride[0], pad[0], pad[2], dilation[0], ceil),
            extent(op, w, kernel[1], stride[1], pad[1], pad[3], dilation[1], ceil)};
}

}  // namespace espalier::graph
