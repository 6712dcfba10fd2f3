#pragma once

#include "kernels/quantize/affine.h"
#include "passes/quantize/value_histogram.h"

namespace espalier::passes {

/// How the range of an activation that 8 bits shall cover is told from the values seen.
struct RangeRule {
    enum class Kind {
        kLeastSquaredError,  ///< the range whose rounding and clipping together err least in the square
        kPercentile,         ///< leaves out a share of the values at either end
        kMinMax,             ///< all of them
    };
    Kind kind = Kind::kLeastSquaredError;
    /// Of kPercentile: the largest and the smallest 100 - percentile % are clipped
    double percentile = 99.99;

    bool operator==(const RangeRule&) const = default;
};

/// The range for values so distributed; it includes 0. {0, 0} where nothing but 0 was seen.
kernels::Range activation_range(const ValueHistogram& values, const RangeRule& rule);

/// Expected sum of squared errors of quantizing the values to 256 codes over `range`, which includes 0:
/// values outside are moved to its end, those nearer to 0 than half a step become 0, the others err by the
/// variance of a uniform distribution over one step. Zeros are exact.
double squared_error(const ValueHistogram& values, kernels::Range range);

}  // namespace espalier::passes
