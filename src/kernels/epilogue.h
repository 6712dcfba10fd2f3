#pragma once

#include <cstdint>

#include "kernels/quantize/row_codes.h"

namespace espalier::kernels {

/// Element-wise functions that a kernel applies to its result before it is stored.
enum class Activation : std::uint8_t {
    kNone,
    kRelu,      ///< max(x, 0)
    kClip,      ///< min(max(x, lo), hi); relu6 is lo 0, hi 6
    kGelu,      ///< x/2 (1 + erf(x / sqrt 2)), absolute error below 1e-6 max(1, |x|)
    kGeluTanh,  ///< x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))
    kSilu,      ///< x / (1 + exp(-x))
    kSigmoid,   ///< 1 / (1 + exp(-x))
    kTanh,
    kHardSwish,    ///< x min(max(x + 3, 0), 6) / 6
    kHardSigmoid,  ///< min(max(x + 3, 0), 6) / 6
};

/// What happens to an accumulator before it is stored: out = activation(acc + bias + residual).
struct Epilogue {
    /// One value per output column (channel); null for none.
    const float* bias = nullptr;
    /// Same shape and row stride as the output; null for none. May be the output itself, not a shifted
    /// overlap.
    const float* residual = nullptr;
    Activation activation = Activation::kNone;
    float lo = 0.0f;  ///< lower bound of kClip
    float hi = 0.0f;  ///< upper bound of kClip
    /// Where it has codes, and the kernel says that it gives them: the rows of the dense result as
    /// quantize_groups_u8() codes them with a row for a group, each as soon as it is complete and while its
    /// floats are in the cache. The result itself may then be null.
    RowCodes row_codes = {};
};

}  // namespace espalier::kernels
