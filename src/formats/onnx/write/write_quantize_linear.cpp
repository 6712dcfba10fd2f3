#include "formats/onnx/write/writers.h"

namespace espalier::formats::onnx {

using namespace graph;

namespace {

std::string write_affine(NodeWriter& to, const char* op_type, std::int64_t axis) {
    std::vector<std::string> inputs{to.input(0), to.input(1)};
    if (to.has(2)) inputs.push_back(to.input(2));
    if (to.shape(1).elements() == 1) return to.add(op_type, std::move(inputs));
    return to.add(op_type, std::move(inputs), {{"axis", axis_from_front(axis, to.shape().rank())}});
}

}  // namespace

std::string write_op(NodeWriter& to, const QuantizeLinear& op) {
    return write_affine(to, "QuantizeLinear", op.axis);
}

std::string write_op(NodeWriter& to, const DequantizeLinear& op) {
    return write_affine(to, "DequantizeLinear", op.axis);
}

}  // namespace espalier::formats::onnx
