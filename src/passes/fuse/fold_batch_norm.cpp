#include "passes/fuse/fuse.h"
#include "passes/fuse/weights.h"
#include "passes/match.h"

namespace espalier::passes {

using namespace graph;

Graph fold_batch_norm(const Graph& graph, Change& change) {
    Rewriter rewriter(graph);
    const auto uses = graph.use_counts();
    for (int i = 0; i < graph.size(); ++i) {
        const auto id = static_cast<NodeId>(i);
        const auto* norm = graph.as<BatchNorm>(id);
        const NodeId producer = norm ? graph[id].inputs[0] : NodeId::kNone;
        // A linear layer's channels are its last axis; a norm of axis 1 means the same thing at rank 2 only.
        const bool channels_agree =
            norm && (!graph.as<Linear>(producer) || graph.type(id).shape.rank() == 2 ||
                     norm->layout == Layout::kNhwc);
        if (!channels_agree || norm->activation.present || !foldable(graph, uses, producer) ||
            !has_constant_statistics(graph, id)) {
            rewriter.keep(id);
            continue;
        }
        const Affine affine = affine_of(graph, id);
        std::vector<double> bias = bias_of(graph, producer);
        for (std::size_t c = 0; c < bias.size(); ++c) bias[c] = affine.a[c] * bias[c] + affine.b[c];
        const Tensor weights = scaled_rows(*graph.constant(graph[producer].inputs[1]), affine.a);
        rewriter.replace(id, add_with_weights(rewriter, producer, weights, bias));
        ++change.count;
    }
    return rewriter.finish();
}

}  // namespace espalier::passes
