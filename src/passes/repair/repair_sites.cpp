#include "passes/repair/repair_sites.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>

#include "base/error.h"
#include "passes/match.h"

namespace espalier::passes {

using namespace graph;

namespace {

/// Level of a value that does not depend on the input.
constexpr int kConstant = -1;

/// The operations that reach the output, in execution order.
std::vector<NodeId> live_operations(const Graph& graph) {
    std::vector<bool> live(static_cast<std::size_t>(graph.size()));
    live[static_cast<std::size_t>(graph.output())] = true;
    std::vector<NodeId> operations;
    for (int i = graph.size(); i-- > 0;) {
        const auto id = static_cast<NodeId>(i);
        if (!live[static_cast<std::size_t>(i)] || graph.constant(id) || id == graph.input()) continue;
        operations.push_back(id);
        for (const NodeId input : graph[id].inputs) {
            if (input != NodeId::kNone) live[static_cast<std::size_t>(input)] = true;
        }
    }
    std::reverse(operations.begin(), operations.end());
    return operations;
}

/// Node of the pruned graph -> node of the whole one.
std::map<NodeId, NodeId> correspondence(const Pruning& pruning) {
    const auto before = live_operations(pruning.whole), after = live_operations(pruning.pruned);
    std::map<NodeId, NodeId> whole;
    for (std::size_t i = 0; i < after.size(); ++i) {
        const bool alike = before.size() == after.size() &&
                           name(pruning.whole[before[i]].op) == name(pruning.pruned[after[i]].op);
        if (!alike) fail("the pruned graph has other operations than the one before");
        whole[after[i]] = before[i];
    }
    return whole;
}

class Finder {
  public:
    explicit Finder(const Pruning& pruning)
        : pruning_(pruning),
          graph_(pruning.pruned),
          whole_(correspondence(pruning)),
          uses_(graph_.use_counts()) {
        for (const KeptSlices& one : pruning.kept) kept_[{one.node, one.input, one.axis}] = &one.slices;
    }

    std::vector<RepairSite> find() {
        std::vector<int> levels(static_cast<std::size_t>(graph_.size()), kConstant);
        std::vector<RepairSite> sites;
        for (int i = 0; i < graph_.size(); ++i) {
            const auto id = static_cast<NodeId>(i);
            int& level = levels[static_cast<std::size_t>(i)];
            if (id == graph_.input()) level = 0;
            for (const NodeId input : graph_[id].inputs) {
                if (input != NodeId::kNone) level = std::max(level, levels[static_cast<std::size_t>(input)]);
            }
            if (level == kConstant) continue;
            if (is_layer(id)) {
                sites.push_back(layer_site(id, level++));
            } else if (is_norm(id)) {
                const auto made = std::find_if(sites.begin(), sites.end(),
                                               [&](const RepairSite& site) { return joins(site, id); });
                if (made != sites.end()) {
                    made->norm = id;
                } else {
                    sites.push_back(norm_site(id, level++));
                }
            }
        }
        return sites;
    }

  private:
    bool is_layer(NodeId id) const {
        const bool product = graph_.as<Conv2d>(id) || graph_.as<Linear>(id);
        return product && graph_.constant(graph_[id].inputs[1]);
    }

    bool is_norm(NodeId id) const {
        const auto& inputs = graph_[id].inputs;
        return graph_.as<BatchNorm>(id) && graph_.constant(inputs[3]) && graph_.constant(inputs[4]);
    }

    /// Whether the normalization alone works on the very sums of a site's layer.
    bool joins(const RepairSite& site, NodeId norm) const {
        const NodeId layer = site.layer;
        if (layer == NodeId::kNone || graph_[norm].inputs[0] != layer) return false;
        const auto* conv = graph_.as<Conv2d>(layer);
        const bool plain = conv ? !conv->activation.present : !graph_.as<Linear>(layer)->activation.present;
        const NodeId bias = input_of(graph_, layer, 2);
        return plain && uses_[static_cast<std::size_t>(layer)] == 1 &&
               (bias == NodeId::kNone || graph_.constant(bias)) &&
               input_of(graph_, layer, 3) == NodeId::kNone;
    }

    std::vector<std::int64_t> kept(NodeId node, std::size_t input, int axis, std::int64_t channels) const {
        const auto found = kept_.find({node, input, axis});
        if (found != kept_.end()) return *found->second;
        std::vector<std::int64_t> all(static_cast<std::size_t>(channels));
        std::iota(all.begin(), all.end(), 0);
        return all;
    }

    RepairSite layer_site(NodeId id, int level) const {
        RepairSite site{.layer = id, .whole = whole_.at(id), .level = level};
        const Shape& weights = graph_.type(graph_[id].inputs[1]).shape;
        const auto* conv = graph_.as<Conv2d>(id);
        const std::int64_t groups = conv ? conv->groups : 1;
        site.outputs = kept(site.whole, 1, 0, weights[0]);
        // The channels of a depthwise filter are those that it makes.
        site.inputs =
            groups > 1 && weights[1] == 1 ? site.outputs : kept(site.whole, 1, 1, groups * weights[1]);
        site.was_pruned = weights_were_pruned(site);
        return site;
    }

    RepairSite norm_site(NodeId id, int level) const {
        RepairSite site{.norm = id, .whole = whole_.at(id), .level = level};
        site.outputs = kept(site.whole, 1, 0, graph_.type(graph_[id].inputs[1]).shape[0]);
        return site;
    }

    bool weights_were_pruned(const RepairSite& site) const {
        const Tensor whole = weights_of(pruning_.whole, site.whole);
        const Tensor pruned = weights_of(graph_, site.layer);
        const std::int64_t k = pruned.elements() / pruned.shape()[0];
        if (whole.elements() / whole.shape()[0] != k) return true;
        const auto zeros = [k](const Tensor& tensor, std::int64_t row) {
            const float* first = tensor.span<float>().data() + row * k;
            return std::count(first, first + k, 0.0f);
        };
        for (std::size_t row = 0; row < site.outputs.size(); ++row) {
            if (zeros(pruned, static_cast<std::int64_t>(row)) != zeros(whole, site.outputs[row])) return true;
        }
        return false;
    }

    static Tensor weights_of(const Graph& graph, NodeId layer) {
        return graph.constant(graph[layer].inputs[1])->to_f32().to_aligned();
    }

    const Pruning& pruning_;
    const Graph& graph_;
    std::map<NodeId, NodeId> whole_;
    std::vector<int> uses_;
    std::map<std::tuple<NodeId, std::size_t, int>, const std::vector<std::int64_t>*> kept_;
};

}  // namespace

std::vector<RepairSite> repair_sites(const Pruning& pruning) { return Finder(pruning).find(); }

}  // namespace espalier::passes
