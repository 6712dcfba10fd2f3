#include "kernels/normalization/group_norm.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/dispatch.h"
#include "kernels/normalization/batch_norm.h"

namespace espalier::kernels {
namespace {

constexpr std::int64_t kGrain = 16384;

void run_portable(const float* x, std::int64_t rows, std::int64_t channels, float* mean, float* squares) {
    for (std::int64_t c = 0; c < channels; ++c) {
        double sum = 0, square = 0;
        for (std::int64_t r = 0; r < rows; ++r) sum += x[r * channels + c];
        const double m = sum / static_cast<double>(rows);
        for (std::int64_t r = 0; r < rows; ++r)
            square += (x[r * channels + c] - m) * (x[r * channels + c] - m);
        mean[c] = static_cast<float>(m);
        squares[c] = static_cast<float>(square);
    }
}

constexpr ColumnMomentsKernel kTable[] = {
    {"column_moments/portable", Isa::kPortable, run_portable},
#if defined(__x86_64__)
    {"column_moments/avx2", Isa::kAvx2, run_column_moments_avx2},
    {"column_moments/avx512", Isa::kAvx512, run_column_moments_avx512},
#endif
};

struct Statistics {
    double mean;
    double deviation;  ///< sqrt(var + epsilon)
};

/// Moments of each column of each block of pixels of each image: [images blocks channels].
struct Moments {
    std::int64_t blocks;
    std::vector<float> mean, squares;
};

std::int64_t rows_of(const GroupNorm& norm, std::int64_t block) {
    return std::min(kMomentRows, norm.pixels - block * kMomentRows);
}

Moments moments_of(const GroupNorm& norm, const float* x, ThreadPool& pool, Isa limit) {
    const auto& kernel = select(column_moments_kernels(), limit);
    const std::int64_t blocks = (norm.pixels + kMomentRows - 1) / kMomentRows;
    Moments moments{.blocks = blocks, .mean = {}, .squares = {}};
    moments.mean.resize(static_cast<std::size_t>(norm.images * blocks * norm.channels));
    moments.squares.resize(moments.mean.size());
    const std::int64_t grain = std::max<std::int64_t>(1, kGrain / (kMomentRows * norm.channels));
    pool.parallel_for(norm.images * blocks, grain, [&](std::int64_t begin, std::int64_t end, int) {
        for (std::int64_t i = begin; i < end; ++i) {
            const std::int64_t first = i / blocks * norm.pixels + i % blocks * kMomentRows;
            kernel.function(x + first * norm.channels, rows_of(norm, i % blocks), norm.channels,
                            moments.mean.data() + i * norm.channels,
                            moments.squares.data() + i * norm.channels);
        }
    });
    return moments;
}

/// Squares about the mean of a union are the squares about the means of its parts, and those of these means.
Statistics join(const GroupNorm& norm, const Moments& moments, std::int64_t image, std::int64_t group) {
    const std::int64_t width = norm.channels / norm.groups;
    const auto count = static_cast<double>(norm.pixels * width);
    const auto for_each_part = [&](auto&& visit) {
        for (std::int64_t block = 0; block < moments.blocks; ++block) {
            const std::int64_t first = (image * moments.blocks + block) * norm.channels + group * width;
            for (std::int64_t c = first; c < first + width; ++c)
                visit(static_cast<std::size_t>(c), static_cast<double>(rows_of(norm, block)));
        }
    };
    double sum = 0, squares = 0;
    for_each_part([&](std::size_t part, double rows) { sum += rows * moments.mean[part]; });
    const double mean = sum / count;
    for_each_part([&](std::size_t part, double rows) {
        const double apart = moments.mean[part] - mean;
        squares += moments.squares[part] + rows * apart * apart;
    });
    return {mean, std::sqrt(squares / count + norm.epsilon)};
}

}  // namespace

std::span<const ColumnMomentsKernel> column_moments_kernels() { return kTable; }

void group_norm(const GroupNorm& norm, const float* x, float* y, ThreadPool& pool, Isa limit) {
    const Moments moments = moments_of(norm, x, pool, limit);
    const std::int64_t width = norm.channels / norm.groups;
    std::vector<float> alpha(static_cast<std::size_t>(norm.channels)), beta(alpha.size());
    for (std::int64_t image = 0; image < norm.images; ++image) {
        for (std::int64_t c = 0; c < norm.channels; c += width) {
            const auto [mean, deviation] = join(norm, moments, image, c / width);
            for (std::int64_t k = c; k < c + width; ++k) {
                const double scale = norm.gamma[k] / deviation;
                alpha[static_cast<std::size_t>(k)] = static_cast<float>(scale);
                beta[static_cast<std::size_t>(k)] = static_cast<float>(norm.beta[k] - mean * scale);
            }
        }
        const std::int64_t first = image * norm.pixels * norm.channels;
        scale_shift(x + first, norm.pixels, norm.channels, alpha.data(), beta.data(), y + first, pool, limit);
    }
}

void group_norm_planes(const GroupNorm& norm, const float* x, float* y, ThreadPool& pool) {
    const std::int64_t width = norm.channels / norm.groups;
    const std::int64_t count = width * norm.pixels;
    pool.parallel_for(norm.images * norm.groups, 1, [&](std::int64_t begin, std::int64_t end, int) {
        for (std::int64_t i = begin; i < end; ++i) {
            const float* from = x + i * count;
            float* to = y + i * count;
            double sum = 0, squares = 0;
            for (std::int64_t k = 0; k < count; ++k) sum += from[k];
            const double mean = sum / static_cast<double>(count);
            for (std::int64_t k = 0; k < count; ++k) squares += (from[k] - mean) * (from[k] - mean);
            const double deviation = std::sqrt(squares / static_cast<double>(count) + norm.epsilon);
            for (std::int64_t k = 0; k < count; ++k) {
                const std::int64_t c = i % norm.groups * width + k / norm.pixels;
                to[k] = static_cast<float>((from[k] - mean) / deviation * norm.gamma[c] + norm.beta[c]);
            }
        }
    });
}

}  // namespace espalier::kernels
