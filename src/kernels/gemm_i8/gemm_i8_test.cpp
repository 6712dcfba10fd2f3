#include "kernels/gemm_i8/gemm_i8.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <type_traits>

#include "base/error.h"
#include "kernels/elementwise/unary_reference.h"
#include "kernels/gemm_i8/coded_ends_reference.h"
#include "kernels/testing/guarded.h"
#include "kernels/testing/row_codes.h"

namespace espalier::kernels {
namespace {

struct Problem {
    std::int64_t m, n, k;
    Guarded<std::uint8_t> a;
    Guarded<std::int8_t> w;
    Guarded<float> scales, bias, residual;
    Guarded<std::uint8_t> residual_codes;
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
          residual_codes(residual.size(), 1),
          lda(k_ + 3),
          ldc(n_ + 2),
          rows_per_value(pick(random, 1, m_)) {
        fill_integers(a, random, 0, 255);
        fill_integers(w, random, -128, 127);
        fill_normal(scales, random, 0.01);
        fill_normal(bias, random);
        fill_normal(residual, random);
        fill_integers(residual_codes, random, 0, 255);
        for (std::int64_t i = 0; i < m; ++i) {
            affines.push_back({static_cast<float>(random.uniform() * 0.01),
                               random.below(4) == 0 ? 0 : static_cast<std::int32_t>(random.below(256))});
        }
    }

