#include "kernels/sparse/spmm.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "kernels/conv/conv2d_reference.h"
#include "kernels/elementwise/unary_reference.h"
#include "kernels/sparse/spmm_tile.h"
#include "kernels/testing/guarded.h"

namespace espalier::kernels {
namespace {

void check(Random& random, std::int64_t m, std::int64_t n, std::int64_t k, double density, Isa isa,
           ThreadPool& pool) {
    const std::int64_t lda = k + 3, ldc = n + 2;
    Guarded<float> a((m - 1) * lda + k, 1), w(n * k), bias(n, 3), residual((m - 1) * ldc + n, 5);
    Guarded<float> c((m - 1) * ldc + n, 7);
    for (Guarded<float>* values : {&a, &w, &bias, &residual}) fill_normal(*values, random);
    for (std::int64_t i = 0; i < w.size(); ++i) w[i] = random.uniform() < density ? w[i] : 0.0f;
    for (std::int64_t i = 0; i < c.size(); ++i) c[i] = -77;
    Epilogue epilogue;
    if (random.below(2)) epilogue.bias = bias.data();
    if (random.below(2)) epilogue.residual = residual.data();
    epilogue.activation = static_cast<Activation>(random.below(10));
    epilogue.lo = -1;
    epilogue.hi = 2;
    const SparseF32 packed = pack_sparse_f32(w.data(), n, k);
    spmm_f32(m, a.data(), lda, packed, c.data(), ldc, epilogue, pool, isa);
    EXPECT_TRUE(c.intact());
    const UnaryOperation activation = operation_of(epilogue.activation, epilogue.lo, epilogue.hi);
    for (std::int64_t i = 0; i < m; ++i) {
        for (std::int64_t j = 0; j < ldc && i * ldc + j < c.size(); ++j) {
            if (j >= n) {
                ASSERT_EQ(c[i * ldc + j], -77) << "wrote between rows";
                continue;
            }
            double sum = 0, magnitude = 0;
            for (std::int64_t p = 0; p < k; ++p) {
                sum += static_cast<double>(a[i * lda + p]) * w[j * k + p];
                magnitude += std::fabs(a[i * lda + p] * w[j * k + p]);
            }
            if (epilogue.bias) sum += bias[j];
            if (epilogue.residual) sum += residual[i * ldc + j];
            const float expected =
                unary_reference(activation.kind, activation.params, static_cast<float>(sum));
            // Each of at most k additions is off by half an epsilon of the partial sum, activations by 1e-6;
            // the steepest activation has a slope below 1.2.
            const double bound =
                1.2 * (6e-8 * static_cast<double>(k) * magnitude + 1e-6 * (4 + std::fabs(sum)));
            ASSERT_NEAR(c[i * ldc + j], expected, bound)
                << kernel_name_spmm(isa) << " " << m << "x" << n << "x" << k << " at " << i << ", " << j;
        }
    }
}

TEST(Spmm, EveryKernelMatchesTheDenseProduct) {
    Random random(30);
    ThreadPool pool(2);
    for (const SpmmKernel* kernel : spmm_kernels()) {
        if (kernel->isa > best_isa()) continue;
        for (int trial = 0; trial < 40; ++trial) {
            const double densities[] = {0, 0.05, 0.2, 0.5, 1};
            check(random, pick(random, 1, 230), pick(random, 1, 150), pick(random, 1, 210),
                  densities[trial % 5], kernel->isa, pool);
        }
    }
}

TEST(Spmm, ManyTilesOnThreads) {
    Random random(31);
    ThreadPool pool(2), alone(1);
    check(random, 2000, 20, 33, 0.3, best_isa(), pool);
    check(random, 500, 70, 65, 0.3, best_isa(), alone);
}

TEST(Spmm, AnyNumberOfThreadsGivesTheSameBits) {
    Random random(33);
    ThreadPool pools[] = {ThreadPool(1), ThreadPool(2), ThreadPool(3), ThreadPool(5)};
    for (const std::int64_t m : {1, 20, 49, 100, 196, 280, 500, 784, 2000}) {
        for (const double density : {0.05, 0.2, 0.6}) {
            const std::int64_t n = pick(random, 1, 200), k = pick(random, 30, 150);
            Guarded<float> a(m * k), w(n * k), c(m * n), expected(m * n);
            for (Guarded<float>* values : {&a, &w}) fill_normal(*values, random);
            for (std::int64_t i = 0; i < w.size(); ++i) w[i] = random.uniform() < density ? w[i] : 0.0f;
            const SparseF32 packed = pack_sparse_f32(w.data(), n, k, 1, m);
            spmm_f32(m, a.data(), k, packed, expected.data(), n, {}, pools[0]);
            for (ThreadPool& pool : pools) {
                spmm_f32(m, a.data(), k, packed, c.data(), n, {}, pool);
                EXPECT_EQ(std::memcmp(c.data(), expected.data(), static_cast<std::size_t>(m * n) * 4), 0)
                    << m << "x" << n << "x" << k << " on " << pool.threads() << " threads";
            }
        }
    }
}

TEST(Spmm, CountsWhatItKeeps) {
    const float w[] = {0, 1, 0, -0.0f, 2, 0};
    const SparseF32 packed = pack_sparse_f32(w, 2, 3);
    EXPECT_EQ(packed.nonzeros(), 2);
    EXPECT_GT(packed.size_bytes(), 2 * (sizeof(float) + 1));
    EXPECT_THROW(pack_sparse_f32(w, 0, 3), Error);
    EXPECT_THROW(pack_sparse_f32(w, 2, 0), Error);
    EXPECT_THROW(pack_sparse_f32(w, 2, 3, 0), Error);
}

Conv2dShape random_shape(Random& random) {
    Conv2dShape shape;
    shape.c_in = pick(random, 1, 40);
    shape.c_out = pick(random, 1, 50);
    shape.kernel_h = pick(random, 1, 3);
    shape.kernel_w = pick(random, 1, 4);
    shape.stride_h = pick(random, 1, 2);
    shape.stride_w = pick(random, 1, 3);
    shape.pad_top = pick(random, 0, 2);
    shape.pad_left = pick(random, 0, 2);
    shape.pad_bottom = pick(random, 0, 2);
    shape.pad_right = pick(random, 0, 2);
    shape.dilation_h = pick(random, 1, 2);
    shape.dilation_w = pick(random, 1, 2);
    return shape;
}

TEST(SparseConv2d, EveryKernelMatchesTheReference) {
    Random random(32);
    ThreadPool pool(2);
    for (const SpmmKernel* kernel : spmm_kernels()) {
        if (kernel->isa > best_isa()) continue;
        for (int trial = 0; trial < 40; ++trial) {
            const Conv2dShape shape = random_shape(random);
            const std::int64_t n = pick(random, 1, 3), h = pick(random, 6, 15), w = pick(random, 8, 15);
            const std::int64_t outputs = n * shape.output_h(h) * shape.output_w(w) * shape.c_out;
            Guarded<float> x(n * h * w * shape.c_in, 1), weights(shape.weights()), bias(shape.c_out, 3);
            Guarded<float> y(outputs, 5);
            for (Guarded<float>* values : {&x, &weights, &bias}) fill_normal(*values, random);
            const double densities[] = {0, 0.1, 0.4, 0.7, 1};
            for (std::int64_t i = 0; i < weights.size(); ++i) {
                if (random.uniform() >= densities[trial % 5]) weights[i] = 0;
            }
            Epilogue epilogue;
            epilogue.bias = bias.data();
            epilogue.activation = trial % 2 ? Activation::kRelu : Activation::kNone;
            const SparseF32 packed =
                pack_sparse_f32(weights.data(), shape.c_out, shape.c_in, shape.taps(), outputs);
            sparse_conv2d_f32(shape, packed, n, h, w, x.data(), y.data(), epilogue, pool, kernel->isa);
            EXPECT_TRUE(y.intact());
            const auto size = static_cast<std::size_t>(outputs);
            std::vector<float> expected(size), magnitude(size);
            conv2d_f32_reference(shape, weights.data(), n, h, w, x.data(), expected.data(), epilogue,
                                 magnitude.data());
            // Each of the additions is off by half an epsilon of the partial sum.
            const auto depth = static_cast<double>(shape.c_in * shape.taps() + 1);
            for (std::size_t i = 0; i < size; ++i) {
                ASSERT_NEAR(y[static_cast<std::int64_t>(i)], expected[i],
                            6e-8 * depth * (static_cast<double>(magnitude[i]) + 1e-3))
                    << kernel->name << " at " << i;
            }
        }
    }
}

TEST(SparseConv2d, RefusesWeightsOfAnotherShape) {
    Conv2dShape shape;
    shape.c_in = 3;
    shape.c_out = 2;
    const float w[6] = {};
    float y[8];
    ThreadPool pool(1);
    const SparseF32 packed = pack_sparse_f32(w, 2, 3);
    shape.kernel_h = 3;
    EXPECT_THROW(sparse_conv2d_f32(shape, packed, 1, 2, 2, w, y, {}, pool), Error);
}

}  // namespace
}  // namespace espalier::kernels
