#include "base/error.h"
#include "formats/onnx/parsers.h"

namespace espalier::formats::onnx {

using namespace graph;

/// ReduceMean, ReduceSum, ReduceMax
void parse_reduce(Call& call) {
    const NodeId x = call.operand(0);
    const int rank = call.type(x).shape.rank();
    Reduce reduce{.kind = call.op_type() == "ReduceMax"   ? ReduceKind::kMax
                          : call.op_type() == "ReduceSum" ? ReduceKind::kSum
                                                          : ReduceKind::kMean,
                  .keep_axes = call.integer("keepdims", 1) != 0};
    for (const std::int64_t axis : call.integers_of("axes", 1).value_or(Ints{})) {
        reduce.axes.push_back(axis_of(axis, rank));
    }
    if (reduce.axes.empty() && call.integer("noop_with_empty_axes", 0) != 0) return call.give(x);
    if (reduce.axes.empty()) fail("a reduction over all axes mixes the images of a batch");
    call.give(call.add(reduce, {x}));
}

}  // namespace espalier::formats::onnx
