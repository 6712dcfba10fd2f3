#include "kernels/conv/conv2d.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "base/error.h"
#include "kernels/conv/conv2d_reference.h"
#include "kernels/gemm/tile.h"
#include "kernels/guarded_buffer.h"
#include "kernels/testing/row_codes.h"

namespace espalier::kernels {
namespace {

struct Case {
    Conv2dShape shape;
    std::int64_t n = 1, h = 8, w = 8;
    Activation activation = Activation::kNone;
    bool bias = true, residual = false, in_place = false;
    std::int64_t shift = 0;
    bool winograd = false;
};

std::string str(const Conv2dShape& s) {
    return fmt::format("{}->{} k{}x{} s{}x{} p{},{},{},{} d{}x{} g{}", s.c_in, s.c_out, s.kernel_h,
                       s.kernel_w, s.stride_h, s.stride_w, s.pad_top, s.pad_left, s.pad_bottom, s.pad_right,
                       s.dilation_h, s.dilation_w, s.groups);
}

/// Direct sums round by at most (terms + 2) epsilon of the absolute terms.
double tolerance(const Case& c, double magnitude) {
    const double terms = static_cast<double>(c.shape.group_in() * c.shape.taps() + 2);
    const double rounding = terms * std::numeric_limits<float>::epsilon() * magnitude;
    return c.activation == Activation::kNone ? rounding : 1.2 * rounding + 1e-6 * std::max(1.0, magnitude);
}

void check(const Case& c, Isa isa, ThreadPool& pool, Random& random, const std::string& kernel = "") {
    const Conv2dShape& s = c.shape;
    SCOPED_TRACE(testing::Message() << name(isa) << " " << str(s) << " on " << c.n << "x" << c.h << "x"
                                    << c.w);
    const std::int64_t outputs = c.n * s.output_h(c.h) * s.output_w(c.w) * s.c_out;
    GuardedBuffer x(c.n * c.h * c.w * s.c_in, c.shift), w(s.weights()), bias(s.c_out),
        residual(outputs, c.shift);
    GuardedBuffer got(outputs, c.shift);
    for (GuardedBuffer* buffer : {&x, &w, &bias, &residual}) buffer->fill(random);
    Epilogue epilogue{.activation = c.activation, .lo = -0.5f, .hi = 0.75f};
    if (c.bias) epilogue.bias = bias.data();
    if (c.residual) epilogue.residual = residual.data();
    std::vector<float> expected(static_cast<std::size_t>(outputs)), magnitude(expected.size());
    conv2d_f32_reference(s, w.data(), c.n, c.h, c.w, x.data(), expected.data(), epilogue, magnitude.data());

    const PackedConvF32 packed = pack_conv2d_f32(s, w.data(), {.isa = isa, .winograd = c.winograd});
    if (!kernel.empty()) {
        EXPECT_EQ(packed.kernel_name(), fmt::format("{}/{}", kernel, tile_table(isa).name));
    }
    float* out = c.in_place ? residual.data() : got.data();
    conv2d_f32(packed, c.n, c.h, c.w, x.data(), out, epilogue, pool);
    for (std::size_t i = 0; i < expected.size(); ++i) {
        ASSERT_NEAR(out[i], expected[i], tolerance(c, magnitude[i])) << "at " << i;
    }
    ASSERT_TRUE(got.intact());
    ASSERT_TRUE(residual.intact());
    if (!packed.kernel().gives_row_codes() || c.in_place) return;
    GuardedRowCodes alone(outputs / s.c_out, s.c_out), both(outputs / s.c_out, s.c_out);
    epilogue.row_codes = alone.place();
    conv2d_f32(packed, c.n, c.h, c.w, x.data(), nullptr, epilogue, pool);
    epilogue.row_codes = both.place();
    conv2d_f32(packed, c.n, c.h, c.w, x.data(), got.data(), epilogue, pool);
    alone.expect_of(got.data(), packed.kernel_name().c_str());
    both.expect_of(got.data(), packed.kernel_name().c_str());
}

class Conv2dTest : public testing::TestWithParam<const TileTable*> {
  protected:
    void SetUp() override {
        if (GetParam()->isa > best_isa()) GTEST_SKIP() << "this processor lacks " << GetParam()->name;
    }
    std::int64_t size(std::uint64_t most) { return static_cast<std::int64_t>(1 + random_.below(most)); }
    void check(const Case& c, const std::string& kernel = "") {
        kernels::check(c, GetParam()->isa, pool_, random_, kernel);
    }
    /// A shape of random window, and an image that it fits.
    Case random_case() {
        Case c;
        Conv2dShape& s = c.shape;
        s.kernel_h = size(5), s.kernel_w = size(5);
        s.stride_h = size(3), s.stride_w = size(3);
        s.dilation_h = size(2), s.dilation_w = size(2);
        s.pad_top = size(5) - 1, s.pad_left = size(5) - 1, s.pad_bottom = size(5) - 1,
        s.pad_right = size(5) - 1;
        c.n = size(3);
        c.h = std::max<std::int64_t>(1, (s.kernel_h - 1) * s.dilation_h + size(9) - s.pad_top - s.pad_bottom);
        c.w =
            std::max<std::int64_t>(1, (s.kernel_w - 1) * s.dilation_w + size(15) - s.pad_left - s.pad_right);
        c.activation = static_cast<Activation>(random_.below(10));
        c.bias = random_.below(2) == 0;
        c.residual = random_.below(2) == 0;
        c.shift = size(3) - 1;
        return c;
    }
    ThreadPool pool_{2};
    Random random_{411};
};

TEST_P(Conv2dTest, RandomDense) {
    for (int i = 0; i < 60; ++i) {
        Case c = random_case();
        c.shape.c_in = size(20);
        c.shape.c_out = size(90);
        check(c);
    }
}

TEST_P(Conv2dTest, RandomGrouped) {
    for (int i = 0; i < 60; ++i) {
        Case c = random_case();
        c.shape.groups = size(7);
        c.shape.c_in = c.shape.groups * size(17);
        c.shape.c_out = c.shape.groups * size(17);
        check(c);
    }
}

TEST_P(Conv2dTest, RandomDepthwise) {
    for (int i = 0; i < 120; ++i) {
        Case c = random_case();
        if (i % 2 == 0) c.shape.kernel_h = c.shape.kernel_w = 3 + 2 * (i % 3), c.shape.dilation_w = 1;
        c.h += 2 * c.shape.kernel_h, c.w += 2 * c.shape.kernel_w;
        c.shape.groups = c.shape.c_in = c.shape.c_out = 1 + size(100);
        check(c);
    }
}

TEST_P(Conv2dTest, NarrowGroups) {
    for (int i = 0; i < 60; ++i) {
        Case c = random_case();
        Conv2dShape& s = c.shape;
        s.kernel_h = s.kernel_w = 3, s.dilation_h = s.dilation_w = 1;
        s.stride_h = s.stride_w = size(2);
        s.pad_left = size(3) - 1, s.pad_right = size(3) - 1;
        c.h += 4, c.w += 4;
        s.groups = 1 + size(20);
        s.c_in = s.c_out = s.groups * (std::int64_t{2} << random_.below(4));
        check(c);
    }
}

TEST_P(Conv2dTest, LayersOfNetworks) {
    const Activation relu = Activation::kRelu;
    check({.shape = {3, 64, 7, 7, 2, 2, 3, 3, 3, 3}, .h = 34, .w = 30, .activation = relu});
    check({.shape = {3, 33, 3, 3, 2, 2, 1, 1, 1, 1},
           .n = 2,
           .h = 21,
           .w = 18,
           .activation = Activation::kSilu});
    check({.shape = {3, 40, 16, 16, 16, 16}, .n = 2, .h = 32, .w = 48}, "conv_implicit");
    check({.shape = {3, 96, 4, 4, 4, 4}, .n = 2, .h = 16, .w = 12}, "conv_implicit");
    check({.shape = {64, 64, 3, 3, 1, 1, 1, 1, 1, 1}, .h = 14, .w = 13, .activation = relu, .residual = true},
          "conv_implicit");
    check({.shape = {24, 80}, .n = 2, .h = 7, .w = 5, .residual = true, .in_place = true}, "conv_1x1");
    check({.shape = {24, 80, 1, 1, 2, 2}, .n = 2, .h = 7, .w = 5}, "conv_1x1");
    check({.shape = {12, 8, 1, 1, 1, 1, 1, 1, 1, 1}, .h = 3, .w = 3}, "conv_1x1");
    check({.shape = {.c_in = 32,
                     .c_out = 32,
                     .kernel_h = 3,
                     .kernel_w = 3,
                     .pad_top = 1,
                     .pad_left = 1,
                     .pad_bottom = 1,
                     .pad_right = 1,
                     .groups = 32},
           .h = 9,
           .w = 11,
           .activation = relu,
           .residual = true,
           .in_place = true},
          "depthwise_3x3");
}

TEST_P(Conv2dTest, DepthOfSeveralPasses) {
    check({.shape = {520, 20, 3, 3, 1, 1, 1, 1, 1, 1}, .h = 3, .w = 4, .activation = Activation::kGelu});
    check({.shape = {1300, 9, 1, 2, 1, 1, 0, 1, 0, 0}, .h = 2, .w = 4, .residual = true});
    check({.shape = {430, 33, 3, 2, 2, 1, 1, 1, 1, 1}, .h = 5, .w = 6, .residual = true, .in_place = true});
}

TEST_P(Conv2dTest, PaddingWiderThanTheImage) {
    check({.shape = {5, 7, 3, 3, 1, 1, 4, 5, 6, 3}, .h = 1, .w = 2});
    check({.shape = {.c_in = 19,
                     .c_out = 19,
                     .kernel_h = 3,
                     .kernel_w = 3,
                     .pad_top = 4,
                     .pad_left = 5,
                     .pad_bottom = 6,
                     .pad_right = 7,
                     .groups = 19},
           .h = 1,
           .w = 2});
}

TEST_P(Conv2dTest, EmptyBatch) {
    const float one = 1;
    conv2d_f32(pack_conv2d_f32({}, &one, {.isa = GetParam()->isa}), 0, 4, 4, nullptr, nullptr, {}, pool_);
}

INSTANTIATE_TEST_SUITE_P(Tables, Conv2dTest, testing::ValuesIn(tile_tables().begin(), tile_tables().end()),
                         [](const auto& row) { return std::string(row.param->name); });

TEST(Conv2dShape, ComputesItsOutput) {
    const Conv2dShape shape{3, 64, 7, 7, 2, 2, 3, 3, 3, 3};
    EXPECT_EQ(shape.output_h(224), 112);
    EXPECT_EQ(shape.output_w(1), 1);
}

TEST(Conv2dShape, RejectsWhatCannotBe) {
    const auto rejects = [](auto change) {
        Conv2dShape shape{4, 4};
        change(shape);
        EXPECT_THROW(shape.check(), Error);
    };
    rejects([](Conv2dShape& s) { s.c_in = 0; });
    rejects([](Conv2dShape& s) { s.stride_w = 0; });
    rejects([](Conv2dShape& s) { s.dilation_h = -1; });
    rejects([](Conv2dShape& s) { s.pad_left = -1; });
    rejects([](Conv2dShape& s) { s.kernel_h = std::int64_t{1} << 40; });
    rejects([](Conv2dShape& s) { s.groups = 3; });
    EXPECT_THROW((Conv2dShape{1, 1, 3, 3}.output_h(2)), Error);
}

}  // namespace
}  // namespace espalier::kernels
