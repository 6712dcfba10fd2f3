#include "statistics/equivalence.h"

#include <cmath>
#include <limits>
#include <vector>

#include "base/error.h"
#include "statistics/distributions.h"
#include "statistics/rank_tests.h"
#include "statistics/summary.h"

namespace espalier::statistics {
namespace {

void check(Bounds bounds) {
    if (!(std::isfinite(bounds.low) && std::isfinite(bounds.high) && bounds.low < bounds.high))
        fail("equivalence needs finite bounds, the lower below the upper, got {} and {}", bounds.low,
             bounds.high);
}

/// (mean - bound) / standard error; without any scatter the side of the bound decides.
double t_statistic(double distance, double error) {
    if (error > 0) return distance / error;
    if (distance == 0) return 0;
    return std::copysign(std::numeric_limits<double>::infinity(), distance);
}

Repetitions shifted(const Repetitions& sample, double by) {
    std::vector<BlockValue> values;
    for (std::size_t i = 0; i < sample.size(); ++i)
        values.push_back({sample.blocks()[i], sample.values()[i] + by});
    return Repetitions(values);
}

constexpr RankOptions kAbove = {.alternative = Alternative::kGreater};
constexpr RankOptions kBelow = {.alternative = Alternative::kLess};

}  // namespace

Equivalence tost(const Repetitions& changes, Bounds bounds) {
    check(bounds);
    const auto n = static_cast<double>(changes.size());
    const double error = standard_deviation(changes.values()) / std::sqrt(n);
    const double center = mean(changes.values());
    return {student_tail(t_statistic(center - bounds.low, error), n - 1),
            student_tail(-t_statistic(center - bounds.high, error), n - 1)};
}

Equivalence rank_tost(const Repetitions& changes, Bounds bounds) {
    check(bounds);
    if (changes.size() == 0) fail("equivalence needs at least one block");
    return {signed_rank(changes, bounds.low, kAbove).p_value,
            signed_rank(changes, bounds.high, kBelow).p_value};
}

Equivalence rank_tost(const Repetitions& first, const Repetitions& second, Bounds bounds) {
    check(bounds);
    return {mann_whitney(shifted(second, -bounds.low), first, kAbove).p_value,
            mann_whitney(shifted(second, -bounds.high), first, kBelow).p_value};
}

Bounds ratio_bounds(double margin) {
    if (!(margin > 0 && margin < 1)) fail("a margin of equivalence lies between 0 and 1, got {}", margin);
    return {std::log(1 - margin), std::log(1 + margin)};
}

}  // namespace espalier::statistics
