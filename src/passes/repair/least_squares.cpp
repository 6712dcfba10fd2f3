#include "passes/repair/least_squares.h"

#include <algorithm>

#include "kernels/gemm/gemm.h"

namespace espalier::passes {
namespace {

/// Steps of conjugate gradients: with the damping used, later ones change nothing that f32 products tell.
constexpr int kMostSteps = 100;

/// Where the squared residual fell to this part of the first one, an output is done.
constexpr double kDone = 1e-10;

double dot(const float* a, const float* b, std::int64_t k) {
    double sum = 0;
    for (std::int64_t j = 0; j < k; ++j) sum += static_cast<double>(a[j]) * b[j];
    return sum;
}

/// One output's system (gram + damping) d = residual on the support of its weights, preconditioned by its
/// diagonal.
class Row {
  public:
    /// All arrays have k elements; `residual` is that of `d` = 0.
    Row(const float* weights, const float* diagonal, float* d, float* residual, float* direction,
        std::int64_t k)
        : weights_(weights), diagonal_(diagonal), d_(d), residual_(residual), direction_(direction), k_(k) {
        for (std::int64_t j = 0; j < k_; ++j) {
            if (weights_[j] == 0) residual_[j] = 0;
            direction_[j] = scaled(j);
        }
        size_ = dot(residual_, direction_, k_);
        goal_ = kDone * size_;
        done_ = !(size_ > 0);
    }

    bool done() const { return done_; }

    /// Moves along the direction, whose product with the matrix is given, and turns to the next one.
    void step(float* product) {
        for (std::int64_t j = 0; j < k_; ++j) {
            if (weights_[j] == 0) product[j] = 0;
        }
        const double curvature = dot(direction_, product, k_);
        if (!(curvature > 0)) return stop();
        const auto length = static_cast<float>(size_ / curvature);
        for (std::int64_t j = 0; j < k_; ++j) {
            d_[j] += length * direction_[j];
            residual_[j] -= length * product[j];
        }
        double size = 0;
        for (std::int64_t j = 0; j < k_; ++j) size += static_cast<double>(residual_[j]) * scaled(j);
        if (!(size > goal_)) return stop();
        const auto turn = static_cast<float>(size / size_);
        for (std::int64_t j = 0; j < k_; ++j) direction_[j] = scaled(j) + turn * direction_[j];
        size_ = size;
    }

  private:
    float scaled(std::int64_t j) const { return residual_[j] / diagonal_[j]; }
    void stop() {
        done_ = true;
        std::fill(direction_, direction_ + k_, 0.0f);
    }

