#include "kernels/quantize/quantize_weights.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace espalier::kernels {
namespace {

std::int8_t quantize_one(float w, float inverse_scale, float low) {
    const float scaled = w * inverse_scale;
    if (std::isnan(scaled)) return 0;
    return static_cast<std::int8_t>(std::nearbyint(std::clamp(scaled, low, 127.0f)));
}

float largest_magnitude(const float* w, std::int64_t n) {
    float top = 0;
    for (std::int64_t i = 0; i < n; ++i) top = std::fabs(w[i]) > top ? std::fabs(w[i]) : top;
    return std::min(top, std::numeric_limits<float>::max());
}

double squared_error(const float* w, std::int64_t n, float scale) {
    double error = 0;
    for (std::int64_t i = 0; i < n; ++i) {
        const float difference = w[i] - scale * static_cast<float>(quantize_one(w[i], 1 / scale, -127));
        error += static_cast<double>(difference) * difference;
    }
    return error;
}

/// A scale whose reciprocal is finite; 1 for a row of zeros.
float usable(float scale) { return scale > 0 ? std::max(scale, std::numeric_limits<float>::min()) : 1; }

float least_error_scale(const float* w, std::int64_t n, float full) {
    float best = full;
    double best_error = squared_error(w, n, full);
    for (int percent = 98; percent >= 60; percent -= 2) {
        const float scale = usable(full * static_cast<float>(percent) / 100);
        const double error = squared_error(w, n, scale);
        if (error < best_error) {
            best_error = error;
            best = scale;
        }
    }
    return best;
}

}  // namespace

QuantizedWeights quantize_weights_per_row(const float* w, std::int64_t n, std::int64_t k, WeightClip clip) {
    QuantizedWeights out;
    out.values.resize(static_cast<std::size_t>(n * k));
    out.scales.resize(static_cast<std::size_t>(n));
    for (std::int64_t r = 0; r < n; ++r) {
        const float* row = w + r * k;
        float scale = usable(largest_magnitude(row, k) / 127);
        if (clip == WeightClip::kLeastSquaredError) scale = least_error_scale(row, k, scale);
        out.scales[static_cast<std::size_t>(r)] = scale;
        for (std::int64_t i = 0; i < k; ++i) {
            out.values[static_cast<std::size_t>(r * k + i)] = quantize_one(row[i], 1 / scale, -127);
        }
    }
    return out;
}

QuantizedWeights quantize_weights_torch(const float* w, std::int64_t n, std::int64_t k) {
    QuantizedWeights out;
    const float scale = std::max(largest_magnitude(w, n * k) / 127.5f, std::numeric_limits<float>::epsilon());
    out.scales = {scale};
    out.values.resize(static_cast<std::size_t>(n * k));
    for (std::int64_t i = 0; i < n * k; ++i) {
        out.values[static_cast<std::size_t>(i)] = quantize_one(w[i], 1 / scale, -128);
    }
    return out;
}

}  // namespace espalier::kernels
