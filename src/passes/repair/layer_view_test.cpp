#include "passes/repair/layer_view.h"

#include <gtest/gtest.h>

#include <numeric>

#include "base/random.h"
#include "kernels/conv/conv2d_reference.h"

namespace espalier::passes {
namespace {

using namespace graph;

std::vector<float> noise(std::int64_t count, std::uint64_t seed) {
    Random random(seed);
    std::vector<float> values(static_cast<std::size_t>(count));
    for (float& value : values) value = static_cast<float>(random.normal());
    return values;
}

/// [n][h][w][c] -> [n][c][h][w]
std::vector<float> channels_first(const std::vector<float>& x, std::int64_t n, std::int64_t pixels,
                                  std::int64_t c) {
    std::vector<float> result;
    for (std::int64_t i = 0; i < n; ++i) {
        for (std::int64_t channel = 0; channel < c; ++channel) {
            for (std::int64_t p = 0; p < pixels; ++p) {
                result.push_back(x[static_cast<std::size_t>((i * pixels + p) * c + channel)]);
            }
        }
    }
    return result;
}

std::vector<std::int64_t> range(std::int64_t first, std::int64_t count) {
    std::vector<std::int64_t> numbers(static_cast<std::size_t>(count));
    std::iota(numbers.begin(), numbers.end(), first);
    return numbers;
}

/// The product of the weights with what the view reads is what the convolution computes.
void expect_convolution(std::int64_t c_in, std::int64_t c_out, Conv2d op) {
    constexpr std::int64_t kImages = 2, kHeight = 7, kWidth = 6;
    const kernels::Conv2dShape shape{.c_in = c_in,
                                     .c_out = c_out,
                                     .kernel_h = 3,
                                     .kernel_w = 2,
                                     .stride_h = op.stride[0],
                                     .stride_w = op.stride[1],
                                     .pad_top = op.pad[0],
                                     .pad_left = op.pad[1],
                                     .pad_bottom = op.pad[2],
                                     .pad_right = op.pad[3],
                                     .dilation_h = op.dilation[0],
                                     .dilation_w = op.dilation[1],
                                     .groups = op.groups};
    const auto weights = noise(shape.weights(), 1);
    const auto x = noise(kImages * kHeight * kWidth * c_in, 2);
    const std::int64_t pixels = shape.output_h(kHeight) * shape.output_w(kWidth);
    std::vector<float> y(static_cast<std::size_t>(kImages * pixels * c_out));
    kernels::conv2d_f32_reference(shape, weights.data(), kImages, kHeight, kWidth, x.data(), y.data(), {});

    const bool last = op.layout == Layout::kNhwc;
    Graph graph;
    const NodeId in = graph.add_input(
        "x", {DType::kF32, last ? Shape{1, kHeight, kWidth, c_in} : Shape{1, c_in, kHeight, kWidth}});
    const NodeId w = graph.add_constant("w", Tensor::of<float>({c_out, c_in / op.groups, 3, 2}, weights));
    const LayerView view(graph, graph.add(op, {in, w}, "conv"));
    ASSERT_EQ(view.groups(), op.groups);
    ASSERT_EQ(view.positions(), pixels);
    ASSERT_EQ(view.input_elements(), c_in * kHeight * kWidth);
    std::vector<Sample> samples;
    for (std::int64_t image = 0; image < kImages; ++image) {
        for (std::int64_t p = 0; p < pixels; ++p) samples.push_back(view.sample(image, p));
    }
    const auto inputs = last ? x : channels_first(x, kImages, kHeight * kWidth, c_in);
    const auto outputs = last ? y : channels_first(y, kImages, pixels, c_out);
    ThreadPool pool(2);
    const auto count = static_cast<std::int64_t>(samples.size());
    std::vector<float> read(static_cast<std::size_t>(view.k() * count)),
        expected(static_cast<std::size_t>(view.n() * count));
    for (std::int64_t g = 0; g < view.groups(); ++g) {
        const std::int64_t group_in = c_in / op.groups;
        view.read_inputs(inputs, samples, range(g * group_in, group_in), read.data(), pool);
        view.read_outputs(outputs, samples, range(g * view.n(), view.n()), expected.data(), pool);
        for (std::int64_t o = 0; o < view.n(); ++o) {
            for (std::int64_t s = 0; s < count; ++s) {
                double sum = 0;
                for (std::int64_t j = 0; j < view.k(); ++j) {
                    sum += static_cast<double>(
                               weights[static_cast<std::size_t>((g * view.n() + o) * view.k() + j)]) *
                           read[static_cast<std::size_t>(j * count + s)];
                }
                EXPECT_NEAR(sum, expected[static_cast<std::size_t>(o * count + s)], 1e-4);
            }
        }
    }
}

TEST(LayerView, ReadsConvolutions) {
    for (const Layout layout : {Layout::kNchw, Layout::kNhwc}) {
        expect_convolution(4, 6, {.pad = {1, 0, 1, 1}, .layout = layout});
        expect_convolution(3, 2,
                           {.stride = {2, 3}, .pad = {0, 1, 2, 0}, .dilation = {2, 1}, .layout = layout});
        expect_convolution(6, 6, {.pad = {1, 1, 1, 1}, .groups = 6, .layout = layout});
        expect_convolution(6, 4, {.stride = {1, 2}, .groups = 2, .layout = layout});
    }
}

TEST(LayerView, ReadsLinearLayersRowByRow) {
    Graph graph;
    const NodeId in = graph.add_input("x", {DType::kF32, {1, 2, 3, 4}});
    const NodeId w = graph.add_constant("w", Tensor::of<float>({5, 4}, noise(20, 1)));
    const LayerView view(graph, graph.add(Linear{}, {in, w}, "linear"));
    EXPECT_EQ(view.positions(), 6);
    EXPECT_EQ(view.k(), 4);
    EXPECT_EQ(view.n(), 5);
    const auto x = noise(48, 2);
    const std::vector<Sample> samples{view.sample(1, 5), view.sample(0, 2)};
    ThreadPool pool(1);
    const std::vector<std::int64_t> channels{3, 1};
    std::vector<float> read(4);
    view.read_inputs(x, samples, channels, read.data(), pool);
    EXPECT_EQ(read, (std::vector<float>{x[24 + 5 * 4 + 3], x[2 * 4 + 3], x[24 + 5 * 4 + 1], x[2 * 4 + 1]}));
}

TEST(LayerView, ReadsNormalizationsChannelByChannel) {
    for (const Layout layout : {Layout::kNchw, Layout::kNhwc}) {
        const bool last = layout == Layout::kNhwc;
        Graph graph;
        const NodeId in = graph.add_input("x", {DType::kF32, last ? Shape{1, 2, 2, 3} : Shape{1, 3, 2, 2}});
        const NodeId c = graph.add_constant("c", Tensor::of<float>({3}, noise(3, 1)));
        const LayerView view(graph, graph.add(BatchNorm{.layout = layout}, {in, c, c, c, c}, "norm"));
        EXPECT_EQ(view.groups(), 3);
        EXPECT_EQ(view.k(), 1);
        EXPECT_EQ(view.positions(), 4);
        const auto x = noise(24, 2);
        const std::vector<Sample> samples{view.sample(1, 2)};
        const std::vector<std::int64_t> channels{2};
        ThreadPool pool(1);
        float in_value = 0, out_value = 0;
        view.read_inputs(x, samples, channels, &in_value, pool);
        view.read_outputs(x, samples, channels, &out_value, pool);
        EXPECT_EQ(in_value, x[last ? 12 + 2 * 3 + 2 : 12 + 2 * 4 + 2]);
        EXPECT_EQ(out_value, in_value);
    }
}

}  // namespace
}  // namespace espalier::passes
