#include "formats/onnx/window.h"

#include <algorithm>

#include "base/error.h"

namespace espalier::formats::onnx {

using graph::Pair;

namespace {

/// Padding in front and behind so that ceil(extent / stride) windows fit; the odd one goes behind for
/// SAME_UPPER.
Pair same_padding(std::int64_t extent, std::int64_t kernel, std::int64_t stride, std::int64_t dilation,
                  bool upper) {
    const std::int64_t reach = dilation * (kernel - 1) + 1;
    const std::int64_t count = (extent + stride - 1) / stride;
    const std::int64_t total = std::max<std::int64_t>((count - 1) * stride + reach - extent, 0);
    const std::int64_t less = total / 2;
    return upper ? Pair{less, total - less} : Pair{total - less, less};
}

void check_positive(const char* what, const Pair& pair) {
    constexpr std::int64_t kMost = 1 << 20;
    for (const std::int64_t value : pair) {
        if (value < 1 || value > kMost) fail("{} must be from 1 to {}, but is {}", what, kMost, value);
    }
}

}  // namespace

Pair read_pair(const Call& call, const char* name, Pair otherwise) {
    const auto values = call.list(name, {otherwise[0], otherwise[1]});
    if (values.size() != 2)
        fail("'{}' has {} numbers; only images with two axes are supported", name, values.size());
    return {values[0], values[1]};
}

graph::Window read_window(const Call& call, const Pair& kernel, std::int64_t height, std::int64_t width) {
    graph::Window window{.kernel = kernel,
                         .stride = read_pair(call, "strides", {1, 1}),
                         .dilation = read_pair(call, "dilations", {1, 1})};
    check_positive("the kernel", window.kernel);
    check_positive("a stride", window.stride);
    check_positive("a dilation", window.dilation);
    const std::string mode = call.text("auto_pad", "NOTSET");
    if (mode == "NOTSET" || mode.empty()) {
        const auto pads = call.list("pads", {0, 0, 0, 0});
        if (pads.size() != 4) fail("'pads' has {} numbers instead of 4", pads.size());
        window.pad = {pads[0], pads[1], pads[2], pads[3]};
    } else if (mode == "SAME_UPPER" || mode == "SAME_LOWER") {
        const bool upper = mode == "SAME_UPPER";
        const Pair rows = same_padding(height, kernel[0], window.stride[0], window.dilation[0], upper);
        const Pair columns = same_padding(width, kernel[1], window.stride[1], window.dilation[1], upper);
        window.pad = {rows[0], columns[0], rows[1], columns[1]};
    } else if (mode != "VALID") {
        fail("auto_pad '{}' is not known", mode);
    }
    return window;
}

}  // namespace espalier::formats::onnx
