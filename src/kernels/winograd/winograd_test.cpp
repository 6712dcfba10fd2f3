#include "kernels/winograd/winograd.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/fma_rate.h"
#include "kernels/conv/conv2d_reference.h"
#include "kernels/guarded_buffer.h"
#include "kernels/winograd/winograd_table.h"

namespace espalier::kernels {
namespace {

class WinogradTest : public testing::TestWithParam<const WinogradTable*> {
  protected:
    void SetUp() override {
        if (GetParam()->isa > best_isa()) GTEST_SKIP() << "this processor lacks " << GetParam()->name;
    }
    std::int64_t size(std::uint64_t most) { return static_cast<std::int64_t>(1 + random_.below(most)); }

    /// The largest error relative to the largest sum of absolute terms: every output of a tile carries the
    /// rounding of all its inputs, also of those that its own window does not see.
    double worst_error(const Conv2dShape& s, int tile, std::int64_t n, std::int64_t h, std::int64_t w,
                       Activation activation = Activation::kNone, bool in_place = false) {
        const std::int64_t outputs = n * s.output_h(h) * s.output_w(w) * s.c_out;
        GuardedBuffer x(n * h * w * s.c_in, 1), weights(s.weights()), bias(s.c_out), residual(outputs, 2);
        GuardedBuffer got(outputs, 3);
        for (GuardedBuffer* buffer : {&x, &weights, &bias, &residual}) buffer->fill(random_);
        const Epilogue epilogue{.bias = bias.data(),
                                .residual = residual.data(),
                                .activation = activation,
                                .lo = -0.5f,
                                .hi = 0.75f};
        std::vector<float> expected(static_cast<std::size_t>(outputs)), magnitude(expected.size());
        conv2d_f32_reference(s, weights.data(), n, h, w, x.data(), expected.data(), epilogue,
                             magnitude.data());
        float* out = in_place ? residual.data() : got.data();
        make_winograd(s, weights.data(), tile, GetParam()->isa)->run(n, h, w, x.data(), out, epilogue, pool_);
        EXPECT_TRUE(got.intact());
        EXPECT_TRUE(residual.intact());
        double worst = 0, largest = 1;
        for (std::size_t i = 0; i < expected.size(); ++i) {
            worst = std::max(worst, std::abs(double{out[i]} - expected[i]));
            largest = std::max(largest, double{magnitude[i]});
        }
        return worst / largest;
    }

    static constexpr double kBound2 = 2.5e-7;
    static constexpr double kBound4 = 5e-6;
    ThreadPool pool_{2};
    Random random_{1980};
};

TEST_P(WinogradTest, RandomShapes) {
    for (int i = 0; i < 60; ++i) {
        const Conv2dShape shape{.c_in = size(40),
                                .c_out = size(70),
                                .kernel_h = 3,
                                .kernel_w = 3,
                                .pad_top = size(4) - 1,
                                .pad_left = size(4) - 1,
                                .pad_bottom = size(4) - 1,
                                .pad_right = size(4) - 1};
        const int tile = i % 2 == 0 ? 2 : 4;
        const std::int64_t n = size(3), h = 2 + size(15), w = 2 + size(15);
        EXPECT_LT(worst_error(shape, tile, n, h, w, static_cast<Activation>(random_.below(10)), i % 5 == 0),
                  tile == 2 ? kBound2 : kBound4)
            << shape.c_in << "->" << shape.c_out << " tile " << tile << " on " << n << "x" << h << "x" << w;
    }
}

TEST_P(WinogradTest, ManyBlocks) {
    const Conv2dShape shape{33, 17, 3, 3, 1, 1, 1, 1, 1, 1};
    EXPECT_LT(worst_error(shape, 4, 3, 55, 57), kBound4);
    EXPECT_LT(worst_error(shape, 2, 2, 41, 40), kBound2);
}

TEST_P(WinogradTest, ErrorOfDeepLayers) {
    if (GetParam()->isa == Isa::kPortable) GTEST_SKIP() << "the arithmetic is that of the others";
    const Conv2dShape shape{512, 48, 3, 3, 1, 1, 1, 1, 1, 1};
    EXPECT_LT(worst_error(shape, 2, 1, 7, 7), kBound2);
    EXPECT_LT(worst_error(shape, 4, 1, 7, 7), kBound4);
}

TEST(WinogradTile, IsChosenBySize) {
    const Conv2dShape shape{64, 64, 3, 3, 1, 1, 1, 1, 1, 1};
    EXPECT_EQ(winograd_tile(shape, 1, 56, 56, Isa::kAvx512), 4);
    const Conv2dShape heavy{512, 512, 3, 3, 1, 1, 1, 1, 1, 1};
    EXPECT_EQ(winograd_tile(heavy, 1, 7, 7, Isa::kPortable), 2);
    EXPECT_EQ(winograd_tile(heavy, 1, 7, 7, Isa::kAvx512), fma_rate(Isa::kAvx512) < 2 ? 2 : 0)
        << "more weights for few pixels pay only where products take longer than they";
    EXPECT_EQ(winograd_tile(shape, 1, 0, 0, Isa::kAvx512), 0) << "unknown input";
    EXPECT_EQ(winograd_tile(shape, 1, 1, 1, Isa::kAvx512), 0) << "one pixel";
    EXPECT_EQ(winograd_tile({64, 64, 3, 3, 2, 2, 1, 1, 1, 1}, 1, 56, 56, Isa::kAvx512), 0) << "stride";
    EXPECT_EQ(winograd_tile({64, 64, 3, 3}, 1, 2, 2, Isa::kAvx512), 0) << "the window does not fit";
}

INSTANTIATE_TEST_SUITE_P(Tables, WinogradTest,
                         testing::ValuesIn(winograd_tables().begin(), winograd_tables().end()),
                         [](const auto& row) { return std::string(row.param->name); });

}  // namespace
}  // namespace espalier::kernels
