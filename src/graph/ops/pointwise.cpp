#include "graph/ops/pointwise.h"

#include <algorithm>

#include "graph/check.h"

namespace espalier::graph {

TensorType Unary::infer(InputTypes inputs) const {
    Check(kName, inputs).has_inputs(1).dtype(0, DType::kF32);
    return *inputs[0];
}

Cost Unary::cost(InputTypes, const TensorType& output) const {
    return {.other_ops = output.shape.elements()};
}

Shape broadcast_shape(std::string_view op, const Shape& a, const Shape& b) {
    const int rank = std::max(a.rank(), b.rank());
    std::vector<std::int64_t> extents(static_cast<std::size_t>(rank));
    for (int axis = 0; axis < rank; ++axis) {
        const int ia = axis - (rank - a.rank());
        const int ib = axis - (rank - b.rank());
        const std::int64_t ea = ia < 0 ? 1 : a[ia];
        const std::int64_t eb = ib < 0 ? 1 : b[ib];
        if (ea != eb && ea != 1 && eb != 1) {
            fail("{}: shapes {} and {} do not broadcast", op, a.str(), b.str());
        }
        extents[static_cast<std::size_t>(axis)] = ea == 1 ? eb : ea;
    }
    return Shape(std::move(extents));
}

TensorType Binary::infer(InputTypes inputs) const {
    Check(kName, inputs).has_inputs(2).dtype(0, DType::kF32).dtype(1, DType::kF32);
    return {DType::kF32, broadcast_shape(kName, inputs[0]->shape, inputs[1]->shape)};
}

Cost Binary::cost(InputTypes, const TensorType& output) const {
    return {.other_ops = output.shape.elements()};
}

TensorType BroadcastBatch::infer(InputTypes inputs) const {
    const Check check(kName, inputs);
    check.has_inputs(2).rank_at_least(0, 1).rank_at_least(1, 1);
    check.that(inputs[0]->shape[0] == 1, fmt::format("axis 0 of {} must be 1", inputs[0]->str()));
    return {inputs[0]->dtype, inputs[0]->shape.with(0, inputs[1]->shape[0])};
}

Cost BroadcastBatch::cost(InputTypes, const TensorType&) const { return {}; }

}  // namespace espalier::graph
