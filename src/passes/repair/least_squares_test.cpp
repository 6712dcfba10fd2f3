#include "passes/repair/least_squares.h"

#include <gtest/gtest.h>

#include <cmath>
#include <utility>

#include "base/random.h"

namespace espalier::passes {
namespace {

using Matrix = std::vector<std::vector<double>>;

/// Solves a x = b by elimination with pivots.
std::vector<double> solved(Matrix a, std::vector<double> b) {
    const std::size_t n = b.size();
    for (std::size_t p = 0; p < n; ++p) {
        std::size_t best = p;
        for (std::size_t i = p; i < n; ++i) {
            if (std::fabs(a[i][p]) > std::fabs(a[best][p])) best = i;
        }
        std::swap(a[p], a[best]);
        std::swap(b[p], b[best]);
        for (std::size_t i = p + 1; i < n; ++i) {
            const double factor = a[i][p] / a[p][p];
            for (std::size_t j = p; j < n; ++j) a[i][j] -= factor * a[p][j];
            b[i] -= factor * b[p];
        }
    }
    for (std::size_t p = n; p-- > 0;) {
        for (std::size_t j = p + 1; j < n; ++j) b[p] -= a[p][j] * b[j];
        b[p] /= a[p][p];
    }
    return b;
}

/// Samples of correlated inputs with means, and of outputs that the inputs explain in part.
struct Samples {
    std::int64_t n, k, count;
    std::vector<float> x, y;  ///< feature by feature

    Samples(std::int64_t outputs, std::int64_t inputs, std::int64_t samples, std::uint64_t seed)
        : n(outputs), k(inputs), count(samples) {
        Random random(seed);
        std::vector<float> shared(static_cast<std::size_t>(count));
        for (float& value : shared) value = static_cast<float>(random.normal());
        for (std::int64_t j = 0; j < k; ++j) {
            const double scale = 0.2 + random.uniform(), mean = 2 * random.uniform() - 1;
            for (const float common : shared)
                x.push_back(static_cast<float>(mean + scale * (random.normal() + common)));
        }
        for (std::int64_t o = 0; o < n; ++o) {
            for (std::int64_t s = 0; s < count; ++s) {
                double sum = 0.5 * random.normal() + 3;
                for (std::int64_t j = 0; j < k; ++j)
                    sum += std::sin(static_cast<double>(o + 2 * j)) * x_at(j, s);
                y.push_back(static_cast<float>(sum));
            }
        }
    }

    double x_at(std::int64_t j, std::int64_t s) const { return x[static_cast<std::size_t>(j * count + s)]; }
    double y_at(std::int64_t o, std::int64_t s) const { return y[static_cast<std::size_t>(o * count + s)]; }

