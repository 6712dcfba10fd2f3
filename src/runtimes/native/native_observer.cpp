#include "runtimes/native/native_observer.h"

#include <algorithm>

#include "engine/probe.h"

namespace espalier::runtimes {
namespace {

/// Elements of the input of one execution: enough of small images to keep every thread busy, few of large
/// ones, whose activations take many times the input's memory.
constexpr std::int64_t kBatchElements = std::int64_t{1} << 20;
constexpr std::int64_t kMostImages = 32;

/// Bytes of pixels to keep between runs: 256 images of 224 x 224.
constexpr std::int64_t kKeptBytes = std::int64_t{160} << 20;

}  // namespace

void NativeObserver::observe(const graph::Graph& graph, std::span<const graph::NodeId> nodes,
                             const See& see) {
    engine::SessionOptions options;
    options.threads = threads_;
    engine::Probe probe(graph, nodes, options);
    const Shape& input = graph.type(graph.input()).shape;
    const std::int64_t batch = std::clamp<std::int64_t>(kBatchElements / input.product(1, 4), 1, kMostImages);
    for (std::int64_t first = 0; first < images_.size(); first += batch) {
        probe.run(this->batch(first, std::min(batch, images_.size() - first)), see);
    }
}

Tensor NativeObserver::batch(std::int64_t first, std::int64_t count) {
    const auto known = kept_.find(first);
    if (known != kept_.end() && known->second.shape()[0] == count) return known->second;
    Tensor pixels = images_.batch(first, count);
    const auto bytes = static_cast<std::int64_t>(pixels.size_bytes());
    if (bytes / count * images_.size() <= kKeptBytes) kept_.insert_or_assign(first, pixels);
    return pixels;
}

}  // namespace espalier::runtimes
