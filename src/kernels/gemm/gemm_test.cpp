#include "kernels/gemm/gemm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include "kernels/gemm/gemm_reference.h"
#include "kernels/gemm/partition.h"
#include "kernels/guarded_buffer.h"

namespace espalier::kernels {
namespace {

struct Case {
    std::int64_t m, n, k;
    std::int64_t lda_extra = 0, ldc_extra = 0, shift = 0;
    bool bias = false, residual = false, in_place = false;
    Activation activation = Activation::kNone;
};

/// Any order of k + 2 additions and products rounds by at most (k + 2) epsilon of the absolute terms; the
/// slope of every activation is below 1.2 and its own error below 1e-6 of max(1, |x|).
double tolerance(const Case& c, double magnitude) {
    const double rounding = static_cast<double>(c.k + 2) * std::numeric_limits<float>::epsilon() * magnitude;
    return c.activation == Activation::kNone ? rounding : 1.2 * rounding + 1e-6 * std::max(1.0, magnitude);
}

void check(const Case& c, Isa isa, ThreadPool& pool, Random& random) {
    SCOPED_TRACE(testing::Message() << name(isa) << " " << c.m << "x" << c.n << "x" << c.k << " activation "
                                    << static_cast<int>(c.activation));
    const std::int64_t lda = c.k + c.lda_extra, ldc = c.n + c.ldc_extra;
    GuardedBuffer a(c.m * lda, c.shift), w(c.n * c.k, c.shift), bias(c.n, c.shift),
        residual(c.m * ldc, c.shift);
    GuardedBuffer got(c.m * ldc, c.shift);
    for (GuardedBuffer* buffer : {&a, &w, &bias, &residual}) buffer->fill(random);
    Epilogue epilogue{.activation = c.activation, .lo = -0.5f, .hi = 0.75f};
    if (c.bias) epilogue.bias = bias.data();
    if (c.residual) epilogue.residual = residual.data();
    std::vector<float> expected(static_cast<std::size_t>(c.m * ldc));
    std::vector<float> magnitude(static_cast<std::size_t>(c.m * c.n));
    gemm_f32_reference(c.m, c.n, c.k, a.data(), lda, w.data(), expected.data(), ldc, epilogue,
                       magnitude.data());

    float* out = got.data();
    if (c.in_place) out = residual.data();
    gemm_f32(c.m, a.data(), lda, pack_gemm_f32(w.data(), c.n, c.k, isa), out, ldc, epilogue, pool);
    for (std::int64_t i = 0; i < c.m; ++i) {
        for (std::int64_t j = 0; j < c.n; ++j) {
            ASSERT_NEAR(out[i * ldc + j], expected[static_cast<std::size_t>(i * ldc + j)],
                        tolerance(c, magnitude[static_cast<std::size_t>(i * c.n + j)]))
                << "at " << i << ", " << j;
        }
        for (std::int64_t j = c.n; !c.in_place && j < ldc; ++j) {
            ASSERT_TRUE(GuardedBuffer::untouched(out[i * ldc + j]))
                << "wrote between rows at " << i << ", " << j;
        }
    }
    ASSERT_TRUE(got.intact());
    ASSERT_TRUE(residual.intact());
}

class GemmTest : public testing::TestWithParam<const TileTable*> {
  protected:
    void SetUp() override {
        if (GetParam()->isa > best_isa()) GTEST_SKIP() << "this processor lacks " << GetParam()->name;
    }
    Isa isa() const { return GetParam()->isa; }
    ThreadPool pool_{2};
    Random random_{20240517};
};

TEST_P(GemmTest, EveryHeightAndWidthOfTile) {
    for (std::int64_t m = 0; m <= 2 * kMaxTileRows + 1; ++m) {
        for (std::int64_t n = 1; n <= 2 * 4 * GetParam()->lanes + 1; n += m % 3 == 0 ? 1 : 7) {
            check({.m = m,
                   .n = n,
                   .k = 1 + (m + n) % 5,
                   .lda_extra = m % 4,
                   .ldc_extra = n % 3,
                   .shift = n % 2,
                   .bias = n % 2 == 0,
                   .residual = m % 2 == 0},
                  isa(), pool_, random_);
        }
    }
}

TEST_P(GemmTest, RandomSizes) {
    for (int i = 0; i < 40; ++i) {
        const auto size = [&](std::uint64_t most) {
            return static_cast<std::int64_t>(1 + random_.below(most));
        };
        check({.m = size(150),
               .n = size(200),
               .k = size(300),
               .lda_extra = size(9) - 1,
               .ldc_extra = size(9) - 1,
               .shift = size(3),
               .bias = size(2) == 1,
               .residual = size(2) == 1,
               .activation = static_cast<Activation>(random_.below(10))},
              isa(), pool_, random_);
    }
}

TEST_P(GemmTest, DepthOfSeveralBlocks) {
    check({.m = 13, .n = 70, .k = 1281, .bias = true, .residual = true, .activation = Activation::kGelu},
          isa(), pool_, random_);
    check({.m = 1, .n = 33, .k = 4100, .bias = true, .activation = Activation::kRelu}, isa(), pool_, random_);
}

TEST_P(GemmTest, EveryActivation) {
    for (int a = 0; a < 10; ++a) {
        check({.m = 37,
               .n = 41,
               .k = 9,
               .bias = true,
               .residual = true,
               .activation = static_cast<Activation>(a)},
              isa(), pool_, random_);
    }
}

TEST_P(GemmTest, ResidualMayBeTheOutput) {
    check({.m = 50,
           .n = 77,
           .k = 1400,
           .ldc_extra = 3,
           .residual = true,
           .in_place = true,
           .activation = Activation::kRelu},
          isa(), pool_, random_);
}

TEST_P(GemmTest, NotANumberGoesThroughEveryActivation) {
    const float nan = std::numeric_limits<float>::quiet_NaN(), one = 1;
    for (int a = 0; a < 10; ++a) {
        float out = 0;
        gemm_f32(1, &nan, 1, pack_gemm_f32(&one, 1, 1, isa()), &out, 1,
                 {.activation = static_cast<Activation>(a), .hi = 6}, pool_);
        EXPECT_TRUE(std::isnan(out)) << a;
    }
}

/// A product with one is the activation alone, at arguments from subnormal to infinite.
TEST_P(GemmTest, ActivationsAreAccurateEverywhere) {
    std::vector<float> x;
    for (float magnitude = 1e-38f; magnitude < 1e38f; magnitude *= 1.37f)
        x.insert(x.end(), {magnitude, -magnitude});
    for (float value = -12; value < 12; value += 0.00317f) x.push_back(value);
    x.insert(x.end(), {0.0f, -0.0f, INFINITY});
    const float one = 1;
    const PackedF32 identity = pack_gemm_f32(&one, 1, 1, isa());
    std::vector<float> y(x.size());
    for (int a = 0; a < 10; ++a) {
        const Epilogue epilogue{.activation = static_cast<Activation>(a), .lo = -3, .hi = 6};
        gemm_f32(static_cast<std::int64_t>(x.size()), x.data(), 1, identity, y.data(), 1, epilogue, pool_);
        for (std::size_t i = 0; i < x.size(); ++i) {
            const double expected = activate_reference(x[i], epilogue);
            if (std::isinf(expected)) {
                ASSERT_EQ(y[i], expected) << a << " of " << x[i];
            } else {
                ASSERT_NEAR(y[i], expected, 1e-6 * std::max(1.0, std::abs(double{x[i]})))
                    << a << " of " << x[i];
            }
        }
    }
}

TEST_P(GemmTest, PacksWeightsFromWhereTheyAreStored) {
    for (const auto& [n, k] : {std::pair<std::int64_t, std::int64_t>{1, 1}, {70, 33}, {130, 70}}) {
        // As a file holds them: [k, n], and not aligned.
        std::vector<float> stored(static_cast<std::size_t>(n * k));
        for (float& value : stored) value = static_cast<float>(random_.normal());
        std::vector<std::byte> file(stored.size() * sizeof(float) + 1);
        std::memcpy(file.data() + 1, stored.data(), stored.size() * sizeof(float));
        const Tensor weights =
            Tensor::view(DType::kF32, {k, n}, std::span<const std::byte>(file).subspan(1), nullptr)
                .transposed();
        const PackedF32 from_file = pack_gemm_f32(weights, isa());
        EXPECT_TRUE(weights.stored().transposed);
        const PackedF32 from_rows = pack_gemm_f32(weights.span<float>().data(), n, k, isa());
        const auto bits = [&](const PackedF32& packed) {
            const float* first = packed.panels().view().memory;
            return std::vector<float>(first, first + packed.size_bytes() / sizeof(float));
        };
        EXPECT_EQ(bits(from_file), bits(from_rows)) << n << " x " << k;
    }
}

INSTANTIATE_TEST_SUITE_P(Tables, GemmTest, testing::ValuesIn(tile_tables().begin(), tile_tables().end()),
                         [](const auto& row) { return std::string(row.param->name); });

TEST(PackGemm, NamesTheKernelAndRejectsEmptyWeights) {
    const float one = 1;
    EXPECT_EQ(pack_gemm_f32(&one, 1, 1, Isa::kPortable).kernel_name(), "gemm_f32/portable");
    EXPECT_THROW(pack_gemm_f32(&one, 0, 1), Error);
    EXPECT_THROW(pack_gemm_f32(&one, 1, -1), Error);
}

TEST(Partition, RowsAreCutAmongAllThreadsOrNotAtAll) {
    for (const int threads : {2, 3, 8}) {
        for (const std::int64_t rows : {1, 49, 196, 784, 12544}) {
            for (const std::int64_t k : {16, 256, 2048}) {
                for (const std::int64_t columns : {24, 96, 2048}) {
                    const Partition parts = partition_product(rows, k, columns, (columns + 31) / 32, threads);
                    EXPECT_GE(parts.row_parts, 1);
                    EXPECT_LE(parts.row_parts, rows);
                    EXPECT_GE(parts.column_parts, 1);
                    EXPECT_LE(parts.column_parts, (columns + 31) / 32);
                    if (rows >= 24 * threads && parts.row_parts > 1) {
                        EXPECT_EQ(parts.row_parts % threads, 0) << rows << " x " << k << " x " << columns;
                    }
                }
            }
        }
    }
    EXPECT_EQ(round_to_threads(5, 14, 2), 6);
    EXPECT_EQ(round_to_threads(6, 14, 2), 6);
    EXPECT_EQ(round_to_threads(5, 5, 2), 5);
}

}  // namespace
}  // namespace espalier::kernels
