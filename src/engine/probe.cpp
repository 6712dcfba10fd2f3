#include "engine/probe.h"

#include <charconv>
#include <limits>

#include "base/error.h"

namespace espalier::engine {
namespace {

using namespace graph;

/// What no name in the graph begins with.
std::string unused_prefix(const Graph& graph) {
    std::string prefix = "probe/";
    for (const Node& node : graph.nodes()) {
        while (node.name.starts_with(prefix)) prefix += '/';
    }
    return prefix;
}

/// The graph with a copy of each of the nodes between it and what reads it, named by prefix and index.
Graph with_copies(const Graph& graph, std::span<const NodeId> nodes, const std::string& prefix) {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    Rewriter rewriter(graph);
    for (int i = 0; i < graph.size(); ++i) {
        const auto id = static_cast<NodeId>(i);
        NodeId now = rewriter.keep(id);
        for (std::size_t k = 0; k < nodes.size(); ++k) {
            if (nodes[k] != id) continue;
            if (graph.type(id).dtype != DType::kF32) {
                fail("node '{}' is {}; only values in f32 can be observed", graph[id].name,
                     graph.type(id).str());
            }
            now = rewriter.out().add(Unary{UnaryKind::kClip, -kInfinity, kInfinity}, {now},
                                     fmt::format("{}{}", prefix, k));
        }
        rewriter.replace(id, now);
    }
    return rewriter.finish();
}

}  // namespace

Probe::Probe(const Graph& graph, std::span<const NodeId> nodes, const SessionOptions& options)
    : prefix_(unused_prefix(graph)), session_(with_copies(graph, nodes, prefix_), options) {}

void Probe::run(const Tensor& input, const See& see) {
    session_.run(input, [&](const Node& node, const View& value) {
        if (!node.name.starts_with(prefix_)) return;
        std::size_t index = 0;
        const char* end = node.name.data() + node.name.size();
        // A longer name is that of a copy moved to another layout.
        if (std::from_chars(node.name.data() + prefix_.size(), end, index).ptr != end) return;
        see(index, {value.f32(), static_cast<std::size_t>(value.shape().elements())});
    });
}

}  // namespace espalier::engine
