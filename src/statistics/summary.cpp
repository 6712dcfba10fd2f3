#include "statistics/summary.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "base/error.h"

namespace espalier::statistics {
namespace {

void check(std::span<const double> values, std::size_t least) {
    if (values.size() < least)
        fail("a statistic of at least {} values was asked of {}", least, values.size());
    for (const double value : values) {
        if (std::isnan(value)) fail("a statistic was asked of values one of which is not a number");
    }
}

std::vector<double> sorted(std::span<const double> values) {
    check(values, 1);
    std::vector<double> copy(values.begin(), values.end());
    std::sort(copy.begin(), copy.end());
    return copy;
}

double quantile_of_sorted(const std::vector<double>& values, double p) {
    if (!(p >= 0 && p <= 1)) fail("a quantile's order must lie in [0, 1], got {}", p);
    const double h = static_cast<double>(values.size() - 1) * p;
    const auto below = static_cast<std::size_t>(h);
    if (below + 1 >= values.size()) return values.back();
    const double weight = h - static_cast<double>(below);
    // Infinite values are allowed, so nothing may be computed from their difference or from 0 of them.
    if (weight == 0 || values[below] == values[below + 1]) return values[below];
    return values[below] + weight * (values[below + 1] - values[below]);
}

}  // namespace

double mean(std::span<const double> values) {
    check(values, 1);
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double standard_deviation(std::span<const double> values) {
    check(values, 2);
    const double center = mean(values);
    double squares = 0;
    for (const double value : values) squares += (value - center) * (value - center);
    return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

double quantile(std::span<const double> values, double p) { return quantile_of_sorted(sorted(values), p); }

double median(std::span<const double> values) { return quantile(values, 0.5); }

double median_absolute_deviation(std::span<const double> values) {
    const double center = median(values);
    std::vector<double> distances;
    for (const double value : values) distances.push_back(std::fabs(value - center));
    return median(distances);
}

Summary summarize(std::span<const double> values) {
    const std::vector<double> order = sorted(values);
    Summary summary;
    summary.count = order.size();
    summary.mean = mean(order);
    summary.standard_deviation = order.size() > 1 ? standard_deviation(order) : 0.0;
    summary.min = order.front();
    summary.lower_quartile = quantile_of_sorted(order, 0.25);
    summary.median = quantile_of_sorted(order, 0.5);
    summary.upper_quartile = quantile_of_sorted(order, 0.75);
    summary.p95 = quantile_of_sorted(order, 0.95);
    summary.max = order.back();
    summary.median_absolute_deviation = median_absolute_deviation(order);
    return summary;
}

}  // namespace espalier::statistics
