#include "statistics/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "statistics/normal.h"
#include "statistics/summary.h"

namespace espalier::statistics {
namespace {

void check(std::size_t blocks, const BootstrapOptions& options) {
    if (blocks < 2) fail("an interval by bootstrap needs at least 2 blocks, got {}", blocks);
    if (options.resamples < 100) fail("a bootstrap needs at least 100 resamples, got {}", options.resamples);
    if (!(options.level > 0 && options.level < 1))
        fail("a confidence level lies between 0 and 1, got {}", options.level);
}

std::vector<std::size_t> all_blocks(std::size_t blocks) {
    std::vector<std::size_t> indices(blocks);
    std::iota(indices.begin(), indices.end(), std::size_t{0});
    return indices;
}

std::vector<double> resample(std::size_t blocks, const BlockStatistic& statistic,
                             const BootstrapOptions& options) {
    Random random(options.seed);
    std::vector<std::size_t> choice(blocks);
    std::vector<double> results(options.resamples);
    for (double& result : results) {
        for (std::size_t& index : choice) index = random.below(blocks);
        result = statistic(choice);
    }
    return results;
}

/// Acceleration from the jackknife: a = sum d^3 / (6 (sum d^2)^1.5), d_i = mean - value without block i.
/// 0 where leaving a block out changes nothing.
double acceleration(std::size_t blocks, const BlockStatistic& statistic) {
    std::vector<double> without(blocks);
    for (std::size_t left_out = 0; left_out < blocks; ++left_out) {
        std::vector<std::size_t> rest = all_blocks(blocks);
        rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(left_out));
        without[left_out] = statistic(rest);
    }
    const double center = mean(without);
    double squares = 0;
    double cubes = 0;
    for (const double value : without) {
        const double d = center - value;
        squares += d * d;
        cubes += d * d * d;
    }
    return squares > 0 ? cubes / (6 * std::pow(squares, 1.5)) : 0.0;
}

/// Share of resamples below the estimate, ties half: 0 or 1 when the bias is not defined.
double share_below(const std::vector<double>& resamples, double estimate) {
    double below = 0;
    for (const double value : resamples) below += value < estimate ? 1.0 : value == estimate ? 0.5 : 0.0;
    return below / static_cast<double>(resamples.size());
}

/// BCa's order for a nominal tail of normal deviate z:  Phi(b + (b + z) / (1 - a (b + z))).
double corrected_order(double bias, double accelerated, double z) {
    return normal_cdf(bias + (bias + z) / (1 - accelerated * (bias + z)));
}

Interval interval_of(const std::vector<double>& resamples, double low, double high, double level) {
    return {quantile(resamples, low), quantile(resamples, high), level};
}

double median_of(std::span<const double> values, std::span<const std::size_t> blocks) {
    std::vector<double> chosen;
    chosen.reserve(blocks.size());
    for (const std::size_t block : blocks) chosen.push_back(values[block]);
    const auto middle = chosen.begin() + static_cast<std::ptrdiff_t>(chosen.size() / 2);
    std::nth_element(chosen.begin(), middle, chosen.end());
    if (chosen.size() % 2 == 1) return *middle;
    const double below = *std::max_element(chosen.begin(), middle);
    return below + 0.5 * (*middle - below);
}

}  // namespace

std::string_view name(BootstrapMethod method) {
    return method == BootstrapMethod::kPercentile ? "percentile" : "BCa";
}

Estimate bootstrap(std::size_t blocks, const BlockStatistic& statistic, const BootstrapOptions& options) {
    check(blocks, options);
    Estimate estimate;
    estimate.blocks = blocks;
    estimate.method = options.method;
    estimate.value = statistic(all_blocks(blocks));
    if (!std::isfinite(estimate.value)) fail("the statistic of the whole sample is not a finite number");
    const std::vector<double> resamples = resample(blocks, statistic, options);
    const double tail = 0.5 * (1 - options.level);
    const double share = share_below(resamples, estimate.value);
    if (options.method == BootstrapMethod::kPercentile || share <= 0 || share >= 1) {
        estimate.method = BootstrapMethod::kPercentile;
        estimate.interval = interval_of(resamples, tail, 1 - tail, options.level);
        return estimate;
    }
    const double bias = normal_quantile(share);
    const double a = acceleration(blocks, statistic);
    const double z = two_sided_z(options.level);
    estimate.interval =
        interval_of(resamples, corrected_order(bias, a, -z), corrected_order(bias, a, z), options.level);
    return estimate;
}

Estimate ratio_of_medians(const PairedRepetitions& sample, const BootstrapOptions& options) {
    for (const auto values : {sample.baseline(), sample.treated()}) {
        for (const double value : values) {
            if (!(value > 0)) fail("a ratio of medians needs positive values, got {}", value);
        }
    }
    return bootstrap(
        sample.size(),
        [&](std::span<const std::size_t> blocks) {
            return median_of(sample.treated(), blocks) / median_of(sample.baseline(), blocks);
        },
        options);
}

Estimate difference_of_medians(const PairedRepetitions& sample, const BootstrapOptions& options) {
    return bootstrap(
        sample.size(),
        [&](std::span<const std::size_t> blocks) {
            return median_of(sample.treated(), blocks) - median_of(sample.baseline(), blocks);
        },
        options);
}

}  // namespace espalier::statistics
