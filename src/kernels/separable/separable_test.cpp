#include "kernels/separable/separable.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/random.h"
#include "kernels/gemm/tile.h"
#include "kernels/guarded_buffer.h"

namespace espalier::kernels {
namespace {

/// A convolution with random weights, bias and activation.
struct Layer {
    Layer(const Conv2dShape& shape, Isa isa, Random& random)
        : weights(shape.weights(), 0), bias(shape.c_out, 0) {
        weights.fill(random);
        bias.fill(random);
        packed = pack_conv2d_f32(shape, weights.data(), {.isa = isa});
        end = {.bias = random.below(4) ? bias.data() : nullptr,
               .activation = static_cast<Activation>(random.below(10)),
               .lo = -0.5f,
               .hi = 0.75f};
    }
    Layer(const Layer&) = delete;

    template <typename K>
    const K* kernel() const {
        return dynamic_cast<const K*>(&packed.kernel());
    }

    GuardedBuffer weights, bias;
    PackedConvF32 packed;
    Epilogue end;
};

struct Case {
    std::int64_t n, h, w;
    std::int64_t narrow, wide, result;  ///< channels
    std::int64_t group, kernel, stride, pad_top, pad_left, pad_bottom, pad_right;
    bool expand, project, residual, in_place;
};

/// The bits of one convolution after the other, whoever computes them.
void check(const Case& c, Isa isa, Random& random) {
    SCOPED_TRACE(testing::Message() << name(isa) << " " << c.n << "x" << c.h << "x" << c.w << " " << c.narrow
                                    << ">" << c.wide << ">" << c.result << " g" << c.group << " k" << c.kernel
                                    << " s" << c.stride << " expand " << c.expand << " project "
                                    << c.project);
    const Conv2dShape middle{c.wide,   c.wide,    c.kernel,        c.kernel,     c.stride,
                             c.stride, c.pad_top, c.pad_left,      c.pad_bottom, c.pad_right,
                             1,        1,         c.wide / c.group};
    const Layer expand({c.narrow, c.wide}, isa, random), depthwise(middle, isa, random),
        project({c.wide, c.result}, isa, random);
    const std::int64_t pixels = c.n * c.h * c.w;
    const std::int64_t output_h = middle.output_h(c.h), output_w = middle.output_w(c.w);
    const std::int64_t output_pixels = c.n * output_h * output_w;
    const std::int64_t outputs = output_pixels * (c.project ? c.result : c.wide);
    GuardedBuffer x(pixels * (c.expand ? c.narrow : c.wide), 1), residual(outputs, 1);
    x.fill(random);
    residual.fill(random);
    const auto residual_of = [&](bool is_last) { return c.residual && is_last ? residual.data() : nullptr; };

    ThreadPool alone(1);
    std::vector<float> expanded(static_cast<std::size_t>(pixels * c.wide)),
        filtered(static_cast<std::size_t>(output_pixels * c.wide)),
        expected(static_cast<std::size_t>(outputs));
    const float* value = x.data();
    if (c.expand) {
        conv2d_f32(expand.packed, c.n, c.h, c.w, value, expanded.data(), expand.end, alone);
        value = expanded.data();
    }
    Epilogue end = depthwise.end;
    end.residual = residual_of(!c.project);
    conv2d_f32(depthwise.packed, c.n, c.h, c.w, value, c.project ? filtered.data() : expected.data(), end,
               alone);
    if (c.project) {
        end = project.end;
        end.residual = residual_of(true);
        conv2d_f32(project.packed, c.n, output_h, output_w, filtered.data(), expected.data(), end, alone);
    }

    const SeparableConv conv{.expand = c.expand ? expand.kernel<PointwiseKernel>() : nullptr,
                             .depthwise = depthwise.kernel<DepthwiseKernel>(),
                             .project = c.project ? project.kernel<PointwiseKernel>() : nullptr,
                             .expand_end = expand.end,
                             .depthwise_end = depthwise.end,
                             .project_end = project.end};
    ASSERT_NE(conv.depthwise, nullptr);
    ASSERT_GT(conv.depthwise->strip_lines(), 0);
    for (const int threads : {1, 2, 3, 5}) {
        ThreadPool pool(threads);
        GuardedBuffer got(outputs, 1);
        if (c.in_place) std::copy_n(residual.data(), outputs, got.data());
        separable_conv_f32(conv, c.n, c.h, c.w, x.data(), c.in_place ? got.data() : residual_of(true),
                           got.data(), pool);
        for (std::size_t i = 0; i < expected.size(); ++i)
            ASSERT_EQ(got.data()[i], expected[i]) << threads << " threads, at " << i;
        ASSERT_TRUE(got.intact());
    }
}

class SeparableTest : public testing::TestWithParam<const TileTable*> {
  protected:
    void SetUp() override {
        if (GetParam()->isa > best_isa()) GTEST_SKIP() << "this processor lacks " << GetParam()->name;
    }
    std::int64_t size(std::uint64_t most) { return static_cast<std::int64_t>(1 + random_.below(most)); }
    Case random_case() {
        Case c{};
        c.kernel = 1 + 2 * size(3), c.stride = size(2), c.group = 1;
        c.pad_top = size(10) - 1, c.pad_bottom = size(10) - 1;
        c.pad_left = size(static_cast<std::uint64_t>(c.kernel)) - 1;
        c.pad_right = size(static_cast<std::uint64_t>(c.kernel)) - 1;
        c.n = size(3), c.h = c.kernel + size(40) - 1, c.w = c.kernel + size(20) - 1;
        c.narrow = size(24), c.wide = 1 + size(70), c.result = size(40);
        c.residual = random_.below(2) == 0;
        c.in_place = c.residual && random_.below(2) == 0;
        c.expand = random_.below(3) > 0;
        c.project = !c.expand || random_.below(2) == 0;
        return c;
    }
    Random random_{2017};
};

TEST_P(SeparableTest, GivesTheBitsOfItsConvolutions) {
    for (int i = 0; i < 60; ++i) check(random_case(), GetParam()->isa, random_);
}

TEST_P(SeparableTest, TakesNarrowGroups) {
    for (int i = 0; i < 20; ++i) {
        Case c = random_case();
        c.group = 8, c.kernel = 3, c.wide = 8 * (1 + size(6));
        c.pad_left = c.pad_right = 1, c.h += 3, c.w += 3;
        if (!has_grouped_tiles(
                {.c_in = c.wide, .c_out = c.wide, .kernel_h = 3, .kernel_w = 3, .groups = c.wide / 8},
                GetParam()->isa))
            continue;
        check(c, GetParam()->isa, random_);
    }
}

TEST_P(SeparableTest, SumsOfSeveralPasses) {
    check({.n = 1,
           .h = 5,
           .w = 6,
           .narrow = 1300,
           .wide = 1290,
           .result = 9,
           .group = 1,
           .kernel = 3,
           .stride = 1,
           .pad_top = 1,
           .pad_left = 1,
           .pad_bottom = 1,
           .pad_right = 1,
           .expand = true,
           .project = true,
           .residual = true,
           .in_place = true},
          GetParam()->isa, random_);
}

INSTANTIATE_TEST_SUITE_P(Tables, SeparableTest, testing::ValuesIn(tile_tables().begin(), tile_tables().end()),
                         [](const auto& row) { return std::string(row.param->name); });

}  // namespace
}  // namespace espalier::kernels
