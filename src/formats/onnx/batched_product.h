#pragma once

#include "formats/onnx/call.h"

namespace espalier::formats::onnx {

/// y[..., m, n] = sum_k a[..., m, k] b[..., k, n], or b[..., n, k] where transpose_b, for values of rank 2 or
/// more. Leading axes are joined where there are more than two, and broadcast where they are 1.
NodeId batched_product(Call& call, NodeId a, NodeId b, bool transpose_b);

}  // namespace espalier::formats::onnx