    const float* weights_;
    const float* diagonal_;
    float* d_;
    float* residual_;
    float* direction_;
    std::int64_t k_;
    double size_ = 0;
    double goal_ = 0;
    bool done_ = false;
};

/// c[n][k] = a[n][k] * gram
void times_gram(const kernels::PackedF32& gram, std::span<const float> a, std::vector<float>& c,
                ThreadPool& pool) {
    kernels::gemm_f32(std::ssize(a) / gram.k(), a.data(), gram.k(), gram, c.data(), gram.k(), {}, pool);
}

/// The gram matrix with its damping, and its diagonal.
struct Damped {
    kernels::PackedF32 gram;
    std::vector<float> diagonal;
};

Damped damped(const Moments& moments, double damping) {
    const auto k = static_cast<std::size_t>(moments.k);
    double trace = 0;
    for (std::size_t j = 0; j < k; ++j) trace += moments.gram[j * k + j];
    const auto added = static_cast<float>(damping * trace / static_cast<double>(k));
    std::vector<float> gram = moments.gram;
    Damped result;
    for (std::size_t j = 0; j < k; ++j) result.diagonal.push_back(gram[j * k + j] += added);
    result.gram = kernels::pack_gemm_f32(gram.data(), moments.k, moments.k);
    return result;
}

}  // namespace

MomentSums::MomentSums(std::int64_t n, std::int64_t k) {
    sums_.n = n;
    sums_.k = k;
    sums_.gram.resize(static_cast<std::size_t>(k * k));
    sums_.cross.resize(static_cast<std::size_t>(n * k));
    sums_.x_mean.resize(static_cast<std::size_t>(k));
    sums_.y_mean.resize(static_cast<std::size_t>(n));
    sums_.y_variance.resize(static_cast<std::size_t>(n));
}

void MomentSums::add(std::int64_t samples, const float* x, const float* y, ThreadPool& pool) {
    if (samples < 1) return;
    const kernels::PackedF32 packed = kernels::pack_gemm_f32(x, sums_.k, samples);
    const auto accumulate = [&](const float* a, std::int64_t rows, std::vector<float>& sum) {
        kernels::Epilogue epilogue;
        epilogue.residual = sum.data();
        kernels::gemm_f32(rows, a, samples, packed, sum.data(), sums_.k, epilogue, pool);
    };
    accumulate(x, sums_.k, sums_.gram);
    accumulate(y, sums_.n, sums_.cross);
    for (std::int64_t j = 0; j < sums_.k; ++j) {
        double& sum = sums_.x_mean[static_cast<std::size_t>(j)];
        for (std::int64_t s = 0; s < samples; ++s) sum += x[j * samples + s];
    }
    for (std::int64_t o = 0; o < sums_.n; ++o) {
        double& sum = sums_.y_mean[static_cast<std::size_t>(o)];
        for (std::int64_t s = 0; s < samples; ++s) sum += y[o * samples + s];
        sums_.y_variance[static_cast<std::size_t>(o)] += dot(y + o * samples, y + o * samples, samples);
    }
    samples_ += samples;
}

Moments MomentSums::moments() && {
    Moments result = std::move(sums_);
    const auto count = static_cast<double>(samples_);
    const auto k = static_cast<std::size_t>(result.k);
    for (double& mean : result.x_mean) mean /= count;
    for (double& mean : result.y_mean) mean /= count;
    const auto center = [&](std::vector<float>& sums, const std::vector<double>& means) {
        for (std::size_t i = 0; i < means.size(); ++i) {
            for (std::size_t j = 0; j < k; ++j) {
                float& value = sums[i * k + j];
                value = static_cast<float>(value / count - means[i] * result.x_mean[j]);
            }
        }
    };
    center(result.gram, result.x_mean);
    center(result.cross, result.y_mean);
    // Rounding may take what should be 0 below it.
    for (std::size_t j = 0; j < k; ++j) result.gram[j * k + j] = std::max(result.gram[j * k + j], 0.0f);
    for (std::size_t o = 0; o < result.y_mean.size(); ++o) {
        const double mean = result.y_mean[o];
        result.y_variance[o] = std::max(result.y_variance[o] / count - mean * mean, 0.0);
    }
    return result;
}

Fit fit_of(const Moments& moments, std::span<const float> weights, ThreadPool& pool) {
    const std::int64_t k = moments.k;
    std::vector<float> product(weights.size());
    times_gram(kernels::pack_gemm_f32(moments.gram.data(), k, k), weights, product, pool);
    Fit fit;
    for (std::int64_t o = 0; o < moments.n; ++o) {
        const float* w = weights.data() + o * k;
        double mean = 0;
        for (std::int64_t j = 0; j < k; ++j) mean += w[j] * moments.x_mean[static_cast<std::size_t>(j)];
        const double variance = std::max(dot(w, product.data() + o * k, k), 0.0);
        const double shared = dot(w, moments.cross.data() + o * k, k);
        fit.mean.push_back(mean);
        fit.variance.push_back(variance);
        fit.error.push_back(
            std::max(variance - 2 * shared + moments.y_variance[static_cast<std::size_t>(o)], 0.0));
    }
    return fit;
}

std::vector<float> refit(const Moments& moments, std::span<const float> weights, double damping,
                         ThreadPool& pool) {
    const std::int64_t k = moments.k;
    const Damped matrix = damped(moments, damping);
    std::vector<float> product(weights.size()), d(weights.size()), direction(weights.size());
    times_gram(kernels::pack_gemm_f32(moments.gram.data(), k, k), weights, product, pool);
    std::vector<float> residual(weights.size());
    for (std::size_t i = 0; i < weights.size(); ++i) residual[i] = moments.cross[i] - product[i];
    // An input that never varies teaches nothing: its weight stays.
    std::vector<float> diagonal = matrix.diagonal;
    for (float& value : diagonal) value = value > 0 ? value : 1;
    std::vector<Row> rows;
    for (std::int64_t o = 0; o < moments.n; ++o) {
        rows.emplace_back(weights.data() + o * k, diagonal.data(), d.data() + o * k, residual.data() + o * k,
                          direction.data() + o * k, k);
    }
    const auto all_done = [&] {
        return std::all_of(rows.begin(), rows.end(), [](const Row& row) { return row.done(); });
    };
    for (int step = 0; step < kMostSteps && !all_done(); ++step) {
        times_gram(matrix.gram, direction, product, pool);
        pool.parallel_for(moments.n, 16, [&](std::int64_t begin, std::int64_t end, int) {
            for (std::int64_t o = begin; o < end; ++o) {
                Row& row = rows[static_cast<std::size_t>(o)];
                if (!row.done()) row.step(product.data() + o * k);
            }
        });
    }
    for (std::size_t i = 0; i < d.size(); ++i) d[i] += weights[i];
    return d;
}

}  // namespace espalier::passes
