#include "formats/onnx/write/writers.h"

namespace espalier::formats::onnx {

using namespace graph;

std::string write_op(NodeWriter& to, const MatMul& op) {
    std::string b = to.input(1);
    if (op.transpose_b) {
        Ints perm;
        for (int axis = 0; axis < to.shape(1).rank(); ++axis) perm.push_back(axis);
        std::swap(perm[perm.size() - 1], perm[perm.size() - 2]);
        b = to.transposed(b, perm);
    }
    return to.add("MatMul", {to.input(0), b});
}

}  // namespace espalier::formats::onnx
