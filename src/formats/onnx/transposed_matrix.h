#pragma once

#include "tensor/tensor.h"

namespace espalier::formats::onnx {

/// [N, K] -> [K, N]
Tensor transposed_matrix(const Tensor& matrix);

}  // namespace espalier::formats::onnx
