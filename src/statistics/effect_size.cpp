#include "statistics/effect_size.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <vector>

#include "base/error.h"
#include "statistics/normal.h"
#include "statistics/sign_distribution.h"
#include "statistics/summary.h"

namespace espalier::statistics {
namespace {

/// (d_i + d_j) / 2 of all i <= j, in rising order.
std::vector<double> walsh_averages(std::span<const double> differences) {
    std::vector<double> averages;
    for (std::size_t i = 0; i < differences.size(); ++i) {
        for (std::size_t j = i; j < differences.size(); ++j) {
            averages.push_back(0.5 * (differences[i] + differences[j]));
        }
    }
    std::sort(averages.begin(), averages.end());
    return averages;
}

/// The largest c with P(W <= c) <= tail, W the signed-rank statistic, and that probability. The interval
/// leaves out c Walsh averages at either end (Hollander & Wolfe, Nonparametric Statistical Methods, 3.3).
struct Trim {
    std::optional<std::size_t> count;  ///< nothing where even c = 0 is too likely
    double tail = 0.0;
};

Trim trim_for(std::size_t pairs, double tail) {
    std::vector<std::size_t> ranks(pairs);
    std::iota(ranks.begin(), ranks.end(), std::size_t{1});
    Trim trim;
    double cumulated = 0;
    for (const double probability : sign_distribution(ranks)) {
        cumulated += probability;
        if (cumulated > tail) break;
        trim.count = trim.count ? *trim.count + 1 : 0;
        trim.tail = cumulated;
    }
    return trim;
}

/// Variance of an observed A12 where `theta` is the true one, of samples of m and n values.
double variance_of_a12(double theta, double m, double n) {
    const double others = 0.5 * (m + n) - 1;
    return theta * (1 - theta) / (m * n) *
           (1 + others * (1 - theta) / (2 - theta) + others * theta / (1 + theta));
}

/// The theta between `observed` and `end` (0 or 1) that lies z of its own standard errors from `observed`.
double edge_of_a12(double observed, double end, double z, double m, double n) {
    double inside = observed;
    double outside = end;
    for (int step = 0; step < 200 && inside != outside; ++step) {
        const double theta = 0.5 * (inside + outside);
        const double distance = theta - observed;
        (distance * distance <= z * z * variance_of_a12(theta, m, n) ? inside : outside) = theta;
    }
    return inside;
}

}  // namespace

double cliffs_delta(const Repetitions& first, const Repetitions& second) {
    if (first.size() == 0 || second.size() == 0) fail("an effect size needs two samples that are not empty");
    double balance = 0;
    for (const double a : first.values()) {
        for (const double b : second.values()) balance += a > b ? 1.0 : a < b ? -1.0 : 0.0;
    }
    return balance / (static_cast<double>(first.size()) * static_cast<double>(second.size()));
}

double a12(const Repetitions& first, const Repetitions& second) {
    return 0.5 * (cliffs_delta(first, second) + 1);
}

Interval a12_interval(const Repetitions& first, const Repetitions& second, double level) {
    const double observed = a12(first, second);
    const double z = two_sided_z(level);
    const auto m = static_cast<double>(first.size());
    const auto n = static_cast<double>(second.size());
    return {edge_of_a12(observed, 0, z, m, n), edge_of_a12(observed, 1, z, m, n), level};
}

Interval cliffs_delta_interval(const Repetitions& first, const Repetitions& second, double level) {
    const Interval interval = a12_interval(first, second, level);
    return {2 * interval.low - 1, 2 * interval.high - 1, level};
}

std::string_view magnitude(double delta) {
    const double size = std::fabs(delta);
    if (size < 0.147) return "negligible";
    if (size < 0.33) return "small";
    return size < 0.474 ? "medium" : "large";
}

double hodges_lehmann(const PairedRepetitions& sample) {
    return median(walsh_averages(sample.differences()));
}

PairedRatio hodges_lehmann_ratio(const PairedRepetitions& sample, double level) {
    if (!(level > 0 && level < 1)) fail("a confidence level lies between 0 and 1, got {}", level);
    const std::vector<double> averages = walsh_averages(log_ratios(sample).values());
    PairedRatio ratio;
    ratio.value = std::exp(median(averages));
    const Trim trim = trim_for(sample.size(), 0.5 * (1 - level));
    if (!trim.count) return ratio;
    const double low = averages[*trim.count];
    const double high = averages[averages.size() - 1 - *trim.count];
    ratio.interval = Interval{std::exp(low), std::exp(high), 1 - 2 * trim.tail};
    return ratio;
}

double hodges_lehmann(const Repetitions& first, const Repetitions& second) {
    std::vector<double> shifts;
    for (const double a : first.values()) {
        for (const double b : second.values()) shifts.push_back(b - a);
    }
    return median(shifts);
}

}  // namespace espalier::statistics
