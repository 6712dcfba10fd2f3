#include "kernels/softmax/softmax.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/testing/guarded.h"

namespace espalier::kernels {
namespace {

/// Checks y against the definition in double precision. exp is good to 2 ulp, x - max is rounded once.
void expect_softmax(SoftmaxKind kind, const Guarded<float>& x, const Guarded<float>& y, std::int64_t n,
                    std::int64_t inner, std::string_view kernel) {
    for (std::int64_t i = 0; i < x.size(); ++i) {
        const std::int64_t first = i / (n * inner) * n * inner + i % inner;
        double top = -INFINITY, sum = 0;
        for (std::int64_t k = 0; k < n; ++k) top = std::max<double>(top, x[first + k * inner]);
        for (std::int64_t k = 0; k < n; ++k) sum += std::exp(x[first + k * inner] - top);
        const double log_value = x[i] - top - std::log(sum);
        const double magnitude = 1 + std::fabs(x[i] - top);
        if (kind == SoftmaxKind::kLogSoftmax) {
            ASSERT_NEAR(y[i], log_value, 1e-6 * magnitude) << kernel << " n " << n;
        } else {
            ASSERT_NEAR(y[i], std::exp(log_value), 1e-6 * magnitude * std::exp(log_value) + 1e-38)
                << kernel << " n " << n;
        }
    }
}

TEST(Softmax, EveryKernelMatchesTheDefinition) {
    Random random(8);
    for (const SoftmaxKernel& kernel : softmax_kernels()) {
        if (kernel.isa > best_isa()) continue;
        for (const SoftmaxKind kind : {SoftmaxKind::kSoftmax, SoftmaxKind::kLogSoftmax}) {
            for (const std::int64_t n : {1, 2, 9, 16, 17, 31, 32, 49, 65, 197, 1000}) {
                Guarded<float> x(2 * n, pick(random, 0, 15)), y(2 * n, pick(random, 0, 15));
                fill_normal(x, random, 10);
                kernel.function(kind, x.data(), 2, n, y.data());
                EXPECT_TRUE(y.intact()) << kernel.name << " " << n;
                expect_softmax(kind, x, y, n, 1, kernel.name);
            }
        }
    }
}

TEST(Softmax, SurvivesLargeInputs) {
    for (const SoftmaxKernel& kernel : softmax_kernels()) {
        if (kernel.isa > best_isa()) continue;
        Guarded<float> x(20), y(20);
        for (std::int64_t i = 0; i < 20; ++i) x[i] = i == 3 ? 3e38f : -3e38f;
        kernel.function(SoftmaxKind::kSoftmax, x.data(), 1, 20, y.data());
        EXPECT_EQ(y[3], 1) << kernel.name;
        EXPECT_NEAR(y[4], 0, 1e-40) << kernel.name;
        for (std::int64_t i = 0; i < 20; ++i) x[i] = i == 3 ? 0 : -std::numeric_limits<float>::infinity();
        kernel.function(SoftmaxKind::kSoftmax, x.data(), 1, 20, y.data());
        EXPECT_EQ(y[3], 1) << kernel.name;
        x[5] = std::numeric_limits<float>::quiet_NaN();
        kernel.function(SoftmaxKind::kSoftmax, x.data(), 1, 20, y.data());
        EXPECT_TRUE(std::isnan(y[0]) && std::isnan(y[19])) << kernel.name;
    }
}

TEST(Softmax, WorksOnAnyAxis) {
    Random random(9);
    ThreadPool pool(2);
    Guarded<float> x(3 * 11 * 7), y(3 * 11 * 7);
    fill_normal(x, random);
    softmax(SoftmaxKind::kSoftmax, x.data(), 3, 11, 7, y.data(), pool);
    expect_softmax(SoftmaxKind::kSoftmax, x, y, 11, 7, "axis 1");
}

}  // namespace
}  // namespace espalier::kernels
