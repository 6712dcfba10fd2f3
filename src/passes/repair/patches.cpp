#include "passes/repair/patches.h"

#include <algorithm>

#include "passes/match.h"

namespace espalier::passes {

using namespace graph;

std::optional<Tensor> Patches::operand(NodeId node, std::size_t index) const {
    if (const auto added = biases_.find(node); index == 2 && added != biases_.end()) return added->second;
    const NodeId id = input_of(graph_, node, index);
    const Tensor* value = graph_.constant(id);
    if (!value) return std::nullopt;
    const auto found = constants_.find(id);
    return (found == constants_.end() ? *value : found->second).to_f32().to_aligned();
}

bool Patches::can_replace(NodeId node, std::size_t index) const {
    const NodeId id = input_of(graph_, node, index);
    return graph_.constant(id) && uses_[static_cast<std::size_t>(id)] == 1;
}

void Patches::replace(NodeId node, std::size_t index, const Tensor& values) {
    const NodeId id = graph_[node].inputs.at(index);
    constants_[id] = graph_.type(id).dtype == DType::kBF16 ? values.to_bf16() : values;
}

std::int64_t Patches::added_numbers() const {
    std::int64_t sum = 0;
    for (const auto& [layer, bias] : biases_) sum += bias.elements();
    return sum;
}

NodeId Patches::copy(NodeId id, Graph& to, const std::function<NodeId(NodeId)>& now) const {
    const Node& node = graph_[id];
    if (graph_.constant(id)) {
        const auto found = constants_.find(id);
        return to.add_constant(node.name, found == constants_.end() ? node.value : found->second);
    }
    std::vector<NodeId> inputs;
    for (const NodeId input : node.inputs) inputs.push_back(now(input));
    if (const auto added = biases_.find(id); added != biases_.end()) {
        inputs.resize(std::max<std::size_t>(inputs.size(), 3), NodeId::kNone);
        inputs[2] = to.add_constant(node.name + ".bias", added->second);
    }
    return to.add(node.op, std::move(inputs), node.name);
}

Graph Patches::apply() const {
    Rewriter rewriter(graph_);
    for (int i = 0; i < graph_.size(); ++i) {
        const auto id = static_cast<NodeId>(i);
        if (id == graph_.input()) {
            rewriter.keep(id);
        } else {
            rewriter.replace(id, copy(id, rewriter.out(), [&](NodeId input) { return rewriter[input]; }));
        }
    }
    return rewriter.finish();
}

}  // namespace espalier::passes
