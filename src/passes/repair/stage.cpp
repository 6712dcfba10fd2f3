#include "passes/repair/stage.h"

#include <algorithm>
#include <numeric>

#include "base/random.h"
#include "passes/repair/layer_view.h"

namespace espalier::passes {

using namespace graph;

namespace {

constexpr std::int64_t kSamples = 65536;

/// Samples multiplied at a time: enough for the products to be fast, few enough for memory not to matter.
constexpr std::int64_t kSamplesAtOnce = 2048;

/// The whole and the pruned network on the same input, with the values to look at.
class StageGraph {
  public:
    StageGraph(const Pruning& pruning, const Patches& now) {
        const Graph& whole = pruning.whole;
        const NodeId input = graph_.add_input(whole[whole.input()].name, whole.type(whole.input()));
        const Patches none(whole);
        whole_ = copy_all(none, input);
        pruned_ = copy_all(now, input);
    }

    NodeId whole(NodeId node) const { return whole_[static_cast<std::size_t>(node)]; }
    NodeId pruned(NodeId node) const { return pruned_[static_cast<std::size_t>(node)]; }
    Graph& graph() { return graph_; }

    /// Looks at a value, row by row, under the next number.
    void watch(NodeId value) {
        const TensorType& type = graph_.type(value);
        const std::int64_t elements = type.shape.elements() / graph_.type(graph_.input()).shape[0];
        watched_.push_back(graph_.add(Reshape{{-1, elements}}, {value}, "watched"));
        means_.push_back(graph_.add(Reduce{ReduceKind::kMean, {1}, true}, {watched_.back()}, "mean"));
    }

    void observe(Observer& images, const Observer::See& see) {
        graph_.set_output(graph_.add(Concat{1}, means_, "means"));
        images.observe(graph_, watched_, see);
    }

  private:
    std::vector<NodeId> copy_all(const Patches& patches, NodeId input) {
        const Graph& from = patches.graph();
        std::vector<NodeId> map(static_cast<std::size_t>(from.size()), NodeId::kNone);
        for (int i = 0; i < from.size(); ++i) {
            const auto id = static_cast<NodeId>(i);
            map[static_cast<std::size_t>(i)] =
                id == from.input() ? input : patches.copy(id, graph_, [&](NodeId old) {
                    return old == NodeId::kNone ? old : map[static_cast<std::size_t>(old)];
                });
        }
        return map;
    }

    Graph graph_;
    std::vector<NodeId> whole_;
    std::vector<NodeId> pruned_;
    std::vector<NodeId> watched_;
    std::vector<NodeId> means_;
};

std::vector<std::int64_t> numbers(std::int64_t count) {
    std::vector<std::int64_t> all(static_cast<std::size_t>(count));
    std::iota(all.begin(), all.end(), 0);
    return all;
}

/// Adds up the moments of one site.
class SiteSums {
  public:
    /// `from_whole`: what it reads is taken from the whole graph.
    SiteSums(const Pruning& pruning, const RepairSite& site, bool from_whole, std::int64_t images)
        : view_(pruning.pruned, site.node()),
          source_(from_whole ? LayerView(pruning.whole, site.whole) : view_),
          target_(pruning.whole, site.whole),
          outputs_(site.outputs),
          samples_(std::min(view_.positions(), (kSamples + images - 1) / std::max<std::int64_t>(images, 1))) {
        const std::vector<std::int64_t>& left = site.layer == NodeId::kNone ? site.outputs : site.inputs;
        inputs_ = from_whole ? left : numbers(std::ssize(left));
        for (std::int64_t g = 0; g < view_.groups(); ++g) sums_.emplace_back(view_.n(), view_.k());
    }

    /// Takes inputs (index 0) or outputs (1) of a batch, which are used once both are there.
    void take(std::size_t index, std::span<const float> values, ThreadPool& pool) {
        pending_[index].assign(values.begin(), values.end());
        if (pending_[0].empty() || pending_[1].empty()) return;
        add_batch(pool);
        for (auto& values_of_one : pending_) values_of_one.clear();
    }

