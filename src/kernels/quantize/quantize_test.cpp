#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/quantize/quantize_dynamic.h"
#include "kernels/quantize/quantize_kernel.h"
#include "kernels/quantize/quantize_linear.h"
#include "kernels/quantize/quantize_weights.h"
#include "kernels/testing/guarded.h"

namespace espalier::kernels {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(QuantizeKernels, AgreeExactlyAndKeepTheirBounds) {
    Random random(16);
    for (const QuantizeKernel& kernel : quantize_kernels()) {
        if (kernel.isa > best_isa()) continue;
        for (std::int64_t n = 0; n < 150; ++n) {
            Guarded<float> x(n, pick(random, 0, 15));
            Guarded<std::uint8_t> y(n, pick(random, 0, 63));
            fill_normal(x, random, 50);
            if (n > 5) {
                x[1] = kNan;
                x[2] = kInfinity;
                x[3] = -kInfinity;
                x[4] = 2.5f;  // a tie
            }
            const Quantization cases[] = {
                {1, true, 3, 0, 255}, {0.37f, false, 255, 0, 255}, {0.5f, true, -7, -128, 127}};
            for (const Quantization& to : cases) {
                kernel.quantize(to, x.data(), n, y.data());
                EXPECT_TRUE(y.intact()) << kernel.name << " " << n;
                for (std::int64_t i = 0; i < n; ++i) {
                    ASSERT_EQ(y[i], quantize_one(to, x[i])) << kernel.name << " of " << x[i];
                }
            }
        }
    }
}

TEST(QuantizeKernels, FindTheRangeWithoutNan) {
    Random random(17);
    for (const QuantizeKernel& kernel : quantize_kernels()) {
        if (kernel.isa > best_isa()) continue;
        for (std::int64_t n = 1; n < 100; ++n) {
            Guarded<float> x(n, pick(random, 0, 15));
            fill_normal(x, random);
            if (n > 2) x[pick(random, 0, n - 1)] = kNan;
            float low = kInfinity, high = -kInfinity;
            for (std::int64_t i = 0; i < n; ++i) {
                if (x[i] < low) low = x[i];
                if (x[i] > high) high = x[i];
            }
            const Range r = kernel.range(x.data(), n);
            ASSERT_EQ(r.min, low) << kernel.name;
            ASSERT_EQ(r.max, high) << kernel.name;
        }
    }
}

TEST(QuantizeKernels, CodeEachRowByItsOwnRange) {
    Random random(18);
    for (const QuantizeKernel& kernel : quantize_kernels()) {
        if (kernel.isa > best_isa()) continue;
        for (std::int64_t columns = 1; columns < 140; columns += columns < 40 ? 1 : 7) {
            const std::int64_t rows = pick(random, 1, 9);
            Guarded<float> x(rows * columns, pick(random, 0, 15));
            fill_normal(x, random);
            // Rows of one sign, of zeros, of one value, tiny, huge and broken ones.
            const auto row = [&](std::int64_t r) { return x.data() + r % rows * columns; };
            for (std::int64_t c = 0; c < columns; ++c) {
                float* const values[] = {row(1) + c, row(2) + c, row(3) + c, row(4) + c};
                *values[0] = std::fabs(*values[0]);
                *values[1] = -std::fabs(*values[1]);
                *values[2] *= 1e-39f;
                *values[3] = columns % 3 == 0 ? 0.0f : -3.0f;
            }
            *row(5) = kNan;
            *row(6) = kInfinity;
            if (columns % 2 == 0) *row(7) = -kInfinity;
            Guarded<std::uint8_t> codes(rows * columns, 1);
            Guarded<Affine> affines(rows);
            kernel.rows(x.data(), rows, columns, {codes.data(), affines.data()});
            EXPECT_TRUE(codes.intact() && affines.intact()) << kernel.name;
            for (std::int64_t r = 0; r < rows; ++r) {
                const Affine expected = choose_affine_u8(quantize_kernels()[0].range(row(r), columns));
                ASSERT_EQ(affines[r], expected) << kernel.name << ", " << columns << " columns, row " << r;
                const Quantization to{1 / expected.scale, false, expected.zero_point, 0, 255};
                for (std::int64_t c = 0; c < columns; ++c) {
                    ASSERT_EQ(codes[r * columns + c], quantize_one(to, row(r)[c]))
                        << kernel.name << " of " << row(r)[c];
                }
            }
        }
    }
}

TEST(Affine, IncludesZeroExactly) {
    EXPECT_EQ(choose_affine_u8({0, 0}), (Affine{1, 0}));
    EXPECT_EQ(choose_affine_u8({2, 255}), (Affine{1, 0}));
    EXPECT_EQ(choose_affine_u8({-255, -3}), (Affine{1, 255}));
    EXPECT_EQ(choose_affine_u8({-1, 4}).zero_point, 51);
    EXPECT_EQ(choose_affine_u8({kNan, kNan}), (Affine{1, 0}));
    for (const Range r :
         {Range{-kInfinity, kInfinity}, Range{0, 1e-45f}, Range{-1e-40f, 0}, Range{0, kInfinity}}) {
        const Affine affine = choose_affine_u8(r);
        EXPECT_TRUE(std::isfinite(affine.scale) && std::isfinite(1 / affine.scale) && affine.scale > 0)
            << r.max;
        EXPECT_GE(affine.zero_point, 0);
        EXPECT_LE(affine.zero_point, 255);
    }
}

TEST(Affine, ReduceRangeFollowsFbgemm) {
    // Ranges of one sign put zero at an end; 127 steps in between.
    EXPECT_EQ(choose_qparams_reduce_range({1, 127}), (Affine{1, 0}));
    EXPECT_EQ(choose_qparams_reduce_range({-127, -1}), (Affine{1, 127}));
    EXPECT_EQ(choose_qparams_reduce_range({-1, 1}).zero_point, 64);  // 63.5, to even
    EXPECT_EQ(choose_qparams_reduce_range({0, 0}), (Affine{0.1f, 0}));
    EXPECT_EQ(choose_qparams_reduce_range({0, 1e-6f}), (Affine{6.1e-5f, 0}));
    EXPECT_EQ(choose_qparams_reduce_range({-1e-6f, 0}), (Affine{6.1e-5f, 127}));
    const Affine odd = choose_qparams_reduce_range({-0.3f, 2.2f});
    EXPECT_FLOAT_EQ(odd.scale, 2.5f / 127);
    EXPECT_EQ(odd.zero_point, 15);
}

TEST(QuantizeDynamic, ErrorIsAtMostHalfAStep) {
    Random random(18);
    ThreadPool pool(2);
    for (const auto& [groups, elements] :
         {std::pair<std::int64_t, std::int64_t>{9, 37}, {2, 40000}, {50, 768}}) {
        Guarded<float> x(groups * elements, 1);
        Guarded<std::uint8_t> y(groups * elements, 1);
        fill_normal(x, random);
        std::vector<Affine> affine(static_cast<std::size_t>(groups));
        quantize_groups_u8(x.data(), groups, elements, y.data(), affine.data(), pool);
        EXPECT_TRUE(y.intact());
        for (std::int64_t i = 0; i < x.size(); ++i) {
            const Affine& a = affine[static_cast<std::size_t>(i / elements)];
            // Rounding the zero point can push the end of the range out by half a step.
            ASSERT_NEAR(a.scale * static_cast<float>(y[i] - a.zero_point), x[i], 1.001f * a.scale);
        }
    }
}

TEST(QuantizeDynamic, SurvivesConstantAndBrokenRows) {
    ThreadPool pool(1);
    std::vector<float> x(40, 0);
    x[20] = kNan;
    x[21] = kInfinity;
    std::vector<std::uint8_t> y(40);
    Affine affine[2];
    quantize_groups_u8(x.data(), 2, 20, y.data(), affine, pool);
    EXPECT_EQ(affine[0], (Affine{1, 0}));
    EXPECT_TRUE(std::isfinite(affine[1].scale));
    EXPECT_EQ(y[21], 255);
    quantize_groups_u8(x.data(), 2, 0, y.data(), affine, pool);
}

TEST(QuantizeLinear, FollowsOnnx) {
    ThreadPool pool(1);
    const float x[] = {0, 2, 3, 1000, -254, -1000};
    const float scale[] = {2};
    const std::int32_t zero[] = {128};
    std::uint8_t y[6];
    quantize_linear({1, 1, 6, scale, zero}, x, y, pool);
    const std::uint8_t expected[] = {128, 129, 130, 255, 1, 0};  // 3 / 2 = 1.5 rounds to 2
    for (int i = 0; i < 6; ++i) EXPECT_EQ(y[i], expected[i]) << i;
    float back[6];
    dequantize_linear({1, 1, 6, scale, zero}, y, back, pool);
    EXPECT_EQ(back[3], 254);
    std::int8_t z[6];
    quantize_linear({1, 1, 6, scale, nullptr}, x, z, pool);
    EXPECT_EQ(z[3], 127);
    EXPECT_EQ(z[4], -127);
    EXPECT_EQ(z[5], -128);
}

TEST(QuantizeLinear, RunsPerAxis) {
    Random random(19);
    ThreadPool pool(2);
    const std::int64_t outer = 3, channels = 5, inner = 7;
    Guarded<float> x(outer * channels * inner), back(x.size(), 1);
    Guarded<std::int8_t> y(x.size(), 1);
    fill_normal(x, random);
    const float scales[] = {0.1f, 0.02f, 0.5f, 0.03f, 1};
    const std::int32_t zeros[] = {0, -5, 7, 100, -100};
    const QuantizedLayout layout{outer, channels, inner, scales, zeros};
    quantize_linear(layout, x.data(), y.data(), pool);
    dequantize_linear(layout, y.data(), back.data(), pool);
    EXPECT_TRUE(y.intact() && back.intact());
    for (std::int64_t i = 0; i < x.size(); ++i) {
        const std::int64_t c = i / inner % channels;
        const double code = std::clamp<double>(std::nearbyint(x[i] / scales[c]) + zeros[c], -128, 127);
        ASSERT_EQ(y[i], code);
        ASSERT_EQ(back[i], (static_cast<float>(code) - static_cast<float>(zeros[c])) * scales[c]);
    }
    const std::int32_t bias[] = {INT32_MAX, INT32_MIN};
    float values[2];
    const float one[] = {1};
    const std::int32_t shift[] = {-1};
    dequantize_linear({1, 1, 2, one, shift}, bias, values, pool);
    EXPECT_EQ(values[0], 2147483648.0f);
}

TEST(QuantizeWeights, PerRowAndTorch) {
    const float w[] = {1, -2, 4, 0, 0, 0, kNan, kInfinity, -1};
    const QuantizedWeights rows = quantize_weights_per_row(w, 3, 3);
    EXPECT_FLOAT_EQ(rows.scales[0], 4 / 127.0f);
    EXPECT_EQ(rows.values[2], 127);
    EXPECT_EQ(rows.values[1], -64);  // -63.5, to even
    EXPECT_EQ(rows.scales[1], 1);
    EXPECT_EQ(rows.values[6], 0);
    EXPECT_EQ(rows.values[7], 127);
    const float t[] = {-1, 0.5f, 1, 0.25f};
    const QuantizedWeights torch = quantize_weights_torch(t, 2, 2);
    ASSERT_EQ(torch.scales.size(), 1u);
    EXPECT_FLOAT_EQ(torch.scales[0], 1 / 127.5f);
    EXPECT_EQ(torch.values[0], -127);  // 127.5 times the rounded reciprocal stays below the tie
    EXPECT_EQ(torch.values[2], 127);
    EXPECT_EQ(torch.values[1], 64);
}

TEST(QuantizeWeights, ClipSearchNeverDoesWorse) {
    Random random(20);
    std::vector<float> w(256);
    for (float& value : w) value = static_cast<float>(random.normal());
    w[17] = 12;  // one outlier stretches the scale of everything else
    const auto error = [&](const QuantizedWeights& q) {
        double sum = 0;
        for (std::size_t i = 0; i < w.size(); ++i) sum += std::pow(w[i] - q.scales[0] * q.values[i], 2);
        return sum;
    };
    EXPECT_LE(error(quantize_weights_per_row(w.data(), 1, 256, WeightClip::kLeastSquaredError)),
              error(quantize_weights_per_row(w.data(), 1, 256)));
}

}  // namespace
}  // namespace espalier::kernels
