#include "statistics/scott_knott.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <span>

#include "base/error.h"
#include "statistics/distributions.h"
#include "statistics/omnibus.h"
#include "statistics/rank_tests.h"
#include "statistics/summary.h"

namespace espalier::statistics {
namespace {

constexpr double kNegligibleD = 0.2;        // Cohen 1988
constexpr double kNegligibleDelta = 0.147;  // Romano et al. 2006

double square(double x) { return x * x; }

using Treatments = std::span<const std::size_t>;

/// A way to group: what treatments are sorted by, how far two sides are apart, whether a set differs, and
/// whether a pair differs by enough to matter.
class Rule {
  public:
    explicit Rule(const BlockedRepetitions& sample) : sample_(sample), aligned_(sample.aligned()) {}
    virtual ~Rule() = default;
    virtual double center(std::size_t treatment) const = 0;
    virtual double distance(Treatments left, Treatments right) const = 0;
    virtual double p_value(Treatments all, double distance) const = 0;
    virtual bool matters(std::size_t a, std::size_t b) const = 0;

  protected:
    const BlockedRepetitions& sample_;
    BlockedRepetitions aligned_;
};

class ByMeans : public Rule {
  public:
    explicit ByMeans(const BlockedRepetitions& sample) : Rule(sample) {
        const auto n = static_cast<double>(sample.size());
        const auto k = static_cast<double>(sample.treatments());
        freedom_ = (n - 1) * (k - 1);
        double residual = 0;
        for (std::size_t t = 0; t < sample.treatments(); ++t) {
            centers_.push_back(mean(aligned_.treatment(t)));
            for (const double value : aligned_.treatment(t)) residual += square(value - centers_.back());
        }
        variance_of_mean_ = residual / freedom_ / n;
    }

    double center(std::size_t treatment) const override { return centers_[treatment]; }

    /// B0 = T1^2 / k1 + T2^2 / k2 - (T1 + T2)^2 / (k1 + k2)  =  k1 k2 / (k1 + k2) (mean1 - mean2)^2.
    double distance(Treatments left, Treatments right) const override {
        const auto k1 = static_cast<double>(left.size());
        const auto k2 = static_cast<double>(right.size());
        return k1 * k2 / (k1 + k2) * square(center_of(left) - center_of(right));
    }

    /// lambda = pi / (2 (pi - 2)) B0 / s0^2, chi-squared with k / (pi - 2) degrees of freedom.
    double p_value(Treatments all, double distance) const override {
        const auto k = static_cast<double>(all.size());
        const double center = center_of(all);
        double spread = freedom_ * variance_of_mean_;
        for (const std::size_t t : all) spread += square(centers_[t] - center);
        const double variance = spread / (k + freedom_);
        if (distance == 0) return 1;
        const double lambda = std::numbers::pi / (2 * (std::numbers::pi - 2)) * distance / variance;
        return chi_squared_tail(lambda, k / (std::numbers::pi - 2));
    }

    bool matters(std::size_t a, std::size_t b) const override {
        const double apart = std::fabs(centers_[a] - centers_[b]);
        const double spread = std::sqrt(0.5 * (square(standard_deviation(aligned_.treatment(a))) +
                                               square(standard_deviation(aligned_.treatment(b)))));
        return apart > 0 && apart >= kNegligibleD * spread;
    }

  private:
    double center_of(Treatments treatments) const {
        double sum = 0;
        for (const std::size_t t : treatments) sum += centers_[t];
        return sum / static_cast<double>(treatments.size());
    }

    std::vector<double> centers_;
    double freedom_ = 0;
    double variance_of_mean_ = 0;
};

class ByRanks : public Rule {
  public:
    using Rule::Rule;

    double center(std::size_t treatment) const override { return median(aligned_.treatment(treatment)); }

    /// H of the two sides, each pooled.
    double distance(Treatments left, Treatments right) const override {
        const std::vector<Repetitions> sides = {pooled(left), pooled(right)};
        return kruskal_wallis(sides).statistic;
    }

    double p_value(Treatments all, double) const override {
        return all.size() == 2 ? signed_rank(sample_.pair(all[0], all[1])).p_value
                               : friedman(sample_.only(all)).p_value;
    }

    bool matters(std::size_t a, std::size_t b) const override {
        double balance = 0;
        for (const double x : aligned_.treatment(a)) {
            for (const double y : aligned_.treatment(b)) balance += x > y ? 1.0 : x < y ? -1.0 : 0.0;
        }
        const auto n = static_cast<double>(sample_.size());
        return std::fabs(balance) >= kNegligibleDelta * n * n;
    }

  private:
    /// Numbered on: the sides are ranked here, and no inference is drawn from how many values they hold.
    Repetitions pooled(Treatments treatments) const {
        std::vector<BlockValue> values;
        for (const std::size_t t : treatments) {
            for (const double value : aligned_.treatment(t))
                values.push_back({static_cast<std::int64_t>(values.size()), value});
        }
        return Repetitions(values);
    }
};

/// Cuts `all` in two and both sides in turn, as long as the cuts stay; every side left is a group.
void split(const Rule& rule, const ScottKnottOptions& options, Treatments all,
           std::vector<Treatments>& groups) {
    std::size_t best = 0;
    double farthest = -1;
    for (std::size_t cut = 1; cut < all.size(); ++cut) {
        const double distance = rule.distance(all.first(cut), all.subspan(cut));
        if (distance <= farthest) continue;
        farthest = distance;
        best = cut;
    }
    const auto stays = [&] {
        if (best == 0 || (options.level < 1 && rule.p_value(all, farthest) >= options.level)) return false;
        for (const std::size_t a : all.first(best)) {
            for (const std::size_t b : all.subspan(best)) {
                const double apart = std::fabs(rule.center(a) - rule.center(b));
                if (rule.matters(a, b) && apart >= options.least_difference) return true;
            }
        }
        return false;
    };
    if (!stays()) {
        groups.push_back(all);
        return;
    }
    split(rule, options, all.first(best), groups);
    split(rule, options, all.subspan(best), groups);
}

Ranking rank(const Rule& rule, std::size_t treatments, const ScottKnottOptions& options) {
    Ranking ranking;
    ranking.order.resize(treatments);
    std::iota(ranking.order.begin(), ranking.order.end(), std::size_t{0});
    std::stable_sort(ranking.order.begin(), ranking.order.end(),
                     [&](std::size_t a, std::size_t b) { return rule.center(a) < rule.center(b); });
    std::vector<Treatments> groups;
    split(rule, options, ranking.order, groups);
    ranking.group.resize(treatments);
    for (std::size_t g = 0; g < groups.size(); ++g) {
        for (const std::size_t treatment : groups[g]) ranking.group[treatment] = g + 1;
    }
    return ranking;
}

}  // namespace

Ranking scott_knott(const BlockedRepetitions& sample, const ScottKnottOptions& options) {
    if (sample.size() < 2) fail("a ranking needs two complete blocks, got {}", sample.size());
    if (!(options.level > 0 && options.level <= 1))
        fail("the level of a ranking lies above 0 and up to 1, got {}", options.level);
    if (!(options.least_difference >= 0))
        fail("the least difference of a ranking must not be negative, got {}", options.least_difference);
    if (options.by == GroupBy::kMeans) return rank(ByMeans(sample), sample.treatments(), options);
    return rank(ByRanks(sample), sample.treatments(), options);
}

}  // namespace espalier::statistics
