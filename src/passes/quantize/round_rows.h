#pragma once

#include "tensor/tensor.h"

namespace espalier::passes {

/// Weights [N, ...] of f32 rounded to bf16 so that the errors of each row n sum to nearly nothing.
///
/// Inputs that went through a ReLU or a mean are of one sign, so that errors of nearest rounding, which sum
/// up by chance, shift every output of a channel; layers without normalization in between pass such shifts
/// on. Each weight takes that one of its two neighbours in bf16 which brings the sum of the row's errors so
/// far nearer to 0, weights of large exponent first: what is left is at most half a step of the largest
/// weight, and mostly far less. What bf16 can hold stays as it is, zeros among it. Costs at most one step
/// (2^-7) of error for a weight where nearest rounding costs half of one.
Tensor round_rows_to_bf16(const Tensor& weights);

}  // namespace espalier::passes
