#include "statistics/rank_tests.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <numeric>

#include "base/error.h"
#include "statistics/normal.h"
#include "statistics/sign_distribution.h"

namespace espalier::statistics {
namespace {

constexpr std::size_t kExactPairs = 200;
constexpr std::size_t kExactPooled = 100;

/// Mid-ranks are multiples of one half; twice a rank is a whole number, so that sums can index a table.
std::vector<std::size_t> doubled(std::span<const double> ranks) {
    std::vector<std::size_t> result;
    for (const double rank : ranks) result.push_back(static_cast<std::size_t>(std::lround(2 * rank)));
    return result;
}

/// P(S >= observed), P(S <= observed) or min(1, twice the smaller) of a distribution over 0..n.
double exact_p(std::span<const double> probability, std::size_t observed, Alternative alternative) {
    double at_most = 0;
    double at_least = 0;
    for (std::size_t sum = 0; sum < probability.size(); ++sum) {
        if (sum <= observed) at_most += probability[sum];
        if (sum >= observed) at_least += probability[sum];
    }
    if (alternative == Alternative::kLess) return std::min(1.0, at_most);
    if (alternative == Alternative::kGreater) return std::min(1.0, at_least);
    return std::min(1.0, 2 * std::min(at_most, at_least));
}

/// Distribution of the rank sum of `chosen` values drawn from the pool without replacement.
std::vector<double> subset_distribution(std::span<const std::size_t> ranks, std::size_t chosen) {
    const std::size_t total = std::accumulate(ranks.begin(), ranks.end(), std::size_t{0});
    std::vector<std::vector<double>> count(chosen + 1, std::vector<double>(total + 1, 0.0));
    count[0][0] = 1;
    for (std::size_t seen = 0; seen < ranks.size(); ++seen) {
        for (std::size_t size = std::min(seen + 1, chosen); size >= 1; --size) {
            for (std::size_t sum = ranks[seen]; sum <= total; ++sum) {
                count[size][sum] += count[size - 1][sum - ranks[seen]];
            }
        }
    }
    const double subsets = std::accumulate(count[chosen].begin(), count[chosen].end(), 0.0);
    for (double& value : count[chosen]) value /= subsets;
    return count[chosen];
}

/// p of a normal statistic, with half a unit of continuity correction.
double approximate_p(double observed, double expected, double variance, Alternative alternative) {
    if (variance <= 0) return 1.0;
    const double distance = observed - expected;
    const double deviation = std::sqrt(variance);
    if (alternative == Alternative::kLess) return normal_cdf((distance + 0.5) / deviation);
    if (alternative == Alternative::kGreater) return normal_cdf(-(distance - 0.5) / deviation);
    return std::min(1.0, 2 * normal_cdf(-std::max(0.0, std::fabs(distance) - 0.5) / deviation));
}

/// Ranks of the non-zero differences, and which of them are positive.
struct SignedRanks {
    std::vector<double> ranks;
    std::vector<bool> positive;
    std::size_t zeros = 0;
};

SignedRanks rank_differences(std::span<const double> differences, Zeros zeros) {
    SignedRanks result;
    std::vector<double> sizes;
    std::vector<double> ranked;
    for (const double difference : differences) {
        result.zeros += difference == 0 ? 1 : 0;
        if (difference == 0 && zeros == Zeros::kWilcoxon) continue;
        ranked.push_back(difference);
        sizes.push_back(std::fabs(difference));
    }
    const std::vector<double> ranks = mid_ranks(sizes);
    for (std::size_t i = 0; i < ranked.size(); ++i) {
        if (ranked[i] == 0) continue;
        result.ranks.push_back(ranks[i]);
        result.positive.push_back(ranked[i] > 0);
    }
    return result;
}

}  // namespace

std::string_view name(Zeros zeros) { return zeros == Zeros::kPratt ? "Pratt" : "Wilcoxon"; }

std::vector<double> mid_ranks(std::span<const double> values) {
    std::vector<std::size_t> order(values.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
    std::vector<double> ranks(values.size());
    for (std::size_t begin = 0; begin < order.size();) {
        std::size_t end = begin;
        while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
        for (std::size_t i = begin; i < end; ++i)
            ranks[order[i]] = 0.5 * static_cast<double>(begin + 1 + end);
        begin = end;
    }
    return ranks;
}

double tie_term(std::span<const double> values) {
    std::map<double, double> sizes;
    for (const double value : values) sizes[value] += 1;
    double sum = 0;
    for (const auto& [value, size] : sizes) sum += size * size * size - size;
    return sum;
}

TestResult signed_rank(const PairedRepetitions& sample, const RankOptions& options) {
    return signed_rank(differences(sample), 0.0, options);
}

TestResult signed_rank(const Repetitions& changes, double center, const RankOptions& options) {
    if (!std::isfinite(center)) fail("a signed-rank test needs a finite center, got {}", center);
    std::vector<double> distances(changes.values().begin(), changes.values().end());
    for (double& distance : distances) distance -= center;
    const SignedRanks ranked = rank_differences(distances, options.zeros);
    TestResult result;
    result.used = ranked.ranks.size();
    result.dropped = ranked.zeros;
    for (std::size_t i = 0; i < ranked.ranks.size(); ++i) {
        if (ranked.positive[i]) result.statistic += ranked.ranks[i];
    }
    if (result.used == 0) return result;
    result.exact = options.p_value == PValue::kExactWhereFeasible && result.used <= kExactPairs;
    if (result.exact) {
        const auto observed = static_cast<std::size_t>(std::lround(2 * result.statistic));
        result.p_value = exact_p(sign_distribution(doubled(ranked.ranks)), observed, options.alternative);
        return result;
    }
    double sum = 0;
    double squares = 0;
    for (const double rank : ranked.ranks) {
        sum += rank;
        squares += rank * rank;
    }
    result.p_value = approximate_p(result.statistic, sum / 2, squares / 4, options.alternative);
    return result;
}

double smallest_signed_rank_p(std::size_t pairs) {
    return pairs == 0 ? 1.0 : std::ldexp(1.0, 1 - static_cast<int>(std::min<std::size_t>(pairs, 1000)));
}

TestResult mann_whitney(const Repetitions& first, const Repetitions& second, const RankOptions& options) {
    if (first.size() == 0 || second.size() == 0)
        fail("a Mann-Whitney test needs two samples that are not empty");
    std::vector<double> pooled(first.values().begin(), first.values().end());
    pooled.insert(pooled.end(), second.values().begin(), second.values().end());
    const std::vector<double> ranks = mid_ranks(pooled);
    const auto m = static_cast<double>(first.size());
    const auto n = static_cast<double>(second.size());
    const double rank_sum =
        std::accumulate(ranks.begin(), ranks.begin() + static_cast<std::ptrdiff_t>(first.size()), 0.0);
    TestResult result;
    result.used = pooled.size();
    result.statistic = rank_sum - m * (m + 1) / 2;
    result.exact = options.p_value == PValue::kExactWhereFeasible && pooled.size() <= kExactPooled;
    if (result.exact) {
        const auto observed = static_cast<std::size_t>(std::lround(2 * rank_sum));
        result.p_value =
            exact_p(subset_distribution(doubled(ranks), first.size()), observed, options.alternative);
        return result;
    }
    const double all = m + n;
    const double variance = m * n / 12 * (all + 1 - tie_term(ranks) / (all * (all - 1)));
    result.p_value = approximate_p(result.statistic, m * n / 2, variance, options.alternative);
    return result;
}

std::vector<double> holm(std::span<const double> p_values) {
    std::vector<std::size_t> order(p_values.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return p_values[a] < p_values[b]; });
    std::vector<double> adjusted(p_values.size());
    double largest = 0;
    for (std::size_t step = 0; step < order.size(); ++step) {
        const double p = p_values[order[step]];
        if (!(p >= 0 && p <= 1)) fail("Holm's adjustment needs p-values in [0, 1], got {}", p);
        largest = std::max(largest, std::min(1.0, static_cast<double>(order.size() - step) * p));
        adjusted[order[step]] = largest;
    }
    return adjusted;
}

}  // namespace espalier::statistics
