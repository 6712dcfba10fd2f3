#include "kernels/matmul/matmul.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/gemm/tile.h"
#include "kernels/guarded_buffer.h"

namespace espalier::kernels {
namespace {

class MatmulTest : public testing::TestWithParam<const TileTable*> {
  protected:
    void SetUp() override {
        if (GetParam()->isa > best_isa()) GTEST_SKIP() << "this processor lacks " << GetParam()->name;
    }
    std::int64_t size(std::uint64_t most) { return static_cast<std::int64_t>(1 + random_.below(most)); }

    /// Lays every operand out as heads side by side in rows, runs, and compares with double precision sums.
    void check(MatmulShape s) {
        SCOPED_TRACE(testing::Message() << s.outer << "x" << s.inner << " of " << s.m << "x" << s.n << "x"
                                        << s.k << (s.transpose_b ? " transposed" : ""));
        const std::int64_t b_rows = s.transpose_b ? s.n : s.k, b_columns = s.transpose_b ? s.k : s.n;
        const auto lay_out = [&](std::int64_t rows, std::int64_t columns) {
            const std::int64_t row = s.inner * columns + 3;
            return MatrixBatch{rows * row, columns, row};
        };
        s.a = lay_out(s.m, s.k), s.b = lay_out(b_rows, b_columns), s.c = lay_out(s.m, s.n);
        GuardedBuffer a(s.outer * s.a.outer_stride, 1), b(s.outer * s.b.outer_stride, 2);
        GuardedBuffer c(s.outer * s.c.outer_stride, 3);
        a.fill(random_), b.fill(random_);
        matmul_f32(s, a.data(), b.data(), c.data(), pool_, GetParam()->isa);
        for (std::int64_t o = 0; o < s.outer; ++o) {
            for (std::int64_t i = 0; i < s.inner; ++i) compare(s, o, i, a.data(), b.data(), c.data());
            for (std::int64_t row = 0; row < s.m; ++row) {
                const float* gap = c.data() + o * s.c.outer_stride + row * s.c.row_stride + s.inner * s.n;
                for (int j = 0; j < 3; ++j) ASSERT_TRUE(GuardedBuffer::untouched(gap[j]));
            }
        }
        ASSERT_TRUE(c.intact());
    }

    void compare(const MatmulShape& s, std::int64_t o, std::int64_t i, const float* a, const float* b,
                 const float* c) {
        a += o * s.a.outer_stride + i * s.a.inner_stride;
        b += o * s.b.outer_stride + i * s.b.inner_stride;
        c += o * s.c.outer_stride + i * s.c.inner_stride;
        for (std::int64_t row = 0; row < s.m; ++row) {
            for (std::int64_t j = 0; j < s.n; ++j) {
                double sum = 0, magnitude = 0;
                for (std::int64_t p = 0; p < s.k; ++p) {
                    const float right = s.transpose_b ? b[j * s.b.row_stride + p] : b[p * s.b.row_stride + j];
                    const double term = double{s.alpha} * a[row * s.a.row_stride + p] * right;
                    sum += term, magnitude += std::abs(term);
                }
                const double bound =
                    static_cast<double>(s.k + 2) * std::numeric_limits<float>::epsilon() * magnitude;
                ASSERT_NEAR(c[row * s.c.row_stride + j], sum, bound) << row << ", " << j;
            }
        }
    }

    ThreadPool pool_{2};
    Random random_{77};
};

TEST_P(MatmulTest, RandomBatches) {
    for (int i = 0; i < 60; ++i) {
        check({.outer = size(3),
               .inner = size(4),
               .m = size(70),
               .n = size(90),
               .k = size(50),
               .transpose_b = i % 2 == 0,
               .alpha = i % 3 == 0 ? 1.0f : 0.125f});
    }
}

TEST_P(MatmulTest, EveryWidthAndDepthOfPacking) {
    for (std::int64_t n = 1; n <= 2 * GetParam()->lanes + 1; ++n) {
        for (std::int64_t k : {n, n + 1, 2 * n}) {
            check({.m = 3, .n = n, .k = k, .transpose_b = true});
            check({.m = 3, .n = n, .k = k});
        }
    }
}

TEST_P(MatmulTest, OneLargeMatrixIsShared) { check({.m = 300, .n = 65, .k = 1300, .transpose_b = true}); }

TEST_P(MatmulTest, AStrideOfZeroRepeatsAMatrix) {
    const float a[] = {1, 2, 3}, b[] = {10, 20};
    float c[6] = {};
    matmul_f32({.outer = 3, .m = 1, .n = 2, .k = 1, .a = {1, 0, 1}, .b = {0, 0, 2}, .c = {2, 0, 2}}, a, b, c,
               pool_, GetParam()->isa);
    EXPECT_EQ(std::vector<float>(c, c + 6), (std::vector<float>{10, 20, 20, 40, 30, 60}));
}

TEST_P(MatmulTest, NoDepthGivesZeros) {
    float c[] = {1, 2};
    matmul_f32({.m = 1, .n = 2, .k = 0, .c = {0, 0, 2}}, nullptr, nullptr, c, pool_, GetParam()->isa);
    EXPECT_EQ(c[0], 0);
    EXPECT_EQ(c[1], 0);
}

INSTANTIATE_TEST_SUITE_P(Tables, MatmulTest, testing::ValuesIn(tile_tables().begin(), tile_tables().end()),
                         [](const auto& row) { return std::string(row.param->name); });

}  // namespace
}  // namespace espalier::kernels
