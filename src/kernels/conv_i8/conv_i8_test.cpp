#include "kernels/conv_i8/conv_i8.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "base/error.h"
#include "kernels/conv_i8/depthwise_i8.h"
#include "kernels/elementwise/unary_reference.h"
#include "kernels/gemm_i8/coded_ends_reference.h"
#include "kernels/testing/guarded.h"
#include "kernels/testing/row_codes.h"

namespace espalier::kernels {
namespace {

/// One convolution with random data, and the contract's expression as its oracle.
struct Problem {
    Conv2dShape s;
    std::int64_t n, h, w;
    Guarded<std::uint8_t> x;
    Guarded<std::int8_t> weights;
    Guarded<float> scales, bias, residual;
    Guarded<std::uint8_t> residual_codes;
    std::vector<Affine> affines;

    Problem(Random& random, const Conv2dShape& shape, std::int64_t n_, std::int64_t h_, std::int64_t w_)
        : s(shape),
          n(n_),
          h(h_),
          w(w_),
          x(n_ * h_ * w_ * shape.c_in, 1),
          weights(shape.weights()),
          scales(shape.c_out),
          bias(shape.c_out, 3),
          residual(outputs(), 5),
          residual_codes(outputs(), 1) {
        fill_integers(x, random, 0, 255);
        fill_integers(weights, random, -128, 127);
        fill_normal(scales, random, 0.01);
        fill_normal(bias, random);
        fill_normal(residual, random);
        fill_integers(residual_codes, random, 0, 255);
        const std::int64_t each = shape.is_pointwise() && random.below(2) ? h * w : 1;
        const std::int64_t count = random.below(2) ? 1 : n * each;
        for (std::int64_t i = 0; i < count; ++i) {
            affines.push_back(
                {static_cast<float>(random.uniform() * 0.01), static_cast<std::int32_t>(random.below(256))});
        }
    }

    std::size_t affine_of(std::int64_t image, std::int64_t y, std::int64_t column) const {
        if (affines.size() == 1) return 0;
        const bool each = static_cast<std::int64_t>(affines.size()) == n * h * w;
        return static_cast<std::size_t>(each ? (image * h + y) * w + column : image);
    }

    std::int64_t outputs() const { return n * s.output_h(h) * s.output_w(w) * s.c_out; }

