#include "passes/repair/layer_view.h"

namespace espalier::passes {

using namespace graph;

LayerView::Image LayerView::image_of(const Shape& shape, Layout layout) {
    if (layout == Layout::kNhwc) {
        return {shape[3], shape[1], shape[2], 1, shape[2] * shape[3], shape[3]};
    }
    return {shape[1], shape[2], shape[3], shape[2] * shape[3], shape[3], 1};
}

LayerView::LayerView(const Graph& graph, NodeId layer) {
    const Node& node = graph[layer];
    const Shape& x = graph.type(node.inputs[0]).shape;
    const Shape& w = graph.type(node.inputs[1]).shape;
    if (const auto* norm = graph.as<BatchNorm>(layer)) {
        groups_ = w[0];
        const std::int64_t pixels = x.elements() / x[0] / w[0];
        const bool last = norm->layout == Layout::kNhwc;
        inputs_ = {w[0], pixels, 1, last ? 1 : pixels, last ? w[0] : 1, 1};
        outputs_ = inputs_;
        return;
    }
    if (const auto* conv = graph.as<Conv2d>(layer)) {
        conv_ = *conv;
        groups_ = conv->groups;
        kernel_[0] = w[2];
        kernel_[1] = w[3];
        inputs_ = image_of(x, conv->layout);
        outputs_ = image_of(node.type.shape, conv->layout);
        return;
    }
    const std::int64_t rows = x.elements() / x.back() / graph.type(graph.input()).shape[0];
    inputs_ = {w[1], rows, 1, 1, w[1], w[1]};
    outputs_ = {w[0], rows, 1, 1, w[0], w[0]};
}

void LayerView::read_inputs(std::span<const float> values, std::span<const Sample> samples,
                            std::span<const std::int64_t> channels, float* to, ThreadPool& pool) const {
    const std::int64_t rows = std::ssize(channels) * taps();
    pool.parallel_for(rows, 8, [&](std::int64_t begin, std::int64_t end, int) {
        for (std::int64_t row = begin; row < end; ++row) {
            const std::int64_t tap = row % taps();
            const std::int64_t dy = tap / kernel_[1] * conv_.dilation[0] - conv_.pad[0];
            const std::int64_t dx = tap % kernel_[1] * conv_.dilation[1] - conv_.pad[1];
            const std::int64_t channel =
                channels[static_cast<std::size_t>(row / taps())] * inputs_.channel_stride;
            float* out = to + row * std::ssize(samples);
            for (const Sample& sample : samples) {
                const std::int64_t y = sample.y * conv_.stride[0] + dy, x = sample.x * conv_.stride[1] + dx;
                const bool inside = y >= 0 && y < inputs_.height && x >= 0 && x < inputs_.width;
                const std::int64_t at =
                    sample.image * inputs_.elements() + channel + y * inputs_.y_stride + x * inputs_.x_stride;
                *out++ = inside ? values[static_cast<std::size_t>(at)] : 0.0f;
            }
        }
    });
}

void LayerView::read_outputs(std::span<const float> values, std::span<const Sample> samples,
                             std::span<const std::int64_t> channels, float* to, ThreadPool& pool) const {
    pool.parallel_for(std::ssize(channels), 8, [&](std::int64_t begin, std::int64_t end, int) {
        for (std::int64_t i = begin; i < end; ++i) {
            const std::int64_t channel = channels[static_cast<std::size_t>(i)] * outputs_.channel_stride;
            float* out = to + i * std::ssize(samples);
            for (const Sample& sample : samples) {
                const std::int64_t at = sample.image * outputs_.elements() + channel +
                                        sample.y * outputs_.y_stride + sample.x * outputs_.x_stride;
                *out++ = values[static_cast<std::size_t>(at)];
            }
        }
    });
}

}  // namespace espalier::passes
