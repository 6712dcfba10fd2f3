#include "graph/ops/movement.h"

#include <algorithm>

#include "graph/check.h"

namespace espalier::graph {

TensorType Reshape::infer(InputTypes inputs) const {
    const Check check(kName, inputs);
    check.has_inputs(1);
    const Shape& x = inputs[0]->shape;
    std::vector<std::int64_t> extents = dims;
    std::size_t open = extents.size();
    for (std::size_t i = 0; i < extents.size(); ++i) {
        if (extents[i] == 0) {
            check.that(static_cast<int>(i) < x.rank(),
                       fmt::format("axis {} of {} cannot be kept: it does not exist", i, x.str()));
            extents[i] = x[static_cast<int>(i)];
        } else if (extents[i] == -1) {
            check.that(open == extents.size(), "only one extent may be -1");
            open = i;
            extents[i] = 1;
        }
    }
    const std::int64_t known = Shape(extents).elements();
    if (open < extents.size()) {
        check.that(known > 0 && x.elements() % known == 0,
                   fmt::format("{} elements do not divide by {}", x.elements(), known));
        extents[open] = x.elements() / known;
    }
    const Shape y(std::move(extents));
    check.that(y.elements() == x.elements(), fmt::format("{} cannot become {}", x.str(), y.str()));
    return {inputs[0]->dtype, y};
}

TensorType Transpose::infer(InputTypes inputs) const {
    const Check check(kName, inputs);
    check.has_inputs(1).rank(0, static_cast<int>(perm.size()));
    const Shape& x = inputs[0]->shape;
    std::vector<std::int64_t> extents;
    std::vector<bool> used(perm.size(), false);
    for (const auto axis : perm) {
        const auto index = static_cast<std::size_t>(normalized_axis(kName, axis, x.rank()));
        check.that(!used[index], "an axis occurs twice in the permutation");
        used[index] = true;
        extents.push_back(x[static_cast<int>(index)]);
    }
    return {inputs[0]->dtype, Shape(std::move(extents))};
}

TensorType Concat::infer(InputTypes inputs) const {
    const Check check(kName, inputs);
    check.has_inputs(1, 1024);
    const Shape& first = inputs[0]->shape;
    const int along = normalized_axis(kName, axis, first.rank());
    std::int64_t extent = 0;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        check.that(inputs[i] != nullptr, "every input is required");
        check.rank(i, first.rank()).dtype(i, inputs[0]->dtype);
        check.shape(i, first.with(along, inputs[i]->shape[along]));
        extent += inputs[i]->shape[along];
    }
    return {inputs[0]->dtype, first.with(along, extent)};
}

Pair Slice::range(std::int64_t extent) const {
    const auto clamp = [extent](std::int64_t index) {
        return std::clamp<std::int64_t>(index < 0 ? index + extent : index, 0, extent);
    };
    const std::int64_t first = clamp(begin);
    const std::int64_t last = clamp(end);
    return {first, last > first ? (last - first + step - 1) / step : 0};
}

TensorType Slice::infer(InputTypes inputs) const {
    const Check check(kName, inputs);
    check.has_inputs(1).that(step >= 1 && step <= (std::int64_t{1} << 40), "the step must be positive");
    const Shape& x = inputs[0]->shape;
    const int along = normalized_axis(kName, axis, x.rank());
    return {inputs[0]->dtype, x.with(along, range(x[along])[1])};
}

TensorType Pad::infer(InputTypes inputs) const {
    const Check check(kName, inputs);
    check.has_inputs(1).rank(0, static_cast<int>(before.size())).dtype(0, DType::kF32);
    check.that(before.size() == after.size(), "needs as many extents before as after");
    std::vector<std::int64_t> extents = inputs[0]->shape.extents();
    for (std::size_t i = 0; i < extents.size(); ++i) {
        check.that(before[i] >= 0 && after[i] >= 0 && before[i] <= Shape::kMaxElements &&
                       after[i] <= Shape::kMaxElements,
                   "padding must not be negative or huge");
        extents[i] += before[i] + after[i];
    }
    return {DType::kF32, Shape(std::move(extents))};
}

TensorType Gather::infer(InputTypes inputs) const {
    const Check check(kName, inputs);
    check.has_inputs(1);
    const Shape& x = inputs[0]->shape;
    const int along = normalized_axis(kName, axis, x.rank());
    // The message is made for a bad index only: a gather of tokens has thousands.
    const auto bad = std::find_if(indices.begin(), indices.end(),
                                  [&](std::int64_t index) { return index < 0 || index >= x[along]; });
    if (bad != indices.end()) {
        check.that(false, fmt::format("index {} is outside axis {} of {}", *bad, along, x.str()));
    }
    return {inputs[0]->dtype, x.with(along, static_cast<std::int64_t>(indices.size()))};
}

}  // namespace espalier::graph