    /// The sum of an output, and what becomes of it.
    std::pair<float, ElementEpilogue> expected(std::int64_t index, const Epilogue& e,
                                               const CodedEnds& ends) const {
        const std::int64_t o = index % s.c_out, pixel = index / s.c_out;
        const std::int64_t ox = pixel % s.output_w(w), oy = pixel / s.output_w(w) % s.output_h(h);
        const std::int64_t image = pixel / s.output_w(w) / s.output_h(h), group = o / s.group_out();
        const Affine& affine = affines[affine_of(image, oy * s.stride_h, ox * s.stride_w)];
        std::int64_t sum = 0;
        for (std::int64_t i = 0; i < s.group_in(); ++i) {
            for (std::int64_t r = 0; r < s.kernel_h; ++r) {
                for (std::int64_t c = 0; c < s.kernel_w; ++c) {
                    const std::int64_t y = oy * s.stride_h - s.pad_top + r * s.dilation_h;
                    const std::int64_t column = ox * s.stride_w - s.pad_left + c * s.dilation_w;
                    if (y < 0 || y >= h || column < 0 || column >= w) continue;
                    const std::int64_t value =
                        x[((image * h + y) * w + column) * s.c_in + group * s.group_in() + i] -
                        affine.zero_point;
                    sum += value * weights[((o * s.group_in() + i) * s.kernel_h + r) * s.kernel_w + c];
                }
            }
        }
        return {static_cast<float>(sum),
                {affine.scale * scales[o], e.bias ? e.bias[o] : 0.0f,
                 e.residual ? e.residual + index : nullptr, ends.at(index), e.activation, e.lo, e.hi}};
    }
};

void check(Random& random, const Conv2dShape& shape, std::int64_t n, std::int64_t h, std::int64_t w, Isa isa,
           ThreadPool& pool, Activation activation) {
    Problem problem(random, shape, n, h, w);
    const PackedConvI8 packed = pack_conv2d_i8(
        shape, problem.weights.data(), {problem.scales.data(), static_cast<std::size_t>(shape.c_out)});
    Epilogue epilogue;
    if (random.below(2)) epilogue.bias = problem.bias.data();
    CodedEnds ends{.residual_map = {0.01f, static_cast<std::int32_t>(random.below(256))},
                   .result_map = {0.02f, static_cast<std::int32_t>(random.below(256))}};
    const int residual = static_cast<int>(random.below(3));
    if (residual == 1) epilogue.residual = problem.residual.data();
    if (residual == 2) ends.residual = problem.residual_codes.data();
    epilogue.activation = activation;
    epilogue.lo = 0;
    epilogue.hi = 6;
    Guarded<float> y(problem.outputs(), 9);
    conv2d_u8s8(packed, n, h, w, problem.x.data(), problem.affines, y.data(), epilogue, pool, isa, ends);
    EXPECT_TRUE(y.intact());
    Guarded<std::uint8_t> codes(problem.outputs(), 9);
    CodedEnds coded = ends;
    coded.result = codes.data();
    conv2d_u8s8(packed, n, h, w, problem.x.data(), problem.affines, nullptr, epilogue, pool, isa, coded);
    EXPECT_TRUE(codes.intact());
    const bool exact = activation == Activation::kNone || activation == Activation::kClip;
    for (std::int64_t i = 0; i < y.size(); ++i) {
        const auto [sum, element] = problem.expected(i, epilogue, ends);
        const float expected = element.value(sum);
        ASSERT_NEAR(y[i], expected, exact ? 0 : 2e-6f * std::max(1.0f, std::fabs(expected)))
            << packed.kernel_name(isa) << " c_in " << shape.c_in << " c_out " << shape.c_out << " kernel "
            << shape.kernel_h << "x" << shape.kernel_w << " groups " << shape.groups << " at " << i;
        ASSERT_NEAR(int{codes[i]}, int{element.code(sum)}, exact ? 0 : 1)
            << packed.kernel_name(isa) << " at " << i;
    }
    if (shape.groups > 1) return;
    GuardedRowCodes rows(y.size() / shape.c_out, shape.c_out);
    epilogue.row_codes = rows.place();
    conv2d_u8s8(packed, n, h, w, problem.x.data(), problem.affines, nullptr, epilogue, pool, isa, ends);
    rows.expect_of(y.data(), packed.kernel_name(isa));
}

Conv2dShape random_shape(Random& random, std::int64_t kind) {
    Conv2dShape s;
    s.groups = kind == 0 ? pick(random, 2, 100) : kind == 1 ? pick(random, 2, 4) : 1;
    if (kind == 3) {
        return {.c_in = pick(random, 1, 20),
                .c_out = pick(random, 1, 40),
                .stride_h = pick(random, 1, 3),
                .stride_w = pick(random, 1, 3)};
    }
    s.c_in = kind == 0 ? s.groups : s.groups * pick(random, 1, 20);
    s.c_out = kind == 0 ? s.groups : s.groups * pick(random, 1, 40);
    s.kernel_h = pick(random, 1, 5);
    s.kernel_w = pick(random, 1, 5);
    s.stride_h = pick(random, 1, 3);
    s.stride_w = pick(random, 1, 3);
    s.pad_top = pick(random, 0, 2);
    s.pad_left = pick(random, 0, 2);
    s.pad_bottom = pick(random, 0, 2);
    s.pad_right = pick(random, 0, 2);
    s.dilation_h = pick(random, 1, 2);
    s.dilation_w = pick(random, 1, 2);
    return s;
}

TEST(ConvI8, EveryKernelIsExactForRandomShapes) {
    Random random(24);
    ThreadPool pool(2);
    for (const TileI8Kernel& kernel : tile_i8_kernels()) {
        if (kernel.isa > best_isa()) continue;
        for (int trial = 0; trial < 60; ++trial) {
            const Conv2dShape shape = random_shape(random, trial / 2 % 4);
            const auto activation = trial % 4 == 0   ? Activation::kSilu
                                    : trial % 4 == 1 ? Activation::kClip
                                                     : Activation::kNone;
            check(random, shape, pick(random, 1, 3), pick(random, 9, 12), pick(random, 9, 12), kernel.isa,
                  pool, activation);
        }
    }
}

TEST(ConvI8, LayersOfNetworks) {
    Random random(25);
    ThreadPool pool(2);
    Conv2dShape stem{3, 64, 7, 7, 2, 2, 3, 3, 3, 3};
    check(random, stem, 1, 20, 20, best_isa(), pool, Activation::kNone);
    Conv2dShape square{64, 64, 3, 3, 1, 1, 1, 1, 1, 1};
    check(random, square, 2, 9, 9, best_isa(), pool, Activation::kClip);
    Conv2dShape patch{3, 33, 16, 16, 16, 16};
    check(random, patch, 1, 32, 32, best_isa(), pool, Activation::kNone);
    Conv2dShape depthwise{144, 144, 7, 7, 1, 1, 3, 3, 3, 3, 1, 1, 144};
    check(random, depthwise, 2, 9, 9, best_isa(), pool, Activation::kNone);
    Conv2dShape huge_window{66, 66, 12, 12, 1, 1, 0, 0, 0, 0, 1, 1, 66};
    check(random, huge_window, 1, 13, 13, best_isa(), pool, Activation::kNone);
}

TEST(ConvI8, NoImagesIsNoWork) {
    ThreadPool pool(1);
    const std::vector<std::int8_t> w(8, 1);
    const float one = 1;
    const PackedConvI8 packed = pack_conv2d_i8(Conv2dShape{4, 2}, w.data(), {&one, 1});
    EXPECT_NO_THROW(conv2d_u8s8(packed, 0, 5, 5, nullptr, {}, nullptr, {}, pool));
    EXPECT_GT(packed.size_bytes(), 8u);
}

TEST(ConvI8, RefusesWrongNumbersOfScales) {
    ThreadPool pool(1);
    const std::vector<std::int8_t> w(8, 1);
    const float scales[3] = {1, 1, 1};
    EXPECT_THROW(pack_conv2d_i8(Conv2dShape{4, 2}, w.data(), {scales, 3}), Error);
    const PackedConvI8 packed = pack_conv2d_i8(Conv2dShape{4, 2}, w.data(), {scales, 2});
    const std::vector<std::uint8_t> x(4 * 3);
    std::vector<float> y(6);
    const std::vector<Affine> two(2);
    EXPECT_THROW(conv2d_u8s8(packed, 3, 1, 1, x.data(), two, y.data(), {}, pool), Error);
    // Only windows of one pixel can tell pixels apart.
    const Conv2dShape pair{.c_in = 4, .c_out = 1, .kernel_w = 2};
    const PackedConvI8 wide = pack_conv2d_i8(pair, w.data(), {scales, 1});
    const std::vector<Affine> pixels(3);
    EXPECT_THROW(conv2d_u8s8(wide, 1, 1, 3, x.data(), pixels, y.data(), {}, pool), Error);
}

}  // namespace
}  // namespace espalier::kernels
