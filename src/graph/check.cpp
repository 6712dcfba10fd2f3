#include "graph/check.h"

namespace espalier::graph {

std::string TensorType::str() const { return fmt::format("{}{}", name(dtype), shape.str()); }

const Check& Check::has_inputs(std::size_t least, std::size_t most) const {
    if (inputs_.size() < least || inputs_.size() > most) {
        fail("{} takes {} to {} inputs, but has {}", op_, least, most, inputs_.size());
    }
    for (std::size_t i = 0; i < least; ++i) {
        if (!inputs_[i]) fail("{}: input {} is required", op_, i);
    }
    return *this;
}

const Check& Check::rank(std::size_t index, int rank) const {
    if (const auto* type = at(index); type && type->shape.rank() != rank) {
        fail("{}: input {} must have rank {}, but is {}", op_, index, rank, type->str());
    }
    return *this;
}

const Check& Check::rank_at_least(std::size_t index, int rank) const {
    if (const auto* type = at(index); type && type->shape.rank() < rank) {
        fail("{}: input {} must have rank {} or more, but is {}", op_, index, rank, type->str());
    }
    return *this;
}

const Check& Check::dtype(std::size_t index, DType dtype) const {
    if (const auto* type = at(index); type && type->dtype != dtype) {
        fail("{}: input {} must be {}, but is {}", op_, index, name(dtype), type->str());
    }
    return *this;
}

const Check& Check::real_weights(std::size_t index) const {
    const auto* type = at(index);
    if (type && type->dtype != DType::kF32 && type->dtype != DType::kBF16) {
        fail("{}: input {} must be f32 or bf16, but is {}", op_, index, type->str());
    }
    return *this;
}

const Check& Check::shape(std::size_t index, const Shape& shape) const {
    if (const auto* type = at(index); type && !(type->shape == shape)) {
        fail("{}: input {} must have shape {}, but is {}", op_, index, shape.str(), type->str());
    }
    return *this;
}

const Check& Check::that(bool condition, std::string_view expectation) const {
    if (!condition) fail("{}: {}", op_, expectation);
    return *this;
}

int normalized_axis(std::string_view op, std::int64_t axis, int rank) {
    if (axis < -rank || axis >= rank) fail("{}: axis {} is outside a tensor of rank {}", op, axis, rank);
    return static_cast<int>(axis < 0 ? axis + rank : axis);
}

}  // namespace espalier::graph
