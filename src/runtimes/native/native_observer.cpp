#include "runtimes/native/native_observer.h"

#include <algorithm>

#include "engine/probe.h"

namespace espalier::runtimes {
namespace {

/// Elements of the input of one execution: enough of small images to keep every thread busy, few of large ones,
/// whose activations take many times the input's memory.
constexpr std::int64_t kBatchElements = std::int64_t{1} << 20;
constexpr std::int64_t kMostImages = 32;

}  // namespace

void NativeObserver::observe(const graph::Graph& graph, std::span<const graph::NodeId> nodes, const See& see) {
    engine::SessionOptions options;
    options.threads = threads_;
    engine::Probe probe(graph, nodes, options);
    const Shape& input = graph.type(graph.input()).shape;
    const std::int64_t batch = std::clamp<std::int64_t>(kBatchElements / input.product(1, 4), 1, kMostImages);
    for (std::int64_t first = 0; first < images_.size(); first += batch) {
        probe.run(images_.batch(first, std::min(batch, images_.size() - first)), see);
    }
}

}  // namespace espalier::runtimes
