#include "graph/ops/pool.h"

#include <algorithm>

#include "graph/check.h"

namespace espalier::graph {

TensorType Pool2d::infer(InputTypes inputs) const {
    const Check check(kName, inputs);
    check.has_inputs(1).rank(0, 4);
    const bool is_coded = kind == PoolKind::kMax && inputs[0]->dtype == DType::kU8;
    if (!is_coded) check.dtype(0, DType::kF32);
    const DType dtype = inputs[0]->dtype;
    const Shape& x = inputs[0]->shape;
    const Window window{kernel, stride, pad, {1, 1}};
    check.that(pad[0] < kernel[0] && pad[2] < kernel[0] && pad[1] < kernel[1] && pad[3] < kernel[1],
               "padding must be smaller than the window");
    if (layout == Layout::kNhwc) {
        const Pair out = window.output(kName, x[1], x[2], ceil);
        return {dtype, {x[0], out[0], out[1], x[3]}};
    }
    const Pair out = window.output(kName, x[2], x[3], ceil);
    return {dtype, {x[0], x[1], out[0], out[1]}};
}

Cost Pool2d::cost(InputTypes, const TensorType& output) const {
    return {.other_ops = output.shape.elements() * kernel[0] * kernel[1]};
}

TensorType Reduce::infer(InputTypes inputs) const {
    const Check check(kName, inputs);
    check.has_inputs(1).dtype(0, DType::kF32);
    const Shape& x = inputs[0]->shape;
    std::vector<bool> reduced(static_cast<std::size_t>(x.rank()), false);
    for (const auto axis : axes)
        reduced[static_cast<std::size_t>(normalized_axis(kName, axis, x.rank()))] = true;
    std::vector<std::int64_t> extents;
    for (int axis = 0; axis < x.rank(); ++axis) {
        if (!reduced[static_cast<std::size_t>(axis)]) {
            extents.push_back(x[axis]);
        } else {
            check.that(x[axis] > 0, "cannot reduce an empty axis");
            if (keep_axes) extents.push_back(1);
        }
    }
    return {DType::kF32, Shape(std::move(extents))};
}

Cost Reduce::cost(InputTypes inputs, const TensorType&) const {
    return {.other_ops = inputs[0]->shape.elements()};
}

}  // namespace espalier::graph