    /// Added in pieces of unequal length, as batches come.
    Moments moments(ThreadPool& pool) const {
        MomentSums sums(n, k);
        for (std::int64_t first = 0, piece = 7; first < count; first += piece, piece += 5) {
            const std::int64_t length = std::min(piece, count - first);
            std::vector<float> part_x, part_y;
            for (std::int64_t j = 0; j < k; ++j) {
                for (std::int64_t s = first; s < first + length; ++s)
                    part_x.push_back(static_cast<float>(x_at(j, s)));
            }
            for (std::int64_t o = 0; o < n; ++o) {
                for (std::int64_t s = first; s < first + length; ++s)
                    part_y.push_back(static_cast<float>(y_at(o, s)));
            }
            sums.add(length, part_x.data(), part_y.data(), pool);
        }
        return std::move(sums).moments();
    }
};

double mean(const std::vector<double>& values) {
    double sum = 0;
    for (const double value : values) sum += value;
    return sum / static_cast<double>(values.size());
}

/// Weights of which `share` are 0.
std::vector<float> pruned_weights(std::int64_t count, double share, std::uint64_t seed) {
    Random random(seed);
    std::vector<float> weights;
    for (std::int64_t i = 0; i < count; ++i) {
        const auto value = static_cast<float>(random.normal());
        weights.push_back(random.uniform() < share ? 0.0f : value);
    }
    return weights;
}

/// The same minimum from the samples themselves: the normal equations of the support of one output.
std::vector<double> direct(const Samples& samples, std::int64_t o, const std::vector<float>& weights,
                           double damping) {
    std::vector<double> x_mean;
    double y_mean = 0, trace = 0;
    for (std::int64_t s = 0; s < samples.count; ++s)
        y_mean += samples.y_at(o, s) / static_cast<double>(samples.count);
    const auto covariance = [&](std::int64_t i, std::int64_t j) {
        double sum = 0;
        for (std::int64_t s = 0; s < samples.count; ++s) {
            sum += (samples.x_at(i, s) - x_mean[static_cast<std::size_t>(i)]) *
                   (samples.x_at(j, s) - x_mean[static_cast<std::size_t>(j)]);
        }
        return sum / static_cast<double>(samples.count);
    };
    for (std::int64_t j = 0; j < samples.k; ++j) {
        std::vector<double> row;
        for (std::int64_t s = 0; s < samples.count; ++s) row.push_back(samples.x_at(j, s));
        x_mean.push_back(mean(row));
        trace += covariance(j, j);
    }
    const double added = damping * trace / static_cast<double>(samples.k);
    std::vector<std::int64_t> support;
    for (std::int64_t j = 0; j < samples.k; ++j) {
        if (weights[static_cast<std::size_t>(o * samples.k + j)] != 0) support.push_back(j);
    }
    Matrix a;
    std::vector<double> b;
    for (const std::int64_t i : support) {
        a.emplace_back();
        for (const std::int64_t j : support) a.back().push_back(covariance(i, j) + (i == j ? added : 0));
        double sum = 0;
        for (std::int64_t s = 0; s < samples.count; ++s) {
            sum += (samples.x_at(i, s) - x_mean[static_cast<std::size_t>(i)]) * (samples.y_at(o, s) - y_mean);
        }
        b.push_back(sum / static_cast<double>(samples.count) +
                    added * weights[static_cast<std::size_t>(o * samples.k + i)]);
    }
    const std::vector<double> values = solved(a, b);
    std::vector<double> all(static_cast<std::size_t>(samples.k), 0.0);
    for (std::size_t i = 0; i < support.size(); ++i) all[static_cast<std::size_t>(support[i])] = values[i];
    return all;
}

TEST(LeastSquares, EqualTheDirectSolutionAndKeepZeros) {
    ThreadPool pool(2);
    for (const std::int64_t k : {1, 9, 24, 37}) {
        for (const double damping : {1e-6, 0.01, 1.0}) {
            const Samples samples(5, k, 400, 3 + static_cast<std::uint64_t>(k));
            const auto weights = pruned_weights(5 * k, 0.6, 7);
            const auto found = refit(samples.moments(pool), weights, damping, pool);
            for (std::int64_t o = 0; o < 5; ++o) {
                const auto expected = direct(samples, o, weights, damping);
                for (std::int64_t j = 0; j < k; ++j) {
                    const auto at = static_cast<std::size_t>(o * k + j);
                    if (weights[at] == 0) {
                        EXPECT_EQ(found[at], 0.0f);
                    }
                    EXPECT_NEAR(found[at], expected[static_cast<std::size_t>(j)], 2e-3)
                        << k << " " << damping;
                }
            }
        }
    }
}

TEST(LeastSquares, FitsAreThoseOfTheSamples) {
    ThreadPool pool(1);
    const Samples samples(3, 6, 500, 11);
    const auto weights = pruned_weights(18, 0.3, 5);
    const Fit fit = fit_of(samples.moments(pool), weights, pool);
    for (std::int64_t o = 0; o < 3; ++o) {
        std::vector<double> outputs, errors;
        for (std::int64_t s = 0; s < samples.count; ++s) {
            double sum = 0;
            for (std::int64_t j = 0; j < 6; ++j)
                sum += weights[static_cast<std::size_t>(o * 6 + j)] * samples.x_at(j, s);
            outputs.push_back(sum);
            errors.push_back(sum - samples.y_at(o, s));
        }
        const auto variance = [](const std::vector<double>& values) {
            std::vector<double> squares;
            for (const double value : values)
                squares.push_back((value - mean(values)) * (value - mean(values)));
            return mean(squares);
        };
        const auto at = static_cast<std::size_t>(o);
        EXPECT_NEAR(fit.mean[at], mean(outputs), 1e-4);
        EXPECT_NEAR(fit.variance[at], variance(outputs), 1e-4 * (1 + variance(outputs)));
        EXPECT_NEAR(fit.error[at], variance(errors), 1e-4 * (1 + variance(errors)));
    }
}

TEST(LeastSquares, NeverErrMoreThanBefore) {
    ThreadPool pool(1);
    // Fewer samples than inputs: only the damping makes the solution one.
    const Samples samples(8, 60, 40, 17);
    const auto weights = pruned_weights(8 * 60, 0.5, 9);
    const Moments moments = samples.moments(pool);
    const Fit before = fit_of(moments, weights, pool);
    const Fit after = fit_of(moments, refit(moments, weights, 0.01, pool), pool);
    for (std::size_t o = 0; o < 8; ++o) EXPECT_LT(after.error[o], 0.2 * before.error[o]);
}

TEST(LeastSquares, InputsThatNeverVaryKeepTheirWeights) {
    ThreadPool pool(1);
    MomentSums sums(1, 2);
    const std::vector<float> x{0, 0, 0, 0, 1, 2, 3, 4}, y{2, 4, 6, 8}, weights{5, 1};
    sums.add(4, x.data(), y.data(), pool);
    const auto found = refit(std::move(sums).moments(), weights, 0, pool);
    EXPECT_EQ(found[0], 5.0f);
    EXPECT_NEAR(found[1], 2.0f, 1e-5);
    MomentSums still(1, 2);
    const std::vector<float> zeros(8, 0.0f);
    still.add(4, zeros.data(), y.data(), pool);
    EXPECT_EQ(refit(std::move(still).moments(), weights, 0.01, pool), weights);
}

TEST(LeastSquares, DoNotDependOnThreads) {
    ThreadPool one(1), four(4);
    const Samples samples(33, 70, 300, 23);
    const auto weights = pruned_weights(33 * 70, 0.7, 4);
    EXPECT_EQ(refit(samples.moments(one), weights, 0.01, one),
              refit(samples.moments(four), weights, 0.01, four));
}

}  // namespace
}  // namespace espalier::passes
