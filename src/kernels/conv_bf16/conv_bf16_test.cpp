#include "kernels/conv_bf16/conv_bf16.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "base/error.h"
#include "kernels/conv/conv2d_reference.h"
#include "kernels/gemm/gemm_reference.h"
#include "kernels/testing/guarded.h"

namespace espalier::kernels {
namespace {

/// Rounds every number to bf16; returns the bit patterns.
std::vector<std::uint16_t> round_in_place(Guarded<float>& values) {
    std::vector<std::uint16_t> bits;
    for (std::int64_t i = 0; i < values.size(); ++i) {
        bits.push_back(f32_to_bf16(values[i]));
        values[i] = bf16_to_f32(bits.back());
    }
    return bits;
}

/// Compares one convolution with the f32 reference on inputs that were rounded beforehand: what is left is
/// the order of the additions in f32.
void check(Random& random, const Conv2dShape& s, std::int64_t n, std::int64_t h, std::int64_t w,
           const TileBF16Kernel& kernel, ThreadPool& pool, Activation activation) {
    SCOPED_TRACE(testing::Message() << kernel.name << " c_in " << s.c_in << " c_out " << s.c_out << " kernel "
                                    << s.kernel_h << "x" << s.kernel_w << " groups " << s.groups << " stride "
                                    << s.stride_h << "x" << s.stride_w << " of " << n << "x" << h << "x"
                                    << w);
    const std::int64_t outputs = n * s.output_h(h) * s.output_w(w) * s.c_out;
    Guarded<float> x(n * h * w * s.c_in, 1), weights(s.weights()), bias(s.c_out, 3), residual(outputs, 5);
    for (Guarded<float>* buffer : {&x, &weights, &bias, &residual}) fill_normal(*buffer, random);
    Guarded<float> y(outputs, 9);
    const std::vector<std::uint16_t> bits = round_in_place(weights);
    const PackedConvBF16 packed = pack_conv2d_bf16(s, bits.data());
    Epilogue epilogue{.activation = activation, .lo = 0, .hi = 6};
    if (random.below(2)) epilogue.bias = bias.data();
    if (random.below(2)) epilogue.residual = residual.data();
    conv2d_bf16(packed, n, h, w, x.data(), y.data(), epilogue, pool, kernel);
    ASSERT_TRUE(y.intact());
    round_in_place(x);
    const double depth = static_cast<double>(s.group_in() * s.taps() + 2);
    for (std::int64_t i = 0; i < outputs; ++i) {
        const Conv2dSum sum = conv2d_f32_reference_at(s, weights.data(), h, w, x.data(), i, epilogue);
        const double rounding = depth * std::numeric_limits<float>::epsilon() * sum.magnitude;
        const double tolerance =
            activation == Activation::kNone ? rounding : 1.2 * rounding + 1e-6 * std::max(1.0, sum.magnitude);
        ASSERT_NEAR(y[i], activate_reference(sum.value, epilogue), tolerance) << "at " << i;
    }
}

Conv2dShape random_shape(Random& random, std::int64_t kind) {
    Conv2dShape s;
    s.groups = kind == 0 ? pick(random, 2, 5) : 1;
    s.c_in = s.groups * pick(random, 1, 20);
    s.c_out = s.groups * pick(random, 1, 40);
    const std::int64_t largest = kind == 1 ? 1 : 5;
    s.kernel_h = pick(random, 1, largest);
    s.kernel_w = pick(random, 1, largest);
    s.stride_h = pick(random, 1, 3);
    s.stride_w = pick(random, 1, 3);
    if (kind == 1 && random.below(2)) return s;
    s.pad_top = pick(random, 0, 2);
    s.pad_left = pick(random, 0, 2);
    s.pad_bottom = pick(random, 0, 2);
    s.pad_right = pick(random, 0, 2);
    s.dilation_h = pick(random, 1, 2);
    s.dilation_w = pick(random, 1, 2);
    return s;
}

TEST(ConvBF16, EveryKernelAgreesWithTheReferenceForRandomShapes) {
    Random random(31);
    ThreadPool pool(2);
    for (const TileBF16Kernel& kernel : tile_bf16_kernels()) {
        if (kernel.isa > best_isa()) continue;
        for (int trial = 0; trial < 60; ++trial) {
            const auto activation = trial % 4 == 0   ? Activation::kSilu
                                    : trial % 4 == 1 ? Activation::kClip
                                                     : Activation::kNone;
            check(random, random_shape(random, trial % 3), pick(random, 1, 3), pick(random, 9, 12),
                  pick(random, 9, 12), kernel, pool, activation);
        }
    }
}

TEST(ConvBF16, LayersOfNetworks) {
    Random random(32);
    ThreadPool pool(2);
    for (const TileBF16Kernel& kernel : tile_bf16_kernels()) {
        if (kernel.isa > best_isa()) continue;
        check(random, {3, 64, 7, 7, 2, 2, 3, 3, 3, 3}, 1, 20, 20, kernel, pool, Activation::kRelu);
        check(random, {64, 64, 3, 3, 1, 1, 1, 1, 1, 1}, 2, 9, 9, kernel, pool, Activation::kClip);
        check(random, {64, 128, 1, 1, 2, 2}, 2, 9, 9, kernel, pool, Activation::kNone);
        check(random, {96, 192, 2, 2, 2, 2}, 1, 8, 8, kernel, pool, Activation::kNone);
        check(random, {3, 33, 16, 16, 16, 16}, 1, 32, 32, kernel, pool, Activation::kNone);
        check(random, {48, 48, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 3}, 1, 9, 9, kernel, pool, Activation::kRelu);
    }
}

TEST(ConvBF16, RoundsManyImagesInParts) {
    Random random(33);
    ThreadPool pool(2);
    // Some 600 KB each in f32: more than fit into one part.
    check(random, {40, 3, 3, 3, 1, 1, 1, 1, 1, 1}, 9, 60, 60, tile_bf16_kernels().front(), pool,
          Activation::kNone);
    check(random, {40, 3, 3, 3, 1, 1, 1, 1, 1, 1}, 17, 60, 60,
          tile_bf16_kernels().back().isa > best_isa() ? tile_bf16_kernels().front()
                                                      : tile_bf16_kernels().back(),
          pool, Activation::kNone);
}

TEST(ConvBF16, NoImagesIsNoWorkAndBadShapesAreRefused) {
    ThreadPool pool(1);
    const std::vector<std::uint16_t> w(8, f32_to_bf16(1));
    const PackedConvBF16 packed = pack_conv2d_bf16(Conv2dShape{4, 2}, w.data());
    EXPECT_NO_THROW(conv2d_bf16(packed, 0, 5, 5, nullptr, nullptr, {}, pool));
    EXPECT_THROW(pack_conv2d_bf16(Conv2dShape{.c_in = 4, .c_out = 2, .groups = 3}, w.data()), Error);
    const PackedConvBF16 window = pack_conv2d_bf16(Conv2dShape{1, 1, 2, 2}, w.data());
    std::vector<float> x(4), y(4);
    EXPECT_THROW(conv2d_bf16(window, 1, 1, 2, x.data(), y.data(), {}, pool), Error);
}

}  // namespace
}  // namespace espalier::kernels
