#include "passes/quantize/value_histogram.h"

#include <algorithm>
#include <cmath>

namespace espalier::passes {
namespace {

/// Smaller magnitudes share the first bin: the inverse of a bin's width must be a finite float.
constexpr double kLeastReach = 0x1p-100;

/// Counts in bins of twice the width.
void merge_pairs(std::vector<std::int64_t>& bins) {
    for (std::size_t i = 0; i < bins.size() / 2; ++i) bins[i] = bins[2 * i] + bins[2 * i + 1];
    std::fill(bins.begin() + static_cast<std::ptrdiff_t>(bins.size() / 2), bins.end(), 0);
}

}  // namespace

void ValueHistogram::reach_for(float magnitude) {
    int exponent = 0;
    std::frexp(magnitude, &exponent);
    const double wanted = std::max(std::ldexp(1.0, exponent), kLeastReach);
    if (reach_ == 0) reach_ = wanted;
    for (; reach_ < wanted; reach_ *= 2) {
        merge_pairs(above_);
        merge_pairs(below_);
    }
}

void ValueHistogram::add(std::span<const float> values) {
    kernels::Range range = range_;
    for (const float value : values) {
        if (!std::isfinite(value)) continue;
        range.min = std::min(range.min, value);
        range.max = std::max(range.max, value);
    }
    range_ = range;
    const float magnitude = std::max(-range.min, range.max);
    if (magnitude > 0) reach_for(magnitude);
    const float bins_per_unit = reach_ > 0 ? static_cast<float>(static_cast<double>(kBins) / reach_) : 0.0F;
    for (const float value : values) {
        if (!std::isfinite(value)) continue;
        ++count_;
        if (value == 0) {
            ++zeros_;
        } else {
            auto& side = value > 0 ? above_ : below_;
            ++side[static_cast<std::size_t>(std::fabs(value) * bins_per_unit)];
        }
    }
}

}  // namespace espalier::passes
