#include "graph/ops/matmul.h"

#include "graph/check.h"

namespace espalier::graph {

TensorType MatMul::infer(InputTypes inputs) const {
    const Check check(kName, inputs);
    check.has_inputs(2).rank_at_least(0, 2).dtype(0, DType::kF32).dtype(1, DType::kF32);
    const Shape& a = inputs[0]->shape;
    const Shape& b = inputs[1]->shape;
    const int rank = a.rank();
    check.rank(1, rank).that(rank <= 4, "matrices of more than two batch axes are not supported");
    for (int axis = 0; axis + 2 < rank; ++axis) {
        check.that(a[axis] == b[axis], fmt::format("batch axes differ: {} and {}", a.str(), b.str()));
    }
    const std::int64_t inner = transpose_b ? b[rank - 1] : b[rank - 2];
    check.that(a.back() == inner, fmt::format("inner extents differ: {} and {}", a.str(), b.str()));
    return {DType::kF32, a.with(rank - 1, transpose_b ? b[rank - 2] : b[rank - 1])};
}

Cost MatMul::cost(InputTypes inputs, const TensorType& output) const {
    return {.macs = output.shape.elements() * inputs[0]->shape.back()};
}

TensorType Attention::infer(InputTypes inputs) const {
    const Check check(kName, inputs);
    check.that(inputs.size() == 1 || inputs.size() == 3 || inputs.size() == 4, "takes 1, 3 or 4 inputs");
    check.rank(0, 3).dtype(0, DType::kF32);
    const Shape& q = inputs[0]->shape;
    const bool packed = inputs.size() == 1;
    check.that(!packed || q[2] % 3 == 0, fmt::format("packed q, k, v {} do not divide by 3", q.str()));
    const std::int64_t width = packed ? q[2] / 3 : q[2];
    check.that(heads >= 1 && width % heads == 0,
               fmt::format("a width of {} does not divide into {} heads", width, heads));
    if (!packed) {
        check.has_inputs(3, 4).rank(1, 3).dtype(1, DType::kF32).dtype(2, DType::kF32);
        check.shape(1, {q[0], inputs[1]->shape[1], width}).shape(2, inputs[1]->shape);
        check.shape(3, {heads, q[1], inputs[1]->shape[1]});
    }
    return {DType::kF32, {q[0], q[1], width}};
}

Cost Attention::cost(InputTypes inputs, const TensorType& output) const {
    const std::int64_t keys = inputs[inputs.size() == 1 ? 0 : 1]->shape[1];
    const std::int64_t scores = output.shape[0] * heads * output.shape[1] * keys;
    // Softmax: subtract the maximum, exponentiate, add up, divide; one more for the scale.
    return {.macs = 2 * output.shape.elements() * keys, .other_ops = 5 * scores};
}

}  // namespace espalier::graph
