#include "statistics/power.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <vector>

#include "base/error.h"
#include "statistics/distributions.h"
#include "statistics/normal.h"
#include "statistics/rank_tests.h"
#include "statistics/sign_distribution.h"

namespace espalier::statistics {
namespace {

constexpr double kEfficiency = 3 / std::numbers::pi;
constexpr std::size_t kMostPairs = 100000;
/// Beyond this the attainable levels lie so close that the level asked is as good as attained.
constexpr std::size_t kMostDiscrete = 60;
/// A shift of so many standard deviations shows in every test that can show anything.
constexpr double kLargestShift = 1e3;

void check(const PairedDesign& design) {
    if (!(design.level > 0 && design.level < 1 && design.power > design.level && design.power < 1)) {
        fail("a design needs 0 < level < power < 1, got level {} and power {}", design.level, design.power);
    }
}

/// The largest two-sided p-value up to `level` that n untied pairs can give; 0 where there is none.
double attained_level(std::size_t pairs, double level) {
    if (pairs > kMostDiscrete) return level;
    std::vector<std::size_t> ranks(pairs);
    std::iota(ranks.begin(), ranks.end(), std::size_t{1});
    double attained = 0;
    double cumulated = 0;
    for (const double probability : sign_distribution(ranks)) {
        cumulated += 2 * probability;
        if (cumulated > level) break;
        attained = cumulated;
    }
    return attained;
}

double power_at(std::size_t pairs, double shift, double attained) {
    const double effective = kEfficiency * static_cast<double>(pairs);
    if (attained <= 0 || effective <= 1) return 0;
    // Where one outcome alone rejects, all differences of one sign, its probability is known.
    if (attained == smallest_signed_rank_p(pairs)) {
        const auto n = static_cast<double>(pairs);
        return std::pow(normal_cdf(shift), n) + std::pow(normal_cdf(-shift), n);
    }
    const double freedom = effective - 1;
    return shifted_student_tails(two_sided_t(1 - attained, freedom), freedom, shift * std::sqrt(effective));
}

}  // namespace

double signed_rank_power(std::size_t pairs, double shift, double level) {
    if (!(level > 0 && level < 1)) fail("a level lies between 0 and 1, got {}", level);
    return power_at(pairs, std::fabs(shift), attained_level(pairs, level));
}

std::optional<double> smallest_shift(std::size_t pairs, const PairedDesign& design) {
    check(design);
    const double attained = attained_level(pairs, design.level);
    double high = 1;
    while (power_at(pairs, high, attained) < design.power) {
        high *= 2;
        if (high > kLargestShift) return std::nullopt;
    }
    double low = 0;
    while (high - low > 1e-12 * high) {
        const double middle = 0.5 * (low + high);
        (power_at(pairs, middle, attained) < design.power ? low : high) = middle;
        if (middle == low && middle == high) break;
    }
    return high;
}

std::optional<std::size_t> pairs_for(double shift, const PairedDesign& design) {
    check(design);
    if (!(shift > 0) || !std::isfinite(shift)) fail("a shift to be shown must be positive, got {}", shift);
    const auto enough = [&](std::size_t pairs) {
        return signed_rank_power(pairs, shift, design.level) >= design.power;
    };
    // The attained level jumps with every pair of a small study, so that only large ones can be bisected.
    for (std::size_t pairs = 2; pairs <= kMostDiscrete; ++pairs) {
        if (enough(pairs)) return pairs;
    }
    if (!enough(kMostPairs)) return std::nullopt;
    std::size_t low = kMostDiscrete;
    std::size_t high = kMostPairs;
    while (high - low > 1) {
        const std::size_t middle = low + (high - low) / 2;
        (enough(middle) ? high : low) = middle;
    }
    return high;
}

}  // namespace espalier::statistics
