#include "kernels/normalization/group_norm.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kernels/testing/guarded.h"

namespace espalier::kernels {
namespace {

constexpr double kEpsilon = 1.2e-7;
/// A mean far from 0 shows a one-pass variance.
constexpr double kOffset = 10;

TEST(ColumnMoments, EveryKernelMatchesDoublePrecision) {
    Random random(11);
    for (const ColumnMomentsKernel& kernel : column_moments_kernels()) {
        if (kernel.isa > best_isa()) continue;
        for (const std::int64_t channels : {1, 3, 8, 15, 16, 33, 64, 65, 130}) {
            for (const std::int64_t rows : {std::int64_t{1}, std::int64_t{7}, kMomentRows}) {
                Guarded<float> x(rows * channels, 3), mean(channels, 5), squares(channels, 1);
                fill_normal(x, random);
                for (std::int64_t i = 0; i < x.size(); ++i) x[i] += static_cast<float>(kOffset);
                kernel.function(x.data(), rows, channels, mean.data(), squares.data());
                EXPECT_TRUE(mean.intact() && squares.intact()) << kernel.name << " " << channels;
                for (std::int64_t c = 0; c < channels; ++c) {
                    double sum = 0, square = 0;
                    for (std::int64_t r = 0; r < rows; ++r) sum += x[r * channels + c];
                    const double m = sum / static_cast<double>(rows);
                    for (std::int64_t r = 0; r < rows; ++r) square += std::pow(x[r * channels + c] - m, 2);
                    const auto n = static_cast<double>(rows);
                    const double shift = n * kEpsilon * kOffset;  // of the mean, after n additions
                    ASSERT_NEAR(mean[c], m, shift) << kernel.name << " " << channels << " x " << rows;
                    ASSERT_NEAR(squares[c], square, 2 * n * kEpsilon * square + n * shift * shift)
                        << kernel.name;
                }
            }
        }
    }
}

struct Case {
    std::int64_t images, pixels, channels, groups;
};

/// Compares one result, channels-last or channels-first, with the definition.
void check(const GroupNorm& norm, const Guarded<float>& x, const Guarded<float>& y, bool last) {
    const std::int64_t width = norm.channels / norm.groups;
    const auto at = [&](std::int64_t n, std::int64_t c, std::int64_t p) {
        return last ? (n * norm.pixels + p) * norm.channels + c : (n * norm.channels + c) * norm.pixels + p;
    };
    for (std::int64_t n = 0; n < norm.images; ++n) {
        for (std::int64_t g = 0; g < norm.groups; ++g) {
            const auto for_each = [&](auto&& visit) {
                for (std::int64_t c = g * width; c < (g + 1) * width; ++c)
                    for (std::int64_t p = 0; p < norm.pixels; ++p) visit(c, at(n, c, p));
            };
            const auto count = static_cast<double>(width * norm.pixels);
            double sum = 0, squares = 0;
            for_each([&](std::int64_t, std::int64_t i) { sum += x[i]; });
            const double mean = sum / count;
            for_each([&](std::int64_t, std::int64_t i) { squares += std::pow(x[i] - mean, 2); });
            const double deviation = std::sqrt(squares / count + norm.epsilon);
            for_each([&](std::int64_t c, std::int64_t i) {
                const double expected = (x[i] - mean) / deviation * norm.gamma[c] + norm.beta[c];
                // Scale and shift round numbers of the size of the offset, not of the result.
                const double bound =
                    16 * kEpsilon *
                    ((kOffset + 4) / deviation * (std::fabs(norm.gamma[c]) + 1) + std::fabs(norm.beta[c]));
                ASSERT_NEAR(y[i], expected, bound)
                    << norm.channels << " channels, " << norm.pixels << " pixels";
            });
        }
    }
}

TEST(GroupNorm, BothLayoutsMatchDoublePrecision) {
    Random random(12);
    ThreadPool pool(3);
    for (const auto [images, pixels, channels, groups] :
         {Case{1, 1, 8, 2}, Case{2, 3, 6, 3}, Case{3, 64, 10, 1}, Case{2, 65, 21, 7}, Case{1, 200, 96, 32},
          Case{2, 129, 130, 130}}) {
        Guarded<float> x(images * pixels * channels, 3), y(x.size(), 5), gamma(channels, 1),
            beta(channels, 7);
        for (Guarded<float>* values : {&x, &gamma, &beta}) fill_normal(*values, random);
        for (std::int64_t i = 0; i < x.size(); ++i) x[i] += static_cast<float>(kOffset);
        const GroupNorm norm{images, pixels, channels, groups, gamma.data(), beta.data(), 0.1f};
        for (const Isa isa : {Isa::kPortable, Isa::kAvx2, Isa::kAvx512}) {
            group_norm(norm, x.data(), y.data(), pool, std::min(isa, best_isa()));
            EXPECT_TRUE(y.intact());
            check(norm, x, y, true);
        }
        group_norm_planes(norm, x.data(), y.data(), pool);
        check(norm, x, y, false);
    }
}

TEST(GroupNorm, RunsInPlace) {
    Random random(13);
    ThreadPool pool(2);
    Guarded<float> x(2 * 100 * 24), y(x.size()), ones(24);
    fill_normal(x, random);
    for (std::int64_t c = 0; c < 24; ++c) ones[c] = 1;
    const GroupNorm norm{2, 100, 24, 4, ones.data(), ones.data(), 1e-5f};
    group_norm(norm, x.data(), y.data(), pool);
    group_norm(norm, x.data(), x.data(), pool);
    for (std::int64_t i = 0; i < x.size(); ++i) ASSERT_EQ(x[i], y[i]);
}

}  // namespace
}  // namespace espalier::kernels
