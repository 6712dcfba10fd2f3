#include "base/error.h"
#include "formats/onnx/fold.h"
#include "formats/onnx/parsers.h"

namespace espalier::formats::onnx {

using namespace graph;

/// Without perm the axes are reversed.
void parse_transpose(Call& call) {
    const Tensor* constant = call.constant(0);
    const int rank = constant ? constant->shape().rank() : call.type(call.operand(0)).shape.rank();
    Ints perm;
    for (int axis = rank; axis-- > 0;) perm.push_back(axis);
    perm = call.list("perm", perm);
    if (constant && perm == Ints{1, 0}) return call.give(constant->transposed());
    if (constant) return call.give(fold(*constant, arrange_transpose(constant->shape(), perm)));
    call.give(call.add(Transpose{perm}, {call.operand(0)}));
}

}  // namespace espalier::formats::onnx