    std::vector<Moments> moments() {
        std::vector<Moments> result;
        for (MomentSums& sums : sums_) result.push_back(std::move(sums).moments());
        return result;
    }

  private:
    void add_batch(ThreadPool& pool) {
        const std::int64_t images = std::ssize(pending_[0]) / source_.input_elements();
        std::vector<Sample> samples;
        for (std::int64_t image = 0; image < images; ++image, ++seen_) {
            Random random(static_cast<std::uint64_t>(seen_));
            for (std::int64_t i = 0; i < samples_; ++i) {
                const bool all = samples_ == view_.positions();
                const auto position = all ? i
                                          : static_cast<std::int64_t>(
                                                random.below(static_cast<std::uint64_t>(view_.positions())));
                samples.push_back(view_.sample(image, position));
            }
        }
        const std::span<const Sample> every = samples;
        for (std::int64_t first = 0; first < std::ssize(samples); first += kSamplesAtOnce) {
            const std::int64_t count = std::min(kSamplesAtOnce, std::ssize(samples) - first);
            add(every.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count)), pool);
        }
    }

    void add(std::span<const Sample> samples, ThreadPool& pool) {
        const std::int64_t count = std::ssize(samples);
        x_.resize(static_cast<std::size_t>(view_.groups() * view_.k() * count));
        y_.resize(outputs_.size() * samples.size());
        source_.read_inputs(pending_[0], samples, inputs_, x_.data(), pool);
        target_.read_outputs(pending_[1], samples, outputs_, y_.data(), pool);
        const auto add_group = [&](std::int64_t g, ThreadPool& own) {
            sums_[static_cast<std::size_t>(g)].add(count, x_.data() + g * view_.k() * count,
                                                   y_.data() + g * view_.n() * count, own);
        };
        if (view_.groups() == 1) return add_group(0, pool);
        // Groups are too small to be shared among threads: each goes to one.
        ThreadPool alone(1);
        pool.parallel_for(view_.groups(), 1, [&](std::int64_t begin, std::int64_t end, int) {
            for (std::int64_t g = begin; g < end; ++g) add_group(g, alone);
        });
    }

    LayerView view_;
    LayerView source_;
    LayerView target_;
    std::vector<std::int64_t> inputs_;
    std::vector<std::int64_t> outputs_;
    std::int64_t samples_;  ///< of each image
    std::int64_t seen_ = 0;
    std::vector<MomentSums> sums_;
    std::vector<float> pending_[2];
    std::vector<float> x_, y_;
};

/// The node whose value the site should give: a layer's sums, without bias, residual and activation.
NodeId target_of(const Pruning& pruning, const RepairSite& site, StageGraph& stage) {
    const Node& node = pruning.whole[site.whole];
    const NodeId x = stage.whole(node.inputs[0]);
    if (site.layer == NodeId::kNone) return x;
    const NodeId w = stage.whole(node.inputs[1]);
    if (const auto* conv = std::get_if<Conv2d>(&node.op)) {
        Conv2d plain = *conv;
        plain.activation = {};
        return stage.graph().add(plain, {x, w}, node.name + ".sums");
    }
    return stage.graph().add(Linear{}, {x, w}, node.name + ".sums");
}

}  // namespace

std::vector<std::vector<Moments>> observe_sites(const Pruning& pruning, const Patches& now,
                                                std::span<const RepairSite> sites, int level,
                                                Observer& images, ThreadPool& pool) {
    StageGraph stage(pruning, now);
    std::vector<SiteSums> sums;
    for (const RepairSite& site : sites) {
        const bool from_whole = site.level > level;
        sums.emplace_back(pruning, site, from_whole, images.images());
        stage.watch(from_whole ? stage.whole(pruning.whole[site.whole].inputs[0])
                               : stage.pruned(pruning.pruned[site.node()].inputs[0]));
        stage.watch(target_of(pruning, site, stage));
    }
    stage.observe(images, [&](std::size_t index, std::span<const float> values) {
        sums[index / 2].take(index % 2, values, pool);
    });
    std::vector<std::vector<Moments>> moments;
    for (SiteSums& site : sums) moments.push_back(site.moments());
    return moments;
}

}  // namespace espalier::passes
