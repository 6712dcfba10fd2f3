#pragma once

#include <cstdlib>

#include "formats/tensor_map.h"

namespace espalier::fuzz {

/// Reads every byte of what a checkpoint gave, so that a view of the wrong memory shows.
inline void touch(const formats::TensorMap& tensors) {
    unsigned sum = 0;
    for (const auto& [name, tensor] : tensors) {
        for (const std::byte byte : tensor.bytes()) sum += std::to_integer<unsigned>(byte);
    }
    volatile unsigned kept = sum;
    static_cast<void>(kept);
}

}  // namespace espalier::fuzz
