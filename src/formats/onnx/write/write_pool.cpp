#include <algorithm>

#include "formats/onnx/write/writers.h"

namespace espalier::formats::onnx {

using namespace graph;

namespace {

/// Padding behind the image so that windows fit without rounding up: runtimes disagree about the rounding.
Quad exact_padding(const Pool2d& op, const Shape& x, const Shape& y) {
    const bool nhwc = op.layout == Layout::kNhwc;
    Quad pad = op.pad;
    for (std::size_t side = 0; side < 2; ++side) {
        const int axis = static_cast<int>(side) + (nhwc ? 1 : 2);
        const std::int64_t reach = (y[axis] - 1) * op.stride[side] + op.kernel[side];
        pad[side + 2] = std::max(pad[side + 2], reach - x[axis] - pad[side]);
    }
    return pad;
}

std::string write_window(NodeWriter& to, const char* op_type, const std::string& x, const Pool2d& op,
                         const Quad& pad) {
    return to.add(op_type, {x},
                  {{"kernel_shape", Ints(op.kernel.begin(), op.kernel.end())},
                   {"pads", Ints(pad.begin(), pad.end())},
                   {"strides", Ints(op.stride.begin(), op.stride.end())}});
}

/// Zeros that count are elements like any other; what rounding up adds behind them never counts.
std::string write_average(NodeWriter& to, const std::string& x, const Pool2d& op, const Quad& exact) {
    const Quad& p = op.pad;
    if (!op.count_include_pad || p == Quad{0, 0, 0, 0}) return write_window(to, "AveragePool", x, op, exact);
    const std::string padded = to.add("Pad", {x, to.integers({0, 0, p[0], p[1], 0, 0, p[2], p[3]})});
    return write_window(to, "AveragePool", padded, op, {0, 0, exact[2] - p[2], exact[3] - p[3]});
}

}  // namespace

std::string write_op(NodeWriter& to, const Pool2d& op) {
    const Quad exact = exact_padding(op, to.shape(0), to.shape());
    return write_channels_first(to, op.layout, to.input(0), [&](const std::string& x) {
        if (op.kind == PoolKind::kMax) return write_window(to, "MaxPool", x, op, exact);
        return write_average(to, x, op, exact);
    });
}

std::string write_op(NodeWriter& to, const Reduce& op) {
    const int rank = to.shape(0).rank();
    Ints axes;
    for (const std::int64_t axis : op.axes) axes.push_back(axis_from_front(axis, rank));
    std::sort(axes.begin(), axes.end());
    const Attribute keep{"keepdims", std::int64_t{op.keep_axes}};
    switch (op.kind) {
        case ReduceKind::kMean:
            // Runtimes have a faster kernel, and an int8 one, under this name.
            if (rank == 4 && axes == Ints{2, 3} && op.keep_axes)
                return to.add("GlobalAveragePool", {to.input(0)});
            return to.add("ReduceMean", {to.input(0)}, {{"axes", axes}, keep});
        case ReduceKind::kSum:
            return to.add("ReduceSum", {to.input(0), to.integers(axes)}, {keep});
        case ReduceKind::kMax:
            return to.add("ReduceMax", {to.input(0)}, {{"axes", axes}, keep});
    }
    return to.input(0);
}

}  // namespace espalier::formats::onnx
