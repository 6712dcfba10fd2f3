#pragma once

#include <functional>
#include <map>
#include <string>

#include "tensor/tensor.h"

namespace espalier::formats {

/// Tensors by name, as a checkpoint holds them.
using TensorMap = std::map<std::string, Tensor, std::less<>>;

}  // namespace espalier::formats
