#include "base/error.h"
#include "formats/onnx/parsers.h"
#include "formats/onnx/quantized.h"
#include "formats/onnx/window.h"

namespace espalier::formats::onnx {

using namespace graph;

namespace {

Pool2d pool_of(Call& call, const Shape& image, PoolKind kind) {
    if (image.rank() != 4) fail("only pooling of images is supported, not of {}", image.str());
    if (call.outputs() > 1) fail("the indices of the maxima are not supported");
    call.attribute("kernel_shape");
    const Window window = read_window(call, read_pair(call, "kernel_shape", {}), image[2], image[3]);
    if (window.dilation != Pair{1, 1}) fail("dilations are not supported");
    return {.kind = kind,
            .kernel = window.kernel,
            .stride = window.stride,
            .pad = window.pad,
            .ceil = call.integer("ceil_mode", 0) != 0,
            .count_include_pad = call.integer("count_include_pad", 0) != 0};
}

}  // namespace

/// MaxPool, AveragePool
void parse_pool(Call& call) {
    const NodeId x = call.operand(0);
    const PoolKind kind = call.op_type() == "MaxPool" ? PoolKind::kMax : PoolKind::kAverage;
    call.give(through_floats(call, x, pool_of(call, call.type(x).shape, kind)));
}

/// com.microsoft::QLinearAveragePool: x and y with scale and zero point.
void parse_qlinear_average_pool(Call& call) {
    if (call.integer("channels_last", 0) != 0) fail("channels_last is not supported");
    const NodeId x = dequantized(call, 0);
    give_quantized(call, call.add(pool_of(call, call.type(x).shape, PoolKind::kAverage), {x}), 3);
}

}  // namespace espalier::formats::onnx
