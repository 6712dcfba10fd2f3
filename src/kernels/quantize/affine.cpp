#include "kernels/quantize/affine.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace espalier::kernels {
namespace {

/// The range widened to include 0, with NaN as 0 and infinities cut to the largest float.
Range widened(Range range) {
    constexpr float kMost = std::numeric_limits<float>::max();
    Range out;
    if (range.min < 0) out.min = std::max(range.min, -kMost);
    if (range.max > 0) out.max = std::min(range.max, kMost);
    return out;
}

}  // namespace

Affine choose_affine_u8(Range range) {
    const Range r = widened(range);
    const double span = static_cast<double>(r.max) - r.min;
    if (span == 0) return {};
    const float scale = std::max(static_cast<float>(span / 255), std::numeric_limits<float>::min());
    const double code_of_zero = std::nearbyint(-static_cast<double>(r.min) / scale);
    return {scale, static_cast<std::int32_t>(std::clamp(code_of_zero, 0.0, 255.0))};
}

Affine choose_qparams_reduce_range(Range range) {
    constexpr double kTop = 127;
    constexpr float kSmallest = 6.1e-5f;
    Range r = widened(range);
    double scale = (static_cast<double>(r.max) - r.min) / kTop;
    if (static_cast<float>(scale) == 0 || std::isinf(1 / static_cast<float>(scale))) scale = 0.1;
    if (scale < kSmallest) {
        const auto before = static_cast<float>(scale);
        scale = kSmallest;
        if (r.min == 0) {
            r.max = kSmallest * static_cast<float>(kTop);
        } else if (r.max == 0) {
            r.min = -kSmallest * static_cast<float>(kTop);
        } else {
            r.min *= kSmallest / before;
            r.max *= kSmallest / before;
        }
    }
    const double from_min = -r.min / scale, from_max = kTop - r.max / scale;
    const double error_min = -std::fabs(r.min / scale), error_max = kTop - std::fabs(r.max / scale);
    const double code_of_zero = error_min < error_max ? from_min : from_max;
    return {static_cast<float>(scale),
            static_cast<std::int32_t>(std::nearbyint(std::clamp(code_of_zero, 0.0, kTop)))};
}

}  // namespace espalier::kernels
