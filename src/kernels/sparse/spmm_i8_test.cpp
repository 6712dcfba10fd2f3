#include "kernels/sparse/spmm_i8.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "kernels/conv_i8/conv_i8.h"
#include "kernels/sparse/spmm_cost.h"
#include "kernels/sparse/spmm_tile.h"
#include "kernels/testing/guarded.h"

namespace espalier::kernels {
namespace {

/// Weights [n][k][taps] whose blocks of four are 0 but for the given share.
Guarded<std::int8_t> block_sparse(Random& random, std::int64_t n, std::int64_t k, std::int64_t taps,
                                  double density) {
    Guarded<std::int8_t> weights(n * k * taps);
    fill_integers(weights, random, -128, 127);
    for (std::int64_t j = 0; j < n * taps; ++j) {
        for (std::int64_t p = 0; p < k; p += kSparseBlock) {
            if (random.uniform() < density) continue;
            for (std::int64_t b = p; b < std::min(p + kSparseBlock, k); ++b) {
                weights[(j / taps * k + b) * taps + j % taps] = 0;
            }
        }
    }
    return weights;
}

std::vector<Affine> random_affines(Random& random, std::int64_t count) {
    std::vector<Affine> affines;
    for (std::int64_t i = 0; i < count; ++i) {
        affines.push_back({static_cast<float>(random.uniform() * 0.01),
                           random.below(4) == 0 ? 0 : static_cast<std::int32_t>(random.below(256))});
    }
    return affines;
}

/// An activation is within 2e-6 of the reference's; everything before it is exact.
void expect_equal(const Guarded<float>& got, const Guarded<float>& expected, const Epilogue& epilogue,
                  const char* name) {
    const bool exact = epilogue.activation == Activation::kNone || epilogue.activation == Activation::kRelu ||
                       epilogue.activation == Activation::kClip;
    EXPECT_TRUE(got.intact());
    for (std::int64_t i = 0; i < got.size(); ++i) {
        const float tolerance = exact ? 0 : 2e-6f * std::max(1.0f, std::abs(expected[i]));
        ASSERT_NEAR(got[i], expected[i], tolerance) << name << " at " << i;
    }
}

void check_product(Random& random, std::int64_t m, std::int64_t n, std::int64_t k, double density, Isa isa,
                   ThreadPool& pool) {
    const std::int64_t lda = k + 3, ldc = n + 2;
    Guarded<std::uint8_t> a((m - 1) * lda + k, 1);
    fill_integers(a, random, 0, 255);
    const Guarded<std::int8_t> w = block_sparse(random, n, k, 1, density);
    Guarded<float> scales(n), bias(n, 3), residual((m - 1) * ldc + n, 5);
    fill_normal(scales, random, 0.01);
    fill_normal(bias, random);
    fill_normal(residual, random);
    Guarded<float> c((m - 1) * ldc + n, 7), expected(c.size());
    for (std::int64_t i = 0; i < c.size(); ++i) c[i] = expected[i] = -77;
    const std::int64_t rows_per_value = pick(random, 1, m);
    const auto affines = random_affines(random, m / rows_per_value + 1);
    Epilogue epilogue;
    if (random.below(2)) epilogue.bias = bias.data();
    if (random.below(2)) epilogue.residual = residual.data();
    epilogue.activation = static_cast<Activation>(random.below(10));
    epilogue.lo = -1;
    epilogue.hi = 2;
    const std::span<const float> all(scales.data(), static_cast<std::size_t>(n));
    gemm_u8s8(m, a.data(), lda, {affines.data(), rows_per_value}, pack_gemm_i8(w.data(), n, k, all),
              expected.data(), ldc, epilogue, pool, Isa::kPortable);
    const SparseI8 packed = pack_sparse_i8(w.data(), n, k, all, 1, m);
    EXPECT_EQ(packed.blocks(), count_sparse_blocks(w.data(), n, k, 1));
    spmm_u8s8(m, a.data(), lda, {affines.data(), rows_per_value}, packed, c.data(), ldc, epilogue, pool, isa);
    expect_equal(c, expected, epilogue, kernel_name_spmm_i8(isa));
}

TEST(SpmmI8, EveryKernelEqualsTheDenseProduct) {
    Random random(40);
    ThreadPool pool(2), alone(1);
    for (const SpmmI8Kernel* kernel : spmm_i8_kernels()) {
        if (kernel->isa > best_isa()) continue;
        for (int trial = 0; trial < 40; ++trial) {
            const double densities[] = {0, 0.05, 0.3, 0.6, 1};
            check_product(random, pick(random, 1, 230), pick(random, 1, 150), pick(random, 1, 300),
                          densities[trial % 5], kernel->isa, trial % 3 ? pool : alone);
        }
        check_product(random, 900, 40, 70, 0.4, kernel->isa, pool);
    }
}

TEST(SpmmI8, EveryKernelEqualsTheDenseConvolution) {
    Random random(41);
    ThreadPool pool(2);
    for (const SpmmI8Kernel* kernel : spmm_i8_kernels()) {
        if (kernel->isa > best_isa()) continue;
        for (int trial = 0; trial < 30; ++trial) {
            Conv2dShape shape;
            shape.c_in = pick(random, 1, 40);
            shape.c_out = pick(random, 1, 50);
            shape.kernel_h = pick(random, 1, 3);
            shape.kernel_w = pick(random, 1, 3);
            shape.stride_h = pick(random, 1, 2);
            shape.stride_w = pick(random, 1, 2);
            shape.pad_top = pick(random, 0, 1);
            shape.pad_left = pick(random, 0, 2);
            shape.pad_bottom = pick(random, 0, 2);
            shape.pad_right = pick(random, 0, 1);
            shape.dilation_w = pick(random, 1, 2);
            if (trial % 6 > 3) shape = {shape.c_in, shape.c_out, 1, 1, shape.stride_h, shape.stride_w};
            const std::int64_t n = pick(random, 1, 3), h = pick(random, 4, 13), w = pick(random, 5, 13);
            const std::int64_t outputs = n * shape.output_h(h) * shape.output_w(w) * shape.c_out;
            Guarded<std::uint8_t> x(n * h * w * shape.c_in, 1);
            fill_integers(x, random, 0, 255);
            const Guarded<std::int8_t> weights =
                block_sparse(random, shape.c_out, shape.c_in, shape.taps(), 0.25 * (trial % 5));
            Guarded<float> bias(shape.c_out), y(outputs, 5), expected(outputs);
            fill_normal(bias, random);
            const float scale = 0.02f;
            const std::int64_t each = shape.is_pointwise() ? h * w : 1;
            const auto affines = random_affines(random, trial % 2 ? n * each : 1);
            Epilogue epilogue;
            epilogue.bias = bias.data();
            epilogue.activation = Activation::kRelu;
            conv2d_u8s8(pack_conv2d_i8(shape, weights.data(), {&scale, 1}), n, h, w, x.data(), affines,
                        expected.data(), epilogue, pool, Isa::kPortable);
            const SparseI8 packed =
                pack_sparse_i8(weights.data(), shape.c_out, shape.c_in, {&scale, 1}, shape.taps(), outputs);
            sparse_conv2d_u8s8(shape, packed, n, h, w, x.data(), affines, y.data(), epilogue, pool,
                               kernel->isa);
            expect_equal(y, expected, epilogue, kernel->name);
        }
    }
}

TEST(SpmmI8, CountsBlocksOfOneTap) {
    // One feature, five inputs, two taps: the first tap holds a 3 in input 1, the second a 7 in input 4.
    const std::int8_t w[] = {0, 0, 3, 0, 0, 0, 0, 0, 0, 7};
    EXPECT_EQ(count_sparse_blocks(w, 1, 5, 2), 2);
    EXPECT_EQ(count_sparse_blocks(w, 2, 5, 1), 2);
    const float scale = 1;
    EXPECT_EQ(pack_sparse_i8(w, 1, 5, {&scale, 1}, 2).blocks(), 2);
    EXPECT_THROW(pack_sparse_i8(w, 0, 5, {&scale, 1}), Error);
    EXPECT_THROW(pack_sparse_i8(w, 1, 0, {&scale, 1}), Error);
    EXPECT_THROW(pack_sparse_i8(w, 5, 2, std::span<const float>()), Error);
}

TEST(SparseCost, FallsWithDensityAndChoosesDenseForDenseWeights) {
    for (const Isa isa : {Isa::kPortable, Isa::kAvx2, Isa::kAvx512, Isa::kAvx512Vnni}) {
        SparseProblem problem{.m = 197, .n = 768, .k = 3072, .taps = 1, .density = 1};
        const double dense = dense_product_cycles(problem, isa);
        EXPECT_FALSE(sparse_pays(problem, dense, isa));
        EXPECT_FALSE(sparse_i8_pays(problem, isa));
        double last_f32 = spmm_cycles(problem, isa), last_i8 = spmm_i8_cycles(problem, isa);
        for (problem.density = 0.9; problem.density > 0.01; problem.density -= 0.1) {
            EXPECT_LT(spmm_cycles(problem, isa), last_f32);
            EXPECT_LT(spmm_i8_cycles(problem, isa), last_i8);
            last_f32 = spmm_cycles(problem, isa);
            last_i8 = spmm_i8_cycles(problem, isa);
        }
        EXPECT_TRUE(sparse_pays(problem, dense, isa));
        EXPECT_TRUE(sparse_i8_pays(problem, isa));
        problem.m = 1;
        problem.density = 0.3;
        EXPECT_FALSE(sparse_pays(problem, dense_product_cycles(problem, isa), isa))
            << "one row fills one lane";
    }
}

}  // namespace
}  // namespace espalier::kernels
