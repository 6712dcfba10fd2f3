#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/thread_pool.h"

namespace espalier::passes {

/// Means and centred second moments of samples (x[k], y[n]): all that least squares of y over x need.
struct Moments {
    std::int64_t n = 0;
    std::int64_t k = 0;
    std::vector<float> gram;   ///< [k][k], mean of (x - mean x)(x - mean x)^T
    std::vector<float> cross;  ///< [n][k], mean of (y - mean y)(x - mean x)^T
    std::vector<double> x_mean;
    std::vector<double> y_mean;
    std::vector<double> y_variance;
};

/// Adds up samples for Moments.
class MomentSums {
  public:
    MomentSums(std::int64_t n, std::int64_t k);

    /// Adds x[k][samples] and y[n][samples], which lie feature by feature.
    void add(std::int64_t samples, const float* x, const float* y, ThreadPool& pool);

    std::int64_t samples() const { return samples_; }

    /// The moments of what was added, which must be something; the sums are gone afterwards.
    Moments moments() &&;

  private:
    std::int64_t samples_ = 0;
    Moments sums_;
};

/// How w x approximates y, for each of the n outputs.
struct Fit {
    std::vector<double> mean;      ///< of w x
    std::vector<double> variance;  ///< of w x
    std::vector<double> error;     ///< mean of (w x - y)^2 apart from the difference of their means
};

/// The fit of weights[n][k].
Fit fit_of(const Moments& moments, std::span<const float> weights, ThreadPool& pool);

/// The v[n][k], 0 wherever weights are 0, that minimizes for each output o
///     mean of (v[o] x - y[o] - their means)^2 + damping * mean(diag gram) * |v[o] - weights[o]|^2,
/// the exact solution that one-shot pruning approximates (SparseGPT, arXiv 2301.00774, equation 2; Optimal
/// Brain Compression, arXiv 2208.11580), by conjugate gradients from `weights` on: no step increases the sum,
/// and nothing of the size of gram is inverted for each output.
std::vector<float> refit(const Moments& moments, std::span<const float> weights, double damping,
                         ThreadPool& pool);

}  // namespace espalier::passes
