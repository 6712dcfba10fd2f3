#pragma once

#include <string_view>

#include "base/error.h"
#include "graph/type.h"

namespace espalier::graph {

/// Guards of shape rules that read as sentences and throw Error naming the input, what was expected, what
/// came.
class Check {
  public:
    Check(std::string_view op, InputTypes inputs) : op_(op), inputs_(inputs) {}

    /// Between `least` and `most` inputs, the first `least` of them present.
    const Check& has_inputs(std::size_t least, std::size_t most) const;
    const Check& has_inputs(std::size_t count) const { return has_inputs(count, count); }
    /// Input `index`, when present, has this rank.
    const Check& rank(std::size_t index, int rank) const;
    const Check& rank_at_least(std::size_t index, int rank) const;
    const Check& dtype(std::size_t index, DType dtype) const;
    /// Input `index`, when present, is f32 or bf16: weights in either precision of storage.
    const Check& real_weights(std::size_t index) const;
    /// Input `index`, when present, has exactly this shape.
    const Check& shape(std::size_t index, const Shape& shape) const;
    const Check& that(bool condition, std::string_view expectation) const;

  private:
    const TensorType* at(std::size_t index) const {
        return index < inputs_.size() ? inputs_[index] : nullptr;
    }

    std::string_view op_;
    InputTypes inputs_;
};

/// Turns an axis that may count from the end into [0, rank). Throws Error when it is outside.
int normalized_axis(std::string_view op, std::int64_t axis, int rank);

}  // namespace espalier::graph
