#pragma once

#include <functional>
#include <span>

#include "formats/onnx/arrange.h"
#include "graph/fields.h"
#include "graph/ops/pointwise.h"
#include "tensor/tensor.h"

namespace espalier::formats::onnx {

/// Operations on constants, done once while a model is read. All keep the element type; the pointwise ones
/// take f32.
Tensor fold(const Tensor& tensor, const Arrangement& arrangement);
Tensor fold(const graph::Unary& op, const Tensor& tensor);
Tensor fold(graph::BinaryKind kind, const Tensor& a, const Tensor& b);
/// f(a, b) element by element with NumPy broadcasting, as bool.
Tensor fold_to_bool(const Tensor& a, const Tensor& b, const std::function<bool(float, float)>& f);
/// a where the condition is not 0, else b, with NumPy broadcasting, as f32.
Tensor fold_where(const Tensor& condition, const Tensor& a, const Tensor& b);
/// Tensors of one type behind each other along `axis`.
Tensor fold_concat(std::span<const Tensor> parts, int axis);

/// True for f32, f16, bf16 and f64.
bool is_floating(DType dtype);

}  // namespace espalier::formats::onnx
