#include <algorithm>
#include <cmath>
#include <numbers>

#include "datasets/resize.h"
#include "datasets/resize_rows.h"

namespace espalier::datasets {
namespace {

double sinc(double x) {
    if (x == 0.0) return 1.0;
    x *= std::numbers::pi;
    return std::sin(x) / x;
}

double box(double x) { return x > -0.5 && x <= 0.5 ? 1.0 : 0.0; }

double bilinear(double x) {
    x = std::fabs(x);
    return x < 1.0 ? 1.0 - x : 0.0;
}

double hamming(double x) {
    x = std::fabs(x);
    if (x == 0.0) return 1.0;
    if (x >= 1.0) return 0.0;
    x *= std::numbers::pi;
    return std::sin(x) / x * (0.54 + 0.46 * std::cos(x));
}

/// Keys' cubic convolution with a = -0.5.
double bicubic(double x) {
    constexpr double a = -0.5;
    x = std::fabs(x);
    if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
    if (x < 2.0) return (((x - 5.0) * x + 8.0) * x - 4.0) * a;
    return 0.0;
}

double lanczos(double x) { return x >= -3.0 && x < 3.0 ? sinc(x) * sinc(x / 3.0) : 0.0; }

/// A filter as a function of the distance in (scaled) pixels, zero beyond `support`.
struct Kernel {
    double (*value)(double);
    double support;
};

Kernel kernel_of(Filter filter) {
    switch (filter) {
        case Filter::kBox:
            return {box, 0.5};
        case Filter::kBilinear:
            return {bilinear, 1.0};
        case Filter::kHamming:
            return {hamming, 1.0};
        case Filter::kLanczos:
            return {lanczos, 3.0};
        default:
            return {bicubic, 2.0};
    }
}

/// Weight as a fixed-point number, halves rounded away from zero.
std::int32_t fixed_point(double weight) {
    const double scaled = weight * (1 << kWeightBits);
    return static_cast<std::int32_t>(scaled < 0.0 ? scaled - 0.5 : scaled + 0.5);
}

}  // namespace

Taps make_taps(int in, int out, Filter filter, int begin, int end) {
    const Kernel kernel = kernel_of(filter);
    const double scale = static_cast<double>(in) / out;
    const double filter_scale = std::max(scale, 1.0);
    const double support = kernel.support * filter_scale;
    const double inverse = 1.0 / filter_scale;
    Taps result;
    result.taps = std::min(static_cast<int>(std::ceil(support)) * 2 + 1, in);
    const auto outputs = static_cast<std::size_t>(end - begin);
    result.first.reserve(outputs);
    result.lengths.reserve(outputs);
    result.weights.assign(outputs * static_cast<std::size_t>(result.taps), 0);
    std::vector<double> exact(static_cast<std::size_t>(result.taps));
    std::int32_t* weights = result.weights.data();
    for (int i = begin; i < end; ++i, weights += result.taps) {
        const double center = (i + 0.5) * scale;
        const int first = std::max(static_cast<int>(center - support + 0.5), 0);
        const int length = std::min(static_cast<int>(center + support + 0.5), in) - first;
        double sum = 0.0;
        for (int t = 0; t < length; ++t) {
            exact[static_cast<std::size_t>(t)] = kernel.value((t + first - center + 0.5) * inverse);
            sum += exact[static_cast<std::size_t>(t)];
        }
        for (int t = 0; t < length; ++t) {
            const double weight = exact[static_cast<std::size_t>(t)];
            weights[t] = fixed_point(sum != 0.0 ? weight / sum : weight);
        }
        result.first.push_back(first);
        result.lengths.push_back(length);
    }
    return result;
}

}  // namespace espalier::datasets
