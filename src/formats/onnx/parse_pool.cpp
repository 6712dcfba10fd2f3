#include "base/error.h"
#include "formats/onnx/parsers.h"
#include "formats/onnx/quantized.h"
#include "formats/onnx/window.h"

namespace espalier::formats::onnx {

using namespace graph;

/// MaxPool, AveragePool
void parse_pool(Call& call) {
    const NodeId x = call.operand(0);
    const Shape& image = call.type(x).shape;
    if (image.rank() != 4) fail("only pooling of images is supported, not of {}", image.str());
    if (call.outputs() > 1) fail("the indices of the maxima are not supported");
    call.attribute("kernel_shape");
    const Window window = read_window(call, read_pair(call, "kernel_shape", {}), image[2], image[3]);
    if (window.dilation != Pair{1, 1}) fail("dilations are not supported");
    call.give(through_floats(call, x,
                             Pool2d{.kind = call.op_type() == "MaxPool" ? PoolKind::kMax : PoolKind::kAverage,
                                    .kernel = window.kernel,
                                    .stride = window.stride,
                                    .pad = window.pad,
                                    .ceil = call.integer("ceil_mode", 0) != 0,
                                    .count_include_pad = call.integer("count_include_pad", 0) != 0}));
}

}  // namespace espalier::formats::onnx
