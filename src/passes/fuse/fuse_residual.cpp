#include "passes/fuse/fuse.h"
#include "passes/match.h"

namespace espalier::passes {

using namespace graph;

namespace {

/// Position of the bias among the inputs of an op that takes a residual after it; 0 for other ops. The op
/// must not have an activation yet, since the residual is added before it.
std::size_t bias_position(const Op& op) {
    if (const auto* conv = std::get_if<Conv2d>(&op)) return conv->activation.present ? 0 : 2;
    if (const auto* linear = std::get_if<Linear>(&op)) return linear->activation.present ? 0 : 2;
    if (const auto* conv = std::get_if<QuantizedConv2d>(&op)) return conv->activation.present ? 0 : 3;
    if (const auto* linear = std::get_if<QuantizedLinear>(&op)) return linear->activation.present ? 0 : 3;
    if (const auto* conv = std::get_if<IntegerConv2d>(&op)) return conv->activation.present ? 0 : 3;
    if (const auto* linear = std::get_if<IntegerLinear>(&op)) return linear->activation.present ? 0 : 3;
    return 0;
}

bool takes_residual(const Graph& graph, const std::vector<int>& uses, NodeId id) {
    const std::size_t bias = bias_position(graph[id].op);
    return bias != 0 && uses[static_cast<std::size_t>(id)] == 1 &&
           input_of(graph, id, bias + 1) == NodeId::kNone;
}

}  // namespace

Graph fuse_residual(const Graph& graph, Change& change) {
    Rewriter rewriter(graph);
    const auto uses = graph.use_counts();
    for (int i = 0; i < graph.size(); ++i) {
        const auto id = static_cast<NodeId>(i);
        const auto* binary = graph.as<Binary>(id);
        const bool is_sum = binary && binary->kind == BinaryKind::kAdd &&
                            graph.type(graph[id].inputs[0]) == graph.type(graph[id].inputs[1]) &&
                            graph[id].inputs[0] != graph[id].inputs[1];
        // The operand computed last is the branch; the other is the shortcut it returns to.
        std::size_t branch = is_sum && graph[id].inputs[1] > graph[id].inputs[0] ? 1 : 0;
        if (is_sum && !takes_residual(graph, uses, graph[id].inputs[branch])) branch = 1 - branch;
        if (!is_sum || !takes_residual(graph, uses, graph[id].inputs[branch])) {
            rewriter.keep(id);
            continue;
        }
        const NodeId producer = graph[id].inputs[branch];
        const Node& node = graph[producer];
        std::vector<NodeId> inputs;
        for (const NodeId input : node.inputs) inputs.push_back(rewriter[input]);
        inputs.resize(bias_position(node.op) + 1, NodeId::kNone);
        inputs.push_back(rewriter[graph[id].inputs[1 - branch]]);
        rewriter.replace(id, rewriter.out().add(node.op, std::move(inputs), node.name));
        ++change.count;
    }
    return rewriter.finish();
}

}  // namespace espalier::passes
