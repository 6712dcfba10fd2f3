#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "kernels/normalization/batch_norm.h"
#include "kernels/normalization/layer_norm.h"
#include "kernels/testing/guarded.h"
#include "kernels/testing/row_codes.h"

namespace espalier::kernels {
namespace {

constexpr double kEpsilon = 1.2e-7;

TEST(LayerNorm, EveryKernelMatchesDoublePrecision) {
    Random random(5);
    for (const LayerNormKernel& kernel : layer_norm_kernels()) {
        if (kernel.isa > best_isa()) continue;
        for (const std::int64_t columns : {1, 2, 7, 16, 17, 63, 64, 96, 129, 768, 1000}) {
            for (const bool affine : {false, true}) {
                const std::int64_t rows = 3;
                const double offset = 10;  // a mean far from 0 shows a one-pass variance
                Guarded<float> x(rows * columns, 3), y(rows * columns, 5), gamma(columns, 1),
                    beta(columns, 7);
                fill_normal(x, random);
                fill_normal(gamma, random);
                fill_normal(beta, random);
                for (std::int64_t i = 0; i < x.size(); ++i) x[i] += static_cast<float>(offset);
                const LayerNorm norm{rows, columns, affine ? gamma.data() : nullptr,
                                     affine ? beta.data() : nullptr, 1e-6f};
                kernel.function(norm, x.data(), y.data());
                EXPECT_TRUE(y.intact()) << kernel.name << " " << columns;
                for (std::int64_t r = 0; r < rows; ++r) {
                    double sum = 0, squares = 0;
                    for (std::int64_t c = 0; c < columns; ++c) sum += x[r * columns + c];
                    const double mean = sum / static_cast<double>(columns);
                    for (std::int64_t c = 0; c < columns; ++c)
                        squares += std::pow(x[r * columns + c] - mean, 2);
                    const double deviation = std::sqrt(squares / static_cast<double>(columns) + 1e-6);
                    for (std::int64_t c = 0; c < columns; ++c) {
                        const double scale = affine ? gamma[c] : 1;
                        const double expected =
                            (x[r * columns + c] - mean) / deviation * scale + (affine ? beta[c] : 0);
                        // The mean is off by epsilon times its magnitude; the variance of one column is 0.
                        const double bound =
                            16 * kEpsilon * (offset / deviation + 1) * (std::fabs(scale) + 1);
                        ASSERT_NEAR(y[r * columns + c], expected, bound)
                            << kernel.name << " " << columns << " columns, row " << r;
                    }
                }
            }
        }
    }
}

TEST(LayerNorm, RunsInPlaceOverManyRows) {
    Random random(6);
    ThreadPool pool(3);
    Guarded<float> x(500 * 96), y(500 * 96);
    fill_normal(x, random);
    const LayerNorm norm{500, 96, nullptr, nullptr, 1e-5f};
    layer_norm(norm, x.data(), y.data(), pool);
    layer_norm(norm, x.data(), x.data(), pool);
    for (std::int64_t i = 0; i < x.size(); ++i) ASSERT_EQ(x[i], y[i]);
}

TEST(LayerNorm, RowCodesAreThoseOfTheFloats) {
    Random random(8);
    for (const LayerNormKernel& kernel : layer_norm_kernels()) {
        if (kernel.isa > best_isa()) continue;
        for (const int threads : {1, 3}) {
            ThreadPool pool(threads);
            // More rows than one chunk has, and rows longer than a chunk.
            for (const auto& [rows, columns] : {std::pair{300, 97}, std::pair{3, 9000}}) {
                Guarded<float> x(rows * columns), y(rows * columns);
                fill_normal(x, random);
                const LayerNorm norm{rows, columns, nullptr, nullptr, 1e-5f};
                GuardedRowCodes alone(rows, columns), both(rows, columns);
                layer_norm(norm, x.data(), nullptr, pool, kernel.isa, alone.place());
                layer_norm(norm, x.data(), y.data(), pool, kernel.isa, both.place());
                alone.expect_of(y.data(), kernel.name.data());
                both.expect_of(y.data(), kernel.name.data());
            }
        }
    }
}

TEST(BatchNorm, FoldsAndAppliesInBothLayouts) {
    Random random(7);
    ThreadPool pool(2);
    for (const ScaleShiftKernel& kernel : scale_shift_kernels()) {
        if (kernel.isa > best_isa()) continue;
        for (const std::int64_t channels : {1, 3, 16, 21, 64, 130}) {
            const std::int64_t outer = 5, inner = 4;
            Guarded<float> x(outer * channels * inner, 1), y(outer * channels * inner, 9);
            Guarded<float> scale(channels), bias(channels), mean(channels), variance(channels);
            for (Guarded<float>* values : {&x, &scale, &bias, &mean, &variance}) fill_normal(*values, random);
            for (std::int64_t c = 0; c < channels; ++c) variance[c] = std::fabs(variance[c]) + 0.1f;
            const BatchNormParams params{scale.data(), bias.data(), mean.data(), variance.data(), 1e-5f};
            for (const bool nchw : {false, true}) {
                const std::int64_t rows = nchw ? outer : outer * inner, last = nchw ? inner : 1;
                batch_norm(x.data(), rows, channels, last, params, y.data(), pool, kernel.isa);
                EXPECT_TRUE(y.intact());
                for (std::int64_t i = 0; i < x.size(); ++i) {
                    const std::int64_t c = i / last % channels;
                    const double deviation = std::sqrt(variance[c] + 1e-5);
                    const double expected = (x[i] - mean[c]) / deviation * scale[c] + bias[c];
                    const double magnitude =
                        (std::fabs(x[i]) + std::fabs(mean[c])) / deviation * std::fabs(scale[c]);
                    ASSERT_NEAR(y[i], expected, 8 * kEpsilon * (magnitude + std::fabs(bias[c])))
                        << kernel.name;
                }
            }
        }
    }
}

}  // namespace
}  // namespace espalier::kernels
