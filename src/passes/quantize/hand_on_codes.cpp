#include "passes/quantize/hand_on_codes.h"

#include <optional>

#include "passes/match.h"

namespace espalier::passes {

using namespace graph;

namespace {

/// Position of the residual among the inputs of both ops.
constexpr std::size_t kResidual = 4;

/// The map of a quantization or dequantization to u8 with one scale.
std::optional<Codes> map_of(const Graph& graph, NodeId id) {
    const auto scale = scalar_constant(graph, graph[id].inputs[1]);
    const NodeId zero_id = input_of(graph, id, 2);
    const Tensor* zero = zero_id == NodeId::kNone ? nullptr : graph.constant(zero_id);
    if (!scale || !(*scale > 0) || !zero || zero->dtype() != DType::kU8) return std::nullopt;
    return Codes{true, *scale, static_cast<std::int64_t>(zero->span<std::uint8_t>()[0])};
}

class HandOnCodes {
  public:
    HandOnCodes(const Graph& graph, Change& change)
        : graph_(graph), uses_(graph.use_counts()), rewriter_(graph), change_(change) {}

    Graph run() {
        for (int i = 0; i < graph_.size(); ++i) {
            const auto id = static_cast<NodeId>(i);
            if (!take_residual<IntegerConv2d>(id) && !take_residual<IntegerLinear>(id) && !give(id)) {
                rewriter_.keep(id);
            }
        }
        return rewriter_.finish();
    }

  private:
    template <typename Integer>
    bool take_residual(NodeId id) {
        const auto* op = graph_.as<Integer>(id);
        const NodeId residual = op ? input_of(graph_, id, kResidual) : NodeId::kNone;
        if (residual == NodeId::kNone || !graph_.as<DequantizeLinear>(residual)) return false;
        const auto map = map_of(graph_, residual);
        if (!map) return false;
        Integer coded = *op;
        coded.residual_codes = *map;
        std::vector<NodeId> inputs;
        for (const NodeId input : graph_[id].inputs) inputs.push_back(rewriter_[input]);
        inputs[kResidual] = rewriter_[graph_[residual].inputs[0]];
        rewriter_.replace(id, rewriter_.out().add(coded, std::move(inputs), graph_[id].name));
        ++change_.count;
        return true;
    }

    /// Rewrites a quantization to its producer, made to give codes.
    bool give(NodeId id) {
        if (!graph_.as<QuantizeLinear>(id)) return false;
        const NodeId producer = graph_[id].inputs[0];
        const auto map = map_of(graph_, id);
        if (!map || !is_used_once(producer)) return false;
        // Codes are in the order of values, so that the largest value has the largest code.
        const auto* pool = graph_.as<Pool2d>(producer);
        if (pool && pool->kind == PoolKind::kMax) {
            const NodeId before = graph_[producer].inputs[0];
            const NodeId coded = is_used_once(before) ? coded_layer(before, *map) : NodeId::kNone;
            if (coded == NodeId::kNone) return false;
            rewriter_.replace(id, rewriter_.out().add(*pool, {coded}, graph_[producer].name));
        } else {
            const NodeId coded = coded_layer(producer, *map);
            if (coded == NodeId::kNone) return false;
            rewriter_.replace(id, coded);
        }
        ++change_.count;
        return true;
    }

    bool is_used_once(NodeId id) const { return uses_[static_cast<std::size_t>(id)] == 1; }

    /// The layer again, with codes for a result; kNone where it is none in integers.
    NodeId coded_layer(NodeId layer, const Codes& map) {
        const NodeId conv = coded_layer<IntegerConv2d>(layer, map);
        return conv != NodeId::kNone ? conv : coded_layer<IntegerLinear>(layer, map);
    }

    template <typename Integer>
    NodeId coded_layer(NodeId layer, const Codes& map) {
        if (!graph_.as<Integer>(layer)) return NodeId::kNone;
        // As rewritten: its residual may be codes by now.
        const Node& made = rewriter_.out()[rewriter_[layer]];
        Integer coded = std::get<Integer>(made.op);
        coded.output_codes = map;
        const std::vector<NodeId> inputs = made.inputs;
        const std::string name = made.name;
        return rewriter_.out().add(coded, inputs, name);
    }

    const Graph& graph_;
    std::vector<int> uses_;
    Rewriter rewriter_;
    Change& change_;
};

}  // namespace

Graph hand_on_codes(const Graph& graph, Change& change) { return HandOnCodes(graph, change).run(); }

}  // namespace espalier::passes
