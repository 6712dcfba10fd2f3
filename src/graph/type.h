#pragma once

#include <span>
#include <string>

#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace espalier::graph {

/// What a node produces: element type and shape. Axis 0 of activations is the batch.
struct TensorType {
    DType dtype = DType::kF32;
    Shape shape;

    /// "f32[1, 3, 224, 224]".
    std::string str() const;
    bool operator==(const TensorType&) const = default;
};

/// Types of a node's inputs in order; nullptr where an optional input is absent.
using InputTypes = std::span<const TensorType* const>;

}  // namespace espalier::graph
