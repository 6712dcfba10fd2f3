#include "statistics/shift.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

namespace espalier::statistics {
namespace {

/// The median of the Walsh averages of a resample. Averages are sorted once; a resample only changes how
/// often each of them occurs: c_i c_j times for i < j, c_i (c_i + 1) / 2 times for i = j, c the number of
/// times a block was drawn.
class WalshMedian {
  public:
    explicit WalshMedian(std::span<const double> changes) : counts_(changes.size()) {
        for (std::size_t i = 0; i < changes.size(); ++i) {
            for (std::size_t j = i; j < changes.size(); ++j)
                averages_.push_back({0.5 * (changes[i] + changes[j]), i, j});
        }
        std::sort(averages_.begin(), averages_.end(),
                  [](const Average& a, const Average& b) { return a.value < b.value; });
    }

    double operator()(std::span<const std::size_t> blocks) {
        std::fill(counts_.begin(), counts_.end(), std::size_t{0});
        for (const std::size_t block : blocks) ++counts_[block];
        const std::size_t all = blocks.size() * (blocks.size() + 1) / 2;
        std::size_t seen = 0;
        std::size_t at = 0;
        const auto advance_past = [&](std::size_t rank) {
            while (seen <= rank) seen += times(averages_[at++]);
            return averages_[at - 1].value;
        };
        const double low = advance_past((all - 1) / 2);
        return seen > all / 2 ? low : 0.5 * (low + advance_past(all / 2));
    }

  private:
    struct Average {
        double value;
        std::size_t i;
        std::size_t j;
    };

    std::size_t times(const Average& average) const {
        const std::size_t a = counts_[average.i];
        return average.i == average.j ? a * (a + 1) / 2 : a * counts_[average.j];
    }

    std::vector<Average> averages_;
    std::vector<std::size_t> counts_;
};

Estimate shift_of(const Repetitions& changes, const BootstrapOptions& options) {
    WalshMedian median(changes.values());
    return bootstrap(
        changes.size(), [&](std::span<const std::size_t> blocks) { return median(blocks); }, options);
}

}  // namespace

Estimate shift(const PairedRepetitions& sample, const BootstrapOptions& options) {
    return shift_of(differences(sample), options);
}

Estimate shift_ratio(const PairedRepetitions& sample, const BootstrapOptions& options) {
    Estimate estimate = shift_of(log_ratios(sample), options);
    estimate.value = std::exp(estimate.value);
    estimate.interval.low = std::exp(estimate.interval.low);
    estimate.interval.high = std::exp(estimate.interval.high);
    return estimate;
}

}  // namespace espalier::statistics
