#include "passes/quantize/activation_range.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace espalier::passes {
namespace {

using kernels::Range;

/// Candidates for each end of the range, as equal parts of the largest magnitude on its side.
constexpr int kCandidates = 128;
constexpr double kSteps = 255;

/// Sums over the values of one side of 0, by magnitude, from which errors follow at once.
class Side {
  public:
    Side(std::span<const std::int64_t> bins, double width) : width_(width) {
        for (std::size_t i = 0; i < bins.size(); ++i) {
            const double centre = (static_cast<double>(i) + 0.5) * width;
            const auto count = static_cast<double>(bins[i]);
            sums_[i + 1] = {sums_[i].count + count, sums_[i].first + count * centre,
                            sums_[i].second + count * centre * centre};
        }
    }

    /// Error of this side when magnitudes up to `end` are kept with that step.
    double error(double end, double step) const {
        const Sums& inside = sums_[bins_within(end)];
        const Sums& rounded_to_zero = sums_[std::min(bins_within(step / 2), bins_within(end))];
        const double rounding = (inside.count - rounded_to_zero.count) * step * step / 12;
        return rounded_to_zero.second + rounding + clipping(inside, end);
    }

  private:
    /// Counts, and the sums of magnitudes and of their squares, of the bins before this one.
    struct Sums {
        double count = 0;
        double first = 0;
        double second = 0;
    };

    /// Bins whose centre lies within a magnitude.
    std::size_t bins_within(double magnitude) const {
        const double bins = std::floor(magnitude / width_ + 0.5);
        return static_cast<std::size_t>(std::clamp(bins, 0.0, static_cast<double>(ValueHistogram::kBins)));
    }

    /// sum (v - end)^2 over the values that are not `inside`.
    double clipping(const Sums& inside, double end) const {
        const Sums& all = sums_[ValueHistogram::kBins];
        const double count = all.count - inside.count;
        const double first = all.first - inside.first;
        const double second = all.second - inside.second;
        return std::max(second - 2 * end * first + end * end * count, 0.0);
    }

    double width_;
    std::array<Sums, ValueHistogram::kBins + 1> sums_{};
};

Range least_squared_error(const ValueHistogram& values) {
    const Side above(values.above(), values.width());
    const Side below(values.below(), values.width());
    const Range all = values.range();
    Range best = all;
    double least = -1;
    for (int top = kCandidates; top >= (all.max > 0 ? 1 : kCandidates); --top) {
        for (int bottom = kCandidates; bottom >= (all.min < 0 ? 1 : kCandidates); --bottom) {
            const double max = static_cast<double>(all.max) * top / kCandidates;
            const double min = static_cast<double>(all.min) * bottom / kCandidates;
            const double step = (max - min) / kSteps;
            const double error = above.error(max, step) + below.error(-min, step);
            if (least >= 0 && error >= least) continue;
            least = error;
            best = {static_cast<float>(min), static_cast<float>(max)};
        }
    }
    return best;
}

/// The magnitude on one side that at most `spare` of the values exceed, up to the width of a bin.
double magnitude_within(std::span<const std::int64_t> bins, double width, double spare) {
    double outside = 0;
    for (std::size_t i = bins.size(); i-- > 0;) {
        outside += static_cast<double>(bins[i]);
        if (outside > spare) return static_cast<double>(i + 1) * width;
    }
    return 0;
}

Range percentile_range(const ValueHistogram& values, double percentile) {
    const double spare = (100 - percentile) / 100 * static_cast<double>(values.count());
    const Range all = values.range();
    const double max = magnitude_within(values.above(), values.width(), spare);
    const double min = -magnitude_within(values.below(), values.width(), spare);
    return {std::max(all.min, static_cast<float>(min)), std::min(all.max, static_cast<float>(max))};
}

}  // namespace

double squared_error(const ValueHistogram& values, Range range) {
    if (values.width() == 0) return 0;
    const double step = (static_cast<double>(range.max) - range.min) / kSteps;
    return Side(values.above(), values.width()).error(range.max, step) +
           Side(values.below(), values.width()).error(-static_cast<double>(range.min), step);
}

Range activation_range(const ValueHistogram& values, const RangeRule& rule) {
    if (values.width() == 0) return {};
    switch (rule.kind) {
        case RangeRule::Kind::kLeastSquaredError:
            return least_squared_error(values);
        case RangeRule::Kind::kPercentile:
            return percentile_range(values, rule.percentile);
        case RangeRule::Kind::kMinMax:
            break;
    }
    return values.range();
}

}  // namespace espalier::passes
