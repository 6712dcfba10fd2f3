#pragma once

#include <optional>

#include "engine/lower/lower.h"
#include "kernels/sparse/spmm_i8.h"

namespace espalier::engine {

/// Operator::mac_class of kernels that skip zero weights.
inline constexpr const char* kSparseClass = "sparse";
inline constexpr const char* kSparseI8Class = "sparse-int8";

/// The operator for rows times weights [N, K] that skips zero weights, with bias and residual as inputs 2 and
/// 3; null where the dense kernel should be faster (kernels/sparse/spmm_cost.h), which multiplies bf16 if
/// `as_bf16`.
OperatorPtr lower_sparse_linear(const Lowering& lowering, const Tensor& weights, bool as_bf16,
                                const graph::Activation& activation);

/// The same for a convolution, whose dense rival may be Winograd's.
OperatorPtr lower_sparse_conv2d(const Lowering& lowering, const kernels::Conv2dShape& shape,
                                const Tensor& weights, bool as_bf16, const graph::Activation& activation);

/// s8 weights without their blocks of zeros, and the share of multiply-accumulates that is left.
struct SparseI8Weights {
    kernels::SparseI8 packed;
    double density;
};

/// Nothing where the dense int8 kernel should be faster.
std::optional<SparseI8Weights> pack_sparse_i8(const Lowering& lowering, const Tensor& weights,
                                              const Tensor& scales);
std::optional<SparseI8Weights> pack_sparse_i8(const Lowering& lowering, const kernels::Conv2dShape& shape,
                                              const Tensor& weights, const Tensor& scales);

}  // namespace espalier::engine
