#include "kernels/elementwise/unary.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/elementwise/unary_reference.h"
#include "kernels/testing/guarded.h"

namespace espalier::kernels {
namespace {

/// Vector functions promise 2 ulp (exp) to an absolute error of 1e-6 max(1, |x|) (gelu): see vector_math.h.
float tolerance(float x, float y) { return 1e-6f * std::max({1.0f, std::fabs(x), std::fabs(y)}); }

UnaryParams params_of(Unary kind) {
    switch (kind) {
        case Unary::kClip:
            return {-0.5f, 1.5f};
        case Unary::kHardSigmoid:
            return {0.2f, 0.5f};
        default:
            return {0.1f, 0};
    }
}

TEST(Unary, EveryKernelMatchesTheReference) {
    Random random(1);
    for (const UnaryKernel& kernel : unary_kernels()) {
        if (kernel.isa > best_isa()) continue;
        for (int k = 0; k < kUnaryKinds; ++k) {
            const auto kind = static_cast<Unary>(k);
            for (const std::int64_t n : {0, 1, 3, 15, 16, 17, 31, 33, 70}) {
                Guarded<float> x(n, pick(random, 0, 15)), y(n, pick(random, 0, 15));
                fill_normal(x, random, 3);
                const bool positive = kind == Unary::kLog || kind == Unary::kSqrt;
                for (std::int64_t i = 0; i < n && positive; ++i) x[i] = std::fabs(x[i]);
                kernel.function(kind, params_of(kind), x.data(), y.data(), n);
                EXPECT_TRUE(y.intact()) << kernel.name << " " << name(kind) << " " << n;
                for (std::int64_t i = 0; i < n; ++i) {
                    const float expected = unary_reference(kind, params_of(kind), x[i]);
                    ASSERT_NEAR(y[i], expected, tolerance(x[i], expected))
                        << kernel.name << " " << name(kind) << " of " << x[i];
                }
            }
        }
    }
}

TEST(Unary, NanGoesThroughEveryKind) {
    for (const UnaryKernel& kernel : unary_kernels()) {
        if (kernel.isa > best_isa()) continue;
        for (int k = 0; k < kUnaryKinds; ++k) {
            const auto kind = static_cast<Unary>(k);
            float x[17], y[17];
            std::fill_n(x, 17, std::numeric_limits<float>::quiet_NaN());
            kernel.function(kind, params_of(kind), x, y, 17);
            for (const float value : y) EXPECT_TRUE(std::isnan(value)) << kernel.name << " " << name(kind);
        }
    }
}

TEST(Unary, ReachesItsLimits) {
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    for (const UnaryKernel& kernel : unary_kernels()) {
        if (kernel.isa > best_isa()) continue;
        const auto at = [&](Unary kind, float x) {
            float y = 0;
            kernel.function(kind, params_of(kind), &x, &y, 1);
            return y;
        };
        EXPECT_EQ(at(Unary::kExp, kInfinity), kInfinity) << kernel.name;
        EXPECT_EQ(at(Unary::kExp, -kInfinity), 0) << kernel.name;
        // What masks leave of a softmax would be subnormal.
        if (kernel.isa > Isa::kPortable) {
            EXPECT_EQ(at(Unary::kExp, -100), 0) << kernel.name;
        }
        EXPECT_NEAR(at(Unary::kSigmoid, 1e30f), 1, 1e-6) << kernel.name;
        EXPECT_NEAR(at(Unary::kSigmoid, -1e30f), 0, 1e-6) << kernel.name;
        EXPECT_NEAR(at(Unary::kTanh, -kInfinity), -1, 1e-6) << kernel.name;
        EXPECT_EQ(at(Unary::kRelu, kInfinity), kInfinity) << kernel.name;
        EXPECT_EQ(at(Unary::kGelu, 1e30f), 1e30f) << kernel.name;
        EXPECT_EQ(at(Unary::kHardSwish, -1e30f), 0) << kernel.name;
    }
}

TEST(Unary, WorksInPlaceAndInParallel) {
    ThreadPool pool(3);
    std::vector<float> x(100003);
    Random random(2);
    for (float& value : x) value = static_cast<float>(random.normal());
    std::vector<float> y = x;
    unary(Unary::kAbs, {}, y.data(), y.data(), static_cast<std::int64_t>(y.size()), pool);
    for (std::size_t i = 0; i < x.size(); ++i) ASSERT_EQ(y[i], std::fabs(x[i]));
}

TEST(Unary, EveryActivationIsAnOperation) {
    for (int k = 0; k <= static_cast<int>(Activation::kHardSigmoid); ++k) {
        const UnaryOperation operation = operation_of(static_cast<Activation>(k), -1, 1);
        EXPECT_EQ(operation.kind == Unary::kIdentity, k == 0);
    }
}

}  // namespace
}  // namespace espalier::kernels
