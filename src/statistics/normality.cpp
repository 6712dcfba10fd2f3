#include "statistics/normality.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <numeric>
#include <vector>

#include "base/error.h"
#include "statistics/normal.h"

namespace espalier::statistics {
namespace {

constexpr std::size_t kLeast = 3;
constexpr std::size_t kMost = 5000;

/// Royston's fitted polynomials, lowest order first.
constexpr std::array kLastWeight = {0.0, 0.221157, -0.147981, -2.07119, 4.434685, -2.706056};
constexpr std::array kLastButOneWeight = {0.0, 0.042981, -0.293762, -1.752461, 5.682633, -3.582633};
constexpr std::array kSmallMean = {0.544, -0.39978, 0.025054, -6.714e-4};
constexpr std::array kSmallLogDeviation = {1.3822, -0.77857, 0.062767, -0.0020322};
constexpr std::array kLargeMean = {-1.5861, -0.31082, -0.083751, 0.0038915};
constexpr std::array kLargeLogDeviation = {-0.4803, -0.082676, 0.0030302};
constexpr std::array kLimit = {-2.273, 0.459};
constexpr std::size_t kMostSmall = 11;

double polynomial(std::span<const double> coefficients, double x) {
    double value = 0;
    for (std::size_t i = coefficients.size(); i-- > 0;) value = value * x + coefficients[i];
    return value;
}

/// Blom's approximate expected order statistics of the upper half, the largest first.
std::vector<double> upper_scores(std::size_t n) {
    std::vector<double> scores(n / 2);
    for (std::size_t i = 0; i < scores.size(); ++i) {
        scores[i] = -normal_quantile((static_cast<double>(i + 1) - 0.375) / (static_cast<double>(n) + 0.25));
    }
    return scores;
}

/// Weights of the upper half, the largest value's first; the lower half has them with the other sign.
std::vector<double> weights(std::size_t n) {
    if (n == kLeast) return {std::numbers::sqrt2 / 2};
    std::vector<double> a = upper_scores(n);
    const double squares = 2 * std::inner_product(a.begin(), a.end(), a.begin(), 0.0);
    const double root = 1 / std::sqrt(static_cast<double>(n));
    const double last = polynomial(kLastWeight, root) + a[0] / std::sqrt(squares);
    std::vector<double> fitted = {last};
    if (n > 5) fitted.push_back(polynomial(kLastButOneWeight, root) + a[1] / std::sqrt(squares));
    double scores_left = squares;
    double weight_left = 1;
    for (std::size_t i = 0; i < fitted.size(); ++i) {
        scores_left -= 2 * a[i] * a[i];
        weight_left -= 2 * fitted[i] * fitted[i];
    }
    for (double& weight : a) weight /= std::sqrt(scores_left / weight_left);
    std::copy(fitted.begin(), fitted.end(), a.begin());
    return a;
}

/// 1 - W, without the cancellation of subtracting W: (S - b)(S + b) / S^2 with S^2 the sum of squares and b
/// the weighted sum.
double one_less_w(std::span<const double> sorted) {
    const std::size_t n = sorted.size();
    const double center = std::accumulate(sorted.begin(), sorted.end(), 0.0) / static_cast<double>(n);
    double squares = 0;
    for (const double value : sorted) squares += (value - center) * (value - center);
    const std::vector<double> a = weights(n);
    double weighted = 0;
    for (std::size_t i = 0; i < a.size(); ++i) weighted += a[i] * (sorted[n - 1 - i] - sorted[i]);
    const double root = std::sqrt(squares);
    return std::max(0.0, (root - weighted) * (root + weighted) / squares);
}

double p_of_three(double w) {
    return std::max(0.0, 6 / std::numbers::pi * (std::asin(std::sqrt(w)) - std::asin(std::sqrt(0.75))));
}

double p_of(double rest, std::size_t n) {
    if (n == kLeast) return p_of_three(1 - rest);
    if (rest == 0) return 1;
    const auto size = static_cast<double>(n);
    double y = std::log(rest);
    if (n <= kMostSmall) {
        const double limit = polynomial(kLimit, size);
        if (y >= limit) return 0;
        y = -std::log(limit - y);
        const double deviation = std::exp(polynomial(kSmallLogDeviation, size));
        return normal_cdf(-(y - polynomial(kSmallMean, size)) / deviation);
    }
    const double log_size = std::log(size);
    const double deviation = std::exp(polynomial(kLargeLogDeviation, log_size));
    return normal_cdf(-(y - polynomial(kLargeMean, log_size)) / deviation);
}

}  // namespace

Normality shapiro_wilk(const Repetitions& sample) {
    if (sample.size() < kLeast || sample.size() > kMost)
        fail("a Shapiro-Wilk test takes {} to {} values, got {}", kLeast, kMost, sample.size());
    std::vector<double> sorted(sample.values().begin(), sample.values().end());
    std::sort(sorted.begin(), sorted.end());
    if (sorted.front() == sorted.back())
        fail("a Shapiro-Wilk test is not defined for values that are all equal");
    const double rest = one_less_w(sorted);
    return {1 - rest, p_of(rest, sorted.size()), sorted.size()};
}

}  // namespace espalier::statistics
