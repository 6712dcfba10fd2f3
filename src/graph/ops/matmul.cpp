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

namespace {

/// q, k and v side by side in the first input.
bool is_packed(InputTypes inputs) { return inputs.size() == 1 || !inputs[1]; }

/// The bias has shape `one`, or [b, one...] with b dividing the batch.
void check_bias(const Check& check, const TensorType& bias, const Shape& one, std::int64_t batch) {
    check.dtype(3, DType::kF32);
    if (bias.shape.rank() != 4) {
        check.shape(3, one);
        return;
    }
    const std::int64_t count = bias.shape[0];
    check.shape(3, {count, one[0], one[1], one[2]});
    check.that(count >= 1 && batch % count == 0,
               fmt::format("{} biases do not repeat over a batch of {}", count, batch));
}

}  // namespace

TensorType Attention::infer(InputTypes inputs) const {
    const Check check(kName, inputs);
    check.that(inputs.size() == 1 || inputs.size() == 3 || inputs.size() == 4, "takes 1, 3 or 4 inputs");
    check.has_inputs(is_packed(inputs) ? 1 : 3, 4).rank(0, 3).dtype(0, DType::kF32);
    const Shape& q = inputs[0]->shape;
    const bool packed = is_packed(inputs);
    check.that(!packed || q[2] % 3 == 0, fmt::format("packed q, k, v {} do not divide by 3", q.str()));
    const std::int64_t width = packed ? q[2] / 3 : q[2];
    std::int64_t keys = q[1];
    std::int64_t values = width;
    if (!packed) {
        check.rank(1, 3).dtype(1, DType::kF32).rank(2, 3).dtype(2, DType::kF32);
        keys = inputs[1]->shape[1];
        values = inputs[2]->shape[2];
        check.shape(1, {q[0], keys, width}).shape(2, {q[0], keys, values});
    }
    check.that(heads >= 1 && width % heads == 0 && values % heads == 0,
               fmt::format("widths of {} and {} do not divide into {} heads", width, values, heads));
    if (inputs.size() == 4 && inputs[3]) check_bias(check, *inputs[3], {heads, q[1], keys}, q[0]);
    return {DType::kF32, {q[0], q[1], values}};
}

Cost Attention::cost(InputTypes inputs, const TensorType& output) const {
    const bool packed = is_packed(inputs);
    const std::int64_t keys = inputs[packed ? 0 : 1]->shape[1];
    const std::int64_t width = packed ? output.shape[2] : inputs[0]->shape[2];
    const std::int64_t rows = output.shape[0] * output.shape[1];
    const bool biased = inputs.size() == 4 && inputs[3];
    // Softmax: subtract the maximum, exponentiate, add up, divide; one more for the scale, and one for the
    // bias.
    return {.macs = rows * keys * (width + output.shape[2]),
            .other_ops = (biased ? 6 : 5) * rows * heads * keys};
}

}  // namespace espalier::graph
