#include "meters/estimate/curve.h"

#include <algorithm>
#include <array>

namespace espalier::meters {
namespace {

struct Point {
    double load;
    double share;
};

constexpr std::array<Point, 4> kCurve = {{{0.0, 0.12}, {0.1, 0.32}, {0.5, 0.75}, {1.0, 1.02}}};

}  // namespace

double power_share(double load) {
    load = std::clamp(load, 0.0, 1.0);
    std::size_t right = 1;
    while (right + 1 < kCurve.size() && load > kCurve[right].load) ++right;
    const Point& a = kCurve[right - 1];
    const Point& b = kCurve[right];
    return a.share + (b.share - a.share) * (load - a.load) / (b.load - a.load);
}

}  // namespace espalier::meters
