#include "passes/recognize/pointwise.h"

namespace espalier::passes {

using namespace graph;

Graph replace_found(const Graph& graph, Change& change, const Finder& find) {
    Rewriter rewriter(graph);
    const auto uses = graph.use_counts();
    for (int i = 0; i < graph.size(); ++i) {
        const auto id = static_cast<NodeId>(i);
        const auto found = find(graph, uses, id);
        if (found && graph.type(found->x) == graph.type(id)) {
            rewriter.replace(id, rewriter.out().add(found->op, {rewriter[found->x]}, graph[id].name));
            ++change.count;
        } else {
            rewriter.keep(id);
        }
    }
    return rewriter.finish();
}

}  // namespace espalier::passes
