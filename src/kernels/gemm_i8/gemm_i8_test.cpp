#include "kernels/gemm_i8/gemm_i8.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "kernels/elementwise/unary_reference.h"
#include "kernels/testing/guarded.h"

namespace espalier::kernels {
namespace {

struct Problem {
    std::int64_t m, n, k;
    Guarded<std::uint8_t> a;
    Guarded<std::int8_t> w;
    Guarded<float> scales, bias, residual;
    std::vector<Affine> affines;
    std::int64_t lda, ldc, rows_per_value;

    Problem(Random& random, std::int64_t m_, std::int64_t n_, std::int64_t k_)
        : m(m_),
          n(n_),
          k(k_),
          a((m_ - 1) * (k_ + 3) + k_, 1),
          w(n_ * k_),
          scales(n_),
          bias(n_, 3),
          residual((m_ - 1) * (n_ + 2) + n_, 5),
          lda(k_ + 3),
          ldc(n_ + 2),
          rows_per_value(pick(random, 1, m_)) {
        fill_integers(a, random, 0, 255);
        fill_integers(w, random, -128, 127);
        fill_normal(scales, random, 0.01);
        fill_normal(bias, random);
        fill_normal(residual, random);
        for (std::int64_t i = 0; i < m; ++i) {
            affines.push_back({static_cast<float>(random.uniform() * 0.01),
                               random.below(4) == 0 ? 0 : static_cast<std::int32_t>(random.below(256))});
        }
    }

    /// The contract's expression in its order; exact up to the activation.
    float expected(std::int64_t i, std::int64_t j, const Epilogue& e) const {
        const Affine& affine = affines[static_cast<std::size_t>(i / rows_per_value)];
        std::int64_t sum = 0;
        for (std::int64_t p = 0; p < k; ++p) {
            sum += (std::int64_t{a[i * lda + p]} - affine.zero_point) * w[j * k + p];
        }
        float value = std::fma(static_cast<float>(sum), affine.scale * scales[j], e.bias ? e.bias[j] : 0.0f);
        if (e.residual) value += e.residual[i * ldc + j];
        const UnaryOperation activation = operation_of(e.activation, e.lo, e.hi);
        return unary_reference(activation.kind, activation.params, value);
    }
};

void check(Problem& problem, const Epilogue& epilogue, Isa isa, ThreadPool& pool) {
    const PackedI8 packed = pack_gemm_i8(problem.w.data(), problem.n, problem.k,
                                         {problem.scales.data(), static_cast<std::size_t>(problem.n)});
    Guarded<float> c((problem.m - 1) * problem.ldc + problem.n, 7);
    for (std::int64_t i = 0; i < c.size(); ++i) c[i] = -77;
    gemm_u8s8(problem.m, problem.a.data(), problem.lda, {problem.affines.data(), problem.rows_per_value},
              packed, c.data(), problem.ldc, epilogue, pool, isa);
    EXPECT_TRUE(c.intact());
    const bool exact = epilogue.activation == Activation::kNone || epilogue.activation == Activation::kRelu ||
                       epilogue.activation == Activation::kClip;
    for (std::int64_t i = 0; i < problem.m; ++i) {
        for (std::int64_t j = 0; j < problem.ldc && i * problem.ldc + j < c.size(); ++j) {
            const float got = c[i * problem.ldc + j];
            if (j >= problem.n) {
                ASSERT_EQ(got, -77) << "wrote between rows";
                continue;
            }
            const float expected = problem.expected(i, j, epilogue);
            const float tolerance = exact ? 0 : 2e-6f * std::max(1.0f, std::fabs(expected));
            ASSERT_NEAR(got, expected, tolerance)
                << kernel_name_i8(isa) << " " << problem.m << "x" << problem.n << "x" << problem.k << " at "
                << i << ", " << j;
        }
    }
}

TEST(GemmI8, EveryKernelIsExactForRandomSizes) {
    Random random(21);
    ThreadPool pool(2);
    for (const TileI8Kernel& kernel : tile_i8_kernels()) {
        if (kernel.isa > best_isa()) continue;
        for (int trial = 0; trial < 60; ++trial) {
            Problem problem(random, pick(random, 1, 60), pick(random, 1, 80), pick(random, 1, 70));
            Epilogue epilogue;
            if (random.below(2)) epilogue.bias = problem.bias.data();
            if (random.below(2)) epilogue.residual = problem.residual.data();
            epilogue.activation = static_cast<Activation>(random.below(10));
            epilogue.lo = -1;
            epilogue.hi = 2;
            check(problem, epilogue, kernel.isa, pool);
        }
    }
}

TEST(GemmI8, EveryTileHeightAndWidth) {
    Random random(22);
    ThreadPool pool(1);
    for (std::int64_t m = 1; m <= 30; ++m) {
        for (const std::int64_t n : {1, 15, 16, 17, 32, 33, 48}) {
            Problem problem(random, m, n, 9);
            check(problem, {}, best_isa(), pool);
        }
    }
}

TEST(GemmI8, ExtremesDoNotSaturate) {
    ThreadPool pool(1);
    const std::int64_t k = 4096;
    const std::vector<std::uint8_t> a(static_cast<std::size_t>(k), 255);
    for (const int value : {-128, 127}) {
        const std::vector<std::int8_t> w(static_cast<std::size_t>(k), static_cast<std::int8_t>(value));
        const float one = 1;
        const PackedI8 packed = pack_gemm_i8(w.data(), 1, k, {&one, 1});
        for (const TileI8Kernel& kernel : tile_i8_kernels()) {
            if (kernel.isa > best_isa()) continue;
            for (const std::int32_t zero : {0, 255, 127}) {
                const Affine affine{1, zero};
                float c = 0;
                gemm_u8s8(1, a.data(), k, {&affine}, packed, &c, 1, {}, pool, kernel.isa);
                EXPECT_EQ(c, static_cast<float>((255 - zero) * value * k)) << kernel.name;
            }
        }
    }
}

TEST(GemmI8, AddsTheOutputItselfAsResidual) {
    Random random(23);
    ThreadPool pool(2);
    Problem problem(random, 20, 40, 24);
    problem.ldc = problem.n;
    const PackedI8 packed = pack_gemm_i8(problem.w.data(), 40, 24, {problem.scales.data(), 40});
    Guarded<float> once(800), twice(800);
    const RowAffines affines{problem.affines.data(), problem.rows_per_value};
    gemm_u8s8(20, problem.a.data(), problem.lda, affines, packed, once.data(), 40, {}, pool);
    std::copy_n(once.data(), 800, twice.data());
    Epilogue epilogue;
    epilogue.residual = twice.data();
    gemm_u8s8(20, problem.a.data(), problem.lda, affines, packed, twice.data(), 40, epilogue, pool);
    for (std::int64_t i = 0; i < 800; ++i) ASSERT_EQ(twice[i], once[i] + once[i]);
}

TEST(GemmI8, RefusesBadWeights) {
    const std::int8_t w[4] = {};
    const float scales[2] = {1, 1};
    EXPECT_THROW(pack_gemm_i8(w, 0, 4, {scales, 1}), Error);
    EXPECT_THROW(pack_gemm_i8(w, 4, 0, {scales, 1}), Error);
    EXPECT_THROW(pack_gemm_i8(w, 4, 1, {scales, 2}), Error);
    EXPECT_THROW(pack_gemm_i8(w, 1, kI8MaxDepth + 1, {scales, 1}), Error);
}

}  // namespace
}  // namespace espalier::kernels
