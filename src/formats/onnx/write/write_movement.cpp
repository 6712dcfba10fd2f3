#include "formats/onnx/write/writers.h"

namespace espalier::formats::onnx {

using namespace graph;

std::string write_op(NodeWriter& to, const Reshape& op) { return to.reshaped(to.input(0), op.dims); }

std::string write_op(NodeWriter& to, const Transpose& op) {
    Ints perm;
    for (const std::int64_t axis : op.perm) perm.push_back(axis_from_front(axis, to.shape().rank()));
    return to.transposed(to.input(0), perm);
}

std::string write_op(NodeWriter& to, const Concat& op) {
    std::vector<std::string> inputs;
    for (std::size_t i = 0; i < to.node().inputs.size(); ++i) inputs.push_back(to.input(i));
    return to.add("Concat", std::move(inputs), {{"axis", axis_from_front(op.axis, to.shape().rank())}});
}

std::string write_op(NodeWriter& to, const Slice& op) {
    const std::int64_t axis = axis_from_front(op.axis, to.shape().rank());
    return to.add("Slice", {to.input(0), to.integers({op.begin}), to.integers({op.end}), to.integers({axis}),
                            to.integers({op.step})});
}

std::string write_op(NodeWriter& to, const Pad& op) {
    Ints pads = op.before;
    pads.insert(pads.end(), op.after.begin(), op.after.end());
    return to.add("Pad", {to.input(0), to.integers(pads), to.scalar(op.value)});
}

std::string write_op(NodeWriter& to, const Gather& op) {
    return to.add("Gather", {to.input(0), to.integers(op.indices)},
                  {{"axis", axis_from_front(op.axis, to.shape().rank())}});
}

}  // namespace espalier::formats::onnx
