#include "lab/steady.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace espalier::lab {
namespace {

constexpr std::size_t kGroup = 5;
/// Wider than the scatter of a median of 5 on a quiet machine, narrower than any warm-up effect worth waiting
/// for.
constexpr double kTolerance = 0.03;

double median(std::span<const float> times) {
    std::array<float, kGroup> sorted{};
    std::copy(times.begin(), times.end(), sorted.begin());
    std::nth_element(sorted.begin(), sorted.begin() + kGroup / 2, sorted.end());
    return sorted[kGroup / 2];
}

}  // namespace

bool is_steady(std::span<const float> times) {
    if (times.size() < 2 * kGroup) return false;
    const double before = median(times.last(2 * kGroup).first(kGroup));
    const double now = median(times.last(kGroup));
    return std::abs(now - before) <= kTolerance * before;
}

}  // namespace espalier::lab
