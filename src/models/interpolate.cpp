#include "models/interpolate.h"

#include <algorithm>
#include <cmath>

namespace espalier::models {
namespace {

/// A source cell and its share of an output.
struct Tap {
    std::int64_t index;
    double weight;
};

/// Cubic convolution, Keys 1981, eq. 4, at distance x.
double cubic(double x, double a) {
    x = std::abs(x);
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    if (x < 2) return ((x - 5) * x + 8) * x * a - 4 * a;
    return 0;
}

/// The `count` neighbours of the point that output `i` lies on; those beyond the border are the border.
std::vector<Tap> neighbours(std::int64_t i, double scale, std::int64_t in, Interpolation how) {
    const std::int64_t count = how == Interpolation::kBilinear ? 2 : 4;
    const double at = (static_cast<double>(i) + 0.5) * scale - 0.5;
    const auto first = static_cast<std::int64_t>(std::floor(at)) - (count / 2 - 1);
    std::vector<Tap> taps;
    for (std::int64_t k = first; k < first + count; ++k) {
        const double distance = std::abs(at - static_cast<double>(k));
        const double weight = count == 2 ? 1 - distance : cubic(distance, -0.75);
        taps.push_back({std::clamp<std::int64_t>(k, 0, in - 1), weight});
    }
    return taps;
}

/// The cells within the support around output `i`; their weights add up to one.
std::vector<Tap> window(std::int64_t i, double scale, std::int64_t in) {
    const double stretch = std::max(scale, 1.0);
    const double center = (static_cast<double>(i) + 0.5) * scale;
    const auto first = std::max<std::int64_t>(static_cast<std::int64_t>(center - 2 * stretch + 0.5), 0);
    const auto last = std::min(static_cast<std::int64_t>(center + 2 * stretch + 0.5), in);
    std::vector<Tap> taps;
    double total = 0;
    for (std::int64_t k = first; k < last; ++k) {
        const double weight = cubic((static_cast<double>(k) + 0.5 - center) / stretch, -0.5);
        taps.push_back({k, weight});
        total += weight;
    }
    for (Tap& tap : taps) tap.weight /= total;
    return taps;
}

/// [outer, in, inner] -> [outer, out, inner]
Tensor along_axis(const Tensor& x, int axis, std::int64_t out, Interpolation how) {
    const std::int64_t in = x.shape()[axis];
    if (in == out) return x;
    const double scale = static_cast<double>(in) / static_cast<double>(out);
    const auto outer = static_cast<std::size_t>(x.shape().product(0, axis));
    const auto inner = static_cast<std::size_t>(x.shape().product(axis + 1, x.shape().rank()));
    Tensor y = Tensor::allocate(DType::kF32, x.shape().with(axis, out));
    const Tensor aligned = x.to_aligned();
    const auto from = aligned.span<float>();
    const auto to = y.mutable_span<float>();
    std::vector<double> sums(inner);
    for (std::int64_t i = 0; i < out; ++i) {
        const auto taps =
            how == Interpolation::kBicubicAntialias ? window(i, scale, in) : neighbours(i, scale, in, how);
        for (std::size_t o = 0; o < outer; ++o) {
            std::fill(sums.begin(), sums.end(), 0.0);
            for (const auto& [index, weight] : taps) {
                const auto row = from.subspan(
                    (o * static_cast<std::size_t>(in) + static_cast<std::size_t>(index)) * inner, inner);
                for (std::size_t c = 0; c < inner; ++c) sums[c] += weight * static_cast<double>(row[c]);
            }
            const auto row =
                to.subspan((o * static_cast<std::size_t>(out) + static_cast<std::size_t>(i)) * inner, inner);
            std::transform(sums.begin(), sums.end(), row.begin(),
                           [](double sum) { return static_cast<float>(sum); });
        }
    }
    return y;
}

}  // namespace

Tensor interpolate(const Tensor& x, Pixels size, Interpolation how) {
    return along_axis(along_axis(x, 0, size.height, how), 1, size.width, how);
}

}  // namespace espalier::models
