#include "kernels/gemm_bf16/gemm_bf16.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "base/error.h"
#include "kernels/gemm/gemm_reference.h"
#include "kernels/testing/guarded.h"

namespace espalier::kernels {
namespace {

struct Case {
    std::int64_t m, n, k;
    std::int64_t lda_extra = 0, ldc_extra = 0, shift = 0;
    bool bias = false, residual = false, in_place = false;
    Activation activation = Activation::kNone;
};

std::vector<std::uint16_t> rounded(const Guarded<float>& values) {
    std::vector<std::uint16_t> bits;
    for (std::int64_t i = 0; i < values.size(); ++i) bits.push_back(f32_to_bf16(values[i]));
    return bits;
}

/// The same numbers as floats.
Guarded<float> widened(const std::vector<std::uint16_t>& bits) {
    Guarded<float> values(static_cast<std::int64_t>(bits.size()));
    for (std::size_t i = 0; i < bits.size(); ++i) values[static_cast<std::int64_t>(i)] = bf16_to_f32(bits[i]);
    return values;
}

/// The reference rounds its inputs as the kernel does, and products of two bf16 numbers are exact: what is
/// left is the order of k + 2 additions in f32. Activations as in gemm_test.cpp.
double tolerance(const Case& c, double magnitude) {
    const double rounding = static_cast<double>(c.k + 2) * std::numeric_limits<float>::epsilon() * magnitude;
    return c.activation == Activation::kNone ? rounding : 1.2 * rounding + 1e-6 * std::max(1.0, magnitude);
}

void check(const Case& c, const TileBF16Kernel& kernel, ThreadPool& pool, Random& random) {
    SCOPED_TRACE(testing::Message() << kernel.name << " " << c.m << "x" << c.n << "x" << c.k << " activation "
                                    << static_cast<int>(c.activation));
    const std::int64_t lda = c.k + c.lda_extra, ldc = c.n + c.ldc_extra;
    Guarded<float> a(c.m * lda, c.shift), w(c.n * c.k), bias(c.n, c.shift), residual(c.m * ldc, c.shift);
    Guarded<float> got(c.m * ldc, c.shift);
    for (Guarded<float>* buffer : {&a, &w, &bias, &residual}) fill_normal(*buffer, random);
    for (std::int64_t i = 0; i < got.size(); ++i) got[i] = -1.25e30f;
    const std::vector<std::uint16_t> weights = rounded(w);
    const Guarded<float> same_a = widened(rounded(a)), same_w = widened(weights);
    Epilogue epilogue{.activation = c.activation, .lo = -0.5f, .hi = 0.75f};
    if (c.bias) epilogue.bias = bias.data();
    if (c.residual) epilogue.residual = residual.data();
    std::vector<float> expected(static_cast<std::size_t>(c.m * ldc));
    std::vector<float> magnitude(static_cast<std::size_t>(c.m * c.n));
    gemm_f32_reference(c.m, c.n, c.k, same_a.data(), lda, same_w.data(), expected.data(), ldc, epilogue,
                       magnitude.data());

    float* out = c.in_place ? residual.data() : got.data();
    gemm_bf16(c.m, a.data(), lda, pack_gemm_bf16(weights.data(), c.n, c.k), out, ldc, epilogue, pool, kernel);
    for (std::int64_t i = 0; i < c.m; ++i) {
        for (std::int64_t j = 0; j < c.n; ++j) {
            ASSERT_NEAR(out[i * ldc + j], expected[static_cast<std::size_t>(i * ldc + j)],
                        tolerance(c, magnitude[static_cast<std::size_t>(i * c.n + j)]))
                << "at " << i << ", " << j;
        }
        for (std::int64_t j = c.n; !c.in_place && j < ldc; ++j) {
            ASSERT_EQ(out[i * ldc + j], -1.25e30f) << "wrote between rows at " << i << ", " << j;
        }
    }
    ASSERT_TRUE(got.intact());
    ASSERT_TRUE(residual.intact());
}

class GemmBF16Test : public testing::TestWithParam<TileBF16Kernel> {
  protected:
    void SetUp() override {
        if (kernel().isa > best_isa()) GTEST_SKIP() << "this processor lacks " << kernel().name;
    }
    const TileBF16Kernel& kernel() const { return GetParam(); }
    ThreadPool pool_{2};
    Random random_{20240518};
};

TEST_P(GemmBF16Test, EveryHeightAndWidthOfTile) {
    const std::int64_t most = 2 * kernel().max_rows + 1;
    for (std::int64_t m = 0; m <= most; ++m) {
        for (std::int64_t n = 1; n <= 4 * kBF16Lanes + 1; n += m % 3 == 0 ? 1 : 7) {
            check({.m = m,
                   .n = n,
                   .k = 1 + (m + n) % 5,
                   .lda_extra = m % 4,
                   .ldc_extra = n % 3,
                   .shift = n % 2,
                   .bias = n % 2 == 0,
                   .residual = m % 2 == 0},
                  kernel(), pool_, random_);
        }
    }
}

TEST_P(GemmBF16Test, RandomSizes) {
    for (int i = 0; i < 40; ++i) {
        const auto size = [&](std::int64_t most) { return pick(random_, 1, most); };
        check({.m = size(150),
               .n = size(200),
               .k = size(300),
               .lda_extra = size(9) - 1,
               .ldc_extra = size(9) - 1,
               .shift = size(3),
               .bias = size(2) == 1,
               .residual = size(2) == 1,
               .activation = static_cast<Activation>(random_.below(10))},
              kernel(), pool_, random_);
    }
}

TEST_P(GemmBF16Test, EveryActivation) {
    for (int a = 0; a < 10; ++a) {
        check({.m = 37,
               .n = 41,
               .k = 9,
               .bias = true,
               .residual = true,
               .activation = static_cast<Activation>(a)},
              kernel(), pool_, random_);
    }
}

TEST_P(GemmBF16Test, DeepSumsAndResidualInPlace) {
    check({.m = 13, .n = 70, .k = 4101, .bias = true, .activation = Activation::kGelu}, kernel(), pool_,
          random_);
    check({.m = 50,
           .n = 77,
           .k = 1400,
           .ldc_extra = 3,
           .residual = true,
           .in_place = true,
           .activation = Activation::kRelu},
          kernel(), pool_, random_);
    check({.m = 1, .n = 1000, .k = 2048, .bias = true}, kernel(), pool_, random_);
}

TEST_P(GemmBF16Test, NotANumberGoesThroughEveryActivation) {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const std::uint16_t one = f32_to_bf16(1);
    for (int a = 0; a < 10; ++a) {
        float out = 0;
        gemm_bf16(1, &nan, 1, pack_gemm_bf16(&one, 1, 1), &out, 1,
                  {.activation = static_cast<Activation>(a), .hi = 6}, pool_, kernel());
        EXPECT_TRUE(std::isnan(out)) << a;
    }
}

/// The numbers as `kernel` wrote them.
std::vector<float> stored(const TileBF16Kernel& kernel, const Guarded<unsigned char>& bytes) {
    std::vector<float> values;
    for (std::int64_t i = 0; i < bytes.size(); i += kernel.element_bytes) {
        std::uint32_t bits = 0;
        std::memcpy(&bits, bytes.data() + i, static_cast<std::size_t>(kernel.element_bytes));
        values.push_back(std::bit_cast<float>(kernel.widens() ? bits : bits << 16));
    }
    return values;
}

TEST_P(GemmBF16Test, RoundsToNearestEvenAtEveryLength) {
    constexpr std::uint32_t kSpecial[] = {0x3f808000, 0x3f818000, 0x3f808001, 0x7f7fffff, 0x7f800000,
                                          0xff800000, 0x7f800001, 0xffffffff, 0x80000000, 0x00000000};
    for (std::int64_t count = 0; count <= 70; ++count) {
        Guarded<float> from(count, count % 3);
        for (std::int64_t i = 0; i < count; ++i) {
            // Subnormal numbers, which vcvtneps2bf16 takes for 0, have their own test.
            const auto exponent = static_cast<std::uint32_t>(1 + random_.below(254)) << 23;
            const auto rest = static_cast<std::uint32_t>(random_.below(std::uint64_t{1} << 32)) & 0x807fffffu;
            from[i] =
                std::bit_cast<float>(random_.below(4) == 0 ? kSpecial[random_.below(10)] : exponent | rest);
        }
        Guarded<unsigned char> to(count * kernel().element_bytes, count % 5);
        kernel().round(from.data(), count, to.data());
        ASSERT_TRUE(to.intact()) << count;
        const std::vector<float> got = stored(kernel(), to);
        for (std::int64_t i = 0; i < count; ++i) {
            const float expected = bf16_to_f32(f32_to_bf16(from[i])),
                        actual = got[static_cast<std::size_t>(i)];
            ASSERT_EQ(std::bit_cast<std::uint32_t>(actual), std::bit_cast<std::uint32_t>(expected))
                << from[i] << " of " << count;
        }
    }
}

TEST_P(GemmBF16Test, SubnormalNumbersBecomeNoMoreThanTheyWere) {
    const float tiny = std::numeric_limits<float>::denorm_min() * 70000;
    Guarded<unsigned char> to(kernel().element_bytes);
    kernel().round(&tiny, 1, to.data());
    const float got = stored(kernel(), to).front();
    EXPECT_TRUE(got == 0 || got == bf16_to_f32(f32_to_bf16(tiny))) << got;
}

INSTANTIATE_TEST_SUITE_P(Rows, GemmBF16Test,
                         testing::ValuesIn(tile_bf16_kernels().begin(), tile_bf16_kernels().end()),
                         [](const auto& row) { return std::string(row.param.name).substr(5); });

TEST(PackGemmBF16, RejectsEmptyAndImpossibleWeights) {
    const std::uint16_t one = f32_to_bf16(1);
    EXPECT_THROW(pack_gemm_bf16(&one, 0, 1), Error);
    EXPECT_THROW(pack_gemm_bf16(&one, 1, -1), Error);
    EXPECT_THROW(pack_gemm_bf16(&one, std::int64_t{1} << 32, std::int64_t{1} << 32), Error);
}

TEST(PackGemmBF16, TakesTwoBytesForEachWeight) {
    const std::vector<std::uint16_t> weights(64 * 32, f32_to_bf16(1));
    EXPECT_EQ(pack_gemm_bf16(weights.data(), 64, 32).size_bytes(), 2u * 64 * 32);
}

TEST(BF16Kernel, RespectsTheLimitAndTakesPairsOnlyWhereTheyPay) {
    EXPECT_STREQ(bf16_kernel(Isa::kPortable).name, "bf16/portable");
    EXPECT_TRUE(bf16_kernel(Isa::kAvx512Vnni).widens());
    EXPECT_EQ(bf16_kernel(Isa::kAvx512Bf16).widens(), !vdpbf16ps_pays());
    EXPECT_EQ(bf16_kernel().isa == Isa::kAmx, best_isa() == Isa::kAmx);
    EXPECT_LE(bf16_kernel().isa, best_isa());
}

}  // namespace
}  // namespace espalier::kernels
