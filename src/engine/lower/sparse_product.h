#pragma once

#include "engine/lower/lower.h"

namespace espalier::engine {

/// The operator for rows times weights [N, K] that skips zero weights; null where the dense kernel is faster: few
/// zeros, or too few rows per image to fill the lanes. `tail` is the index of the bias, which a residual follows.
OperatorPtr lower_sparse_product(const Lowering& lowering, const Tensor& weights, std::size_t tail,
                                 const graph::Activation& activation);

}  // namespace espalier::engine
