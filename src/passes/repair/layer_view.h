#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "graph/graph.h"

namespace espalier::passes {

/// One sample of a layer: where it computes its outputs once. A linear layer counts its rows as y.
struct Sample {
    std::int64_t image;
    std::int64_t y;
    std::int64_t x;
};

/// A convolution or linear layer as the product that it is: outputs[n] = weights[n][k] * inputs[k] for each
/// of its groups and samples, k = channels of a group * taps, in the order of its weights.
class LayerView {
  public:
    /// `layer` is a Conv2d or a Linear, which counts as a convolution of one tap, or a BatchNorm, which
    /// counts as a depthwise one that gives back what it reads.
    LayerView(const graph::Graph& graph, graph::NodeId layer);

    std::int64_t groups() const { return groups_; }
    std::int64_t n() const { return outputs_.channels / groups_; }               ///< outputs of a group
    std::int64_t k() const { return inputs_.channels / groups_ * taps(); }       ///< depth of a group
    std::int64_t positions() const { return outputs_.height * outputs_.width; }  ///< samples of an image
    std::int64_t input_elements() const { return inputs_.elements(); }           ///< of an image
    std::int64_t output_elements() const { return outputs_.elements(); }

    /// Sample number `position` of an image.
    Sample sample(std::int64_t image, std::int64_t position) const {
        return {image, position / outputs_.width, position % outputs_.width};
    }

    /// to[i * taps + tap][s] = input channel channels[i], at that tap of samples[s], of the images in
    /// `values`, which lie row by row; 0 beyond their edges.
    void read_inputs(std::span<const float> values, std::span<const Sample> samples,
                     std::span<const std::int64_t> channels, float* to, ThreadPool& pool) const;

    /// to[i][s] = output channel channels[i] at samples[s].
    void read_outputs(std::span<const float> values, std::span<const Sample> samples,
                      std::span<const std::int64_t> channels, float* to, ThreadPool& pool) const;

  private:
    /// Images of `channels` in rows, and how far apart neighbours lie.
    struct Image {
        std::int64_t channels;
        std::int64_t height;
        std::int64_t width;
        std::int64_t channel_stride;
        std::int64_t y_stride;
        std::int64_t x_stride;
        std::int64_t elements() const { return channels * height * width; }
    };
    static Image image_of(const Shape& shape, graph::Layout layout);
    std::int64_t taps() const { return kernel_[0] * kernel_[1]; }

    Image inputs_;
    Image outputs_;
    graph::Conv2d conv_;  ///< a linear layer has the default one
    std::int64_t groups_ = 1;
    std::int64_t kernel_[2] = {1, 1};
};

}  // namespace espalier::passes
