#pragma once

#include "statistics/bootstrap.h"

namespace espalier::statistics {

/// Whether and when an optimization has paid for itself.
enum class BreakEvenState {
    kShown,      ///< pays back after `images`
    kNotShown,   ///< the interval of the saving contains 0
    kNever,      ///< the treatment costs more per image, beyond doubt
    kImmediate,  ///< it saves, and optimizing cost nothing measurable
};

struct BreakEven {
    BreakEvenState state = BreakEvenState::kNotShown;
    double images = 0.0;  ///< cost / saving; meaningful when kShown
    Interval interval;    ///< of images; meaningful when kShown
    Estimate saving;      ///< median(baseline) - median(treated), per image
    double cost = 0.0;    ///< median of the one-off costs
};

/// N* = cost / saving per image, both medians over blocks, in one unit (J, money, g). The interval is the
/// percentile interval of the ratio over resampled blocks; it is shown only when the interval of the saving
/// (same resampling, method of `options`) is entirely positive.
/// `cost` holds the one-off cost measured in each block of `per_image`; throws Error when a block lacks one.
BreakEven break_even(const PairedRepetitions& per_image, const Repetitions& cost,
                     const BootstrapOptions& options = {});

}  // namespace espalier::statistics