    /// The contract's expression in its order; exact up to the activation.
    ElementEpilogue epilogue(std::int64_t i, std::int64_t j, const Epilogue& e, const CodedEnds& ends) const {
        const std::int64_t at = i * ldc + j;
        return {affine(i).scale * scales[j],
                e.bias ? e.bias[j] : 0.0f,
                e.residual ? e.residual + at : nullptr,
                ends.at(at),
                e.activation,
                e.lo,
                e.hi};
    }
    float sum(std::int64_t i, std::int64_t j) const {
        std::int64_t sum = 0;
        for (std::int64_t p = 0; p < k; ++p) {
            sum += (std::int64_t{a[i * lda + p]} - affine(i).zero_point) * w[j * k + p];
        }
        return static_cast<float>(sum);
    }
    const Affine& affine(std::int64_t i) const {
        return affines[static_cast<std::size_t>(i / rows_per_value)];
    }
};

bool is_exact(Activation activation) {
    return activation == Activation::kNone || activation == Activation::kRelu ||
           activation == Activation::kClip;
}

/// Runs into c, which holds -77 (in codes 77) before, and sees that nothing between its rows was written.
template <typename T>
void run_guarded(const Problem& problem, const Epilogue& epilogue, const CodedEnds& ends, Isa isa,
                 ThreadPool& pool, Guarded<T>& c, T before) {
    const PackedI8 packed = pack_gemm_i8(problem.w.data(), problem.n, problem.k,
                                         {problem.scales.data(), static_cast<std::size_t>(problem.n)});
    for (std::int64_t i = 0; i < c.size(); ++i) c[i] = before;
    CodedEnds into = ends;
    float* floats = nullptr;
    if constexpr (std::is_same_v<T, float>) {
        floats = c.data();
    } else {
        into.result = c.data();
    }
    gemm_u8s8(problem.m, problem.a.data(), problem.lda, {problem.affines.data(), problem.rows_per_value},
              packed, floats, problem.ldc, epilogue, pool, isa, into);
    EXPECT_TRUE(c.intact());
    for (std::int64_t i = 0; i < c.size(); ++i) {
        if (i % problem.ldc >= problem.n) {
            ASSERT_EQ(c[i], before) << "wrote between rows";
        }
    }
}

void check(Problem& problem, const Epilogue& epilogue, Isa isa, ThreadPool& pool,
           const CodedEnds& ends = {}) {
    Guarded<float> c((problem.m - 1) * problem.ldc + problem.n, 7);
    run_guarded(problem, epilogue, ends, isa, pool, c, -77.0f);
    for (std::int64_t i = 0; i < problem.m; ++i) {
        for (std::int64_t j = 0; j < problem.n; ++j) {
            const float expected = problem.epilogue(i, j, epilogue, ends).value(problem.sum(i, j));
            const float tolerance =
                is_exact(epilogue.activation) ? 0 : 2e-6f * std::max(1.0f, std::fabs(expected));
            ASSERT_NEAR(c[i * problem.ldc + j], expected, tolerance)
                << kernel_name_i8(isa) << " " << problem.m << "x" << problem.n << "x" << problem.k << " at "
                << i << ", " << j;
        }
    }
}

/// The same with codes for a result; an activation that is not exact may push a value over the edge of a
/// step.
void check_codes(Problem& problem, const Epilogue& epilogue, Isa isa, ThreadPool& pool,
                 const CodedEnds& ends) {
    Guarded<std::uint8_t> c((problem.m - 1) * problem.ldc + problem.n, 7);
    run_guarded(problem, epilogue, ends, isa, pool, c, std::uint8_t{77});
    for (std::int64_t i = 0; i < problem.m; ++i) {
        for (std::int64_t j = 0; j < problem.n; ++j) {
            const int expected = problem.epilogue(i, j, epilogue, ends).code(problem.sum(i, j));
            ASSERT_NEAR(int{c[i * problem.ldc + j]}, expected, is_exact(epilogue.activation) ? 0 : 1)
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

TEST(GemmI8, RowsOfWholeRegistersAndManyPanels) {
    Random random(22);
    ThreadPool pool(2);
    // AMX reads 16 rows of 64 bytes where they are; more rows share a pass over more weights.
    constexpr std::int64_t kSizes[][3] = {{16, 32, 64},    {32, 48, 128},  {48, 16, 192},
                                          {33, 33, 256},   {130, 64, 320}, {70, 700, 448},
                                          {200, 40, 1000}, {1, 900, 384},  {17, 31, 4100}};
    for (const TileI8Kernel& kernel : tile_i8_kernels()) {
        if (kernel.isa > best_isa()) continue;
        for (const auto& [m, n, k] : kSizes) {
            Problem problem(random, m, n, k);
            check(problem, {.bias = problem.bias.data(), .residual = problem.residual.data()}, kernel.isa,
                  pool);
        }
    }
}

TEST(GemmI8, CodesForResidualAndResult) {
    Random random(24);
    ThreadPool pool(2);
    for (const TileI8Kernel& kernel : tile_i8_kernels()) {
        if (kernel.isa > best_isa()) continue;
        for (int trial = 0; trial < 60; ++trial) {
            Problem problem(random, pick(random, 1, 60), pick(random, 1, 80), pick(random, 1, 70));
            Epilogue epilogue;
            if (random.below(2)) epilogue.bias = problem.bias.data();
            epilogue.activation = static_cast<Activation>(random.below(10));
            epilogue.lo = -1;
            epilogue.hi = 2;
            // A third of the values saturate.
            CodedEnds ends{.residual_map = {0.01f, static_cast<std::int32_t>(random.below(256))},
                           .result_map = {0.01f, static_cast<std::int32_t>(random.below(256))}};
            const int residual = static_cast<int>(random.below(3));
            if (residual == 1) epilogue.residual = problem.residual.data();
            if (residual == 2) ends.residual = problem.residual_codes.data();
            check(problem, epilogue, kernel.isa, pool, ends);
            check_codes(problem, epilogue, kernel.isa, pool, ends);
        }
    }
}

TEST(GemmI8, CodesOfWhatIsNotANumberOrTooLarge) {
    ThreadPool pool(1);
    constexpr std::int64_t kRows = 3, kColumns = 36;  // whole vectors and a rest, a pair of rows and one more
    const std::vector<std::uint8_t> a(kRows, 1);
    const std::vector<std::int8_t> w(kColumns, 1);
    const std::vector<float> scales(kColumns, 1.0f);
    const Affine one{1, 0};
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    const float odd[] = {kInfinity, -kInfinity, std::numeric_limits<float>::quiet_NaN(), 1e30f};
    const int codes[] = {255, 0, 0, 255};
    std::vector<float> bias;
    std::vector<int> expected;
    for (std::int64_t i = 0; i < kColumns; ++i) bias.push_back(odd[i % 4]);
    for (std::int64_t i = 0; i < kRows * kColumns; ++i) expected.push_back(codes[i % 4]);
    for (const TileI8Kernel& kernel : tile_i8_kernels()) {
        if (kernel.isa > best_isa()) continue;
        std::vector<std::uint8_t> c(kRows * kColumns);
        const CodedEnds ends{.result = c.data(), .result_map = {0.5f, 3}};
        const PackedI8 packed = pack_gemm_i8(w.data(), kColumns, 1, scales);
        gemm_u8s8(kRows, a.data(), 1, {&one, kRows}, packed, nullptr, kColumns, {.bias = bias.data()}, pool,
                  kernel.isa, ends);
        EXPECT_EQ(std::vector<int>(c.begin(), c.end()), expected) << kernel.name;
    }
}

TEST(GemmI8, RowCodesAreThoseOfTheFloats) {
    Random random(26);
    // Few rows for the threads and many, and rows of which less than a tile may be collected.
    const std::int64_t sizes[][3] = {{5, 40, 9}, {120, 33, 20}, {230, 70, 16}, {31, 5000, 4}};
    for (const TileI8Kernel& kernel : tile_i8_kernels()) {
        if (kernel.isa > best_isa()) continue;
        for (const auto& [m, n, k] : sizes) {
            for (const int threads : {1, 2}) {
                ThreadPool pool(threads);
                Problem problem(random, m, n, k);
                const PackedI8 packed = pack_gemm_i8(problem.w.data(), n, k,
                                                     {problem.scales.data(), static_cast<std::size_t>(n)});
                Guarded<float> residual(m * n), floats(m * n), beside(m * n);
                fill_normal(residual, random);
                Epilogue epilogue{.bias = problem.bias.data(),
                                  .residual = residual.data(),
                                  .activation = static_cast<Activation>(random.below(3))};
                const auto multiply = [&](float* c, RowCodes rows) {
                    epilogue.row_codes = rows;
                    gemm_u8s8(m, problem.a.data(), problem.lda,
                              {problem.affines.data(), problem.rows_per_value}, packed, c, n, epilogue, pool,
                              kernel.isa);
                };
                multiply(floats.data(), {});
                GuardedRowCodes alone(m, n), both(m, n);
                multiply(nullptr, alone.place());
                multiply(beside.data(), both.place());
                alone.expect_of(floats.data(), kernel.name);
                both.expect_of(floats.data(), kernel.name);
                for (std::int64_t i = 0; i < m * n; ++i) ASSERT_EQ(beside[i], floats[i]) << kernel.name;
            }
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
