#pragma once

#include "base/random.h"
#include "tensor/tensor.h"

namespace espalier::engine {

/// Seeded normal deviates.
inline Tensor random_tensor(const Shape& shape, std::uint64_t seed) {
    Tensor tensor = Tensor::allocate(DType::kF32, shape);
    Random random(seed);
    for (float& value : tensor.mutable_span<float>()) value = static_cast<float>(random.normal());
    return tensor;
}

}  // namespace espalier::engine
