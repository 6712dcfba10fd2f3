#include "kernels/sparse/spmm.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "kernels/elementwise/unary_reference.h"
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

TEST(Spmm, CountsWhatItKeeps) {
    const float w[] = {0, 1, 0, -0.0f, 2, 0};
    const SparseF32 packed = pack_sparse_f32(w, 2, 3);
    EXPECT_EQ(packed.nonzeros(), 2);
    EXPECT_GT(packed.size_bytes(), 2 * sizeof(SparseEntry));
    EXPECT_THROW(pack_sparse_f32(w, 0, 3), Error);
    EXPECT_THROW(pack_sparse_f32(w, 2, 0), Error);
}

}  // namespace
}  // namespace espalier::kernels
