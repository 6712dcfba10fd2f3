#pragma once

#include <cstdint>
#include <vector>

namespace espalier::kernels {

/// Symmetric s8 weights: w[n k] ~ scales[n] * values[n k], or scales[0] for all when there is one scale.
struct QuantizedWeights {
    std::vector<std::int8_t> values;
    std::vector<float> scales;
};

/// How the clipping range of a row is chosen.
enum class WeightClip : std::uint8_t {
    kMaxAbs,             ///< the largest magnitude maps to 127
    kLeastSquaredError,  ///< the best of 100 %, 98 %, ... 60 % of the largest magnitude by squared error
};

/// One scale per row of w[n k]; codes -127..127, round half to even. A row of zeros gets scale 1; NaN becomes
/// 0 and infinities saturate.
QuantizedWeights quantize_weights_per_row(const float* w, std::int64_t n, std::int64_t k,
                                          WeightClip clip = WeightClip::kMaxAbs);

/// torch.ao's default weight observer: one scale max|w| / 127.5 for the whole tensor, codes -128..127, zero
/// point 0.
QuantizedWeights quantize_weights_torch(const float* w, std::int64_t n, std::int64_t k);

}  // namespace espalier::kernels
