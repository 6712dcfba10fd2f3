#include "engine/fusion.h"
#include "engine/lower/conv2d_operator.h"
#include "kernels/separable/separable.h"

namespace espalier::engine {
namespace {

using graph::NodeId;

class SeparableConvOperator final : public Operator {
  public:
    explicit SeparableConvOperator(const kernels::SeparableConv& conv) : conv_(conv) {}

    void run(const Operands& operands, ThreadPool& pool) const override {
        const Shape& x = operands.inputs[0].shape();
        kernels::separable_conv_f32(conv_, x[0], x[1], x[2], operands.f32(0), operands.f32(3),
                                    operands.output.mutable_f32(), pool);
    }
    std::string kernel() const override { return conv_.name(); }
    bool may_overwrite(std::size_t index) const override { return index == 3; }

  private:
    kernels::SeparableConv conv_;
};

/// Finds chains around depthwise convolutions.
class DepthwiseFuser {
  public:
    DepthwiseFuser(const graph::Graph& graph, const std::vector<std::unique_ptr<Operator>>& operators,
                   int threads)
        : graph_(graph),
          operators_(operators),
          threads_(threads),
          sole_readers_(operators.size(), NodeId::kNone),
          is_taken_(operators.size()) {
        const std::vector<int> uses = graph.use_counts();
        for (std::size_t i = 0; i < operators.size(); ++i) {
            const auto& inputs = graph[static_cast<NodeId>(i)].inputs;
            if (inputs.empty() || inputs[0] == NodeId::kNone) continue;
            const auto value = static_cast<std::size_t>(inputs[0]);
            if (uses[value] == 1) sole_readers_[value] = static_cast<NodeId>(i);
        }
    }

    /// Long chains first: in a row of 1x1 and depthwise convolutions in turns, some could be the end of one
    /// and the beginning of another.
    std::vector<Fusion> fuse() {
        for (const auto& [expand, project] : {std::pair(true, true), {true, false}, {false, true}}) {
            for (int i = 0; i < graph_.size(); ++i) {
                const auto id = static_cast<NodeId>(i);
                if (is_free<kernels::DepthwiseKernel>(id)) fuse_around(id, expand, project);
            }
        }
        return std::move(fusions_);
    }

  private:
    template <typename Kernel>
    bool is_free(NodeId id) const {
        return id != NodeId::kNone && !is_taken_[static_cast<std::size_t>(id)] && kernel<Kernel>(id);
    }

    const Conv2dOperator* conv2d(NodeId id) const {
        return dynamic_cast<const Conv2dOperator*>(operators_[static_cast<std::size_t>(id)].get());
    }

    /// The kernel of a convolution if it is a Kernel, or null.
    template <typename Kernel>
    const Kernel* kernel(NodeId id) const {
        const Conv2dOperator* op = conv2d(id);
        return op ? dynamic_cast<const Kernel*>(&op->packed().kernel()) : nullptr;
    }

    /// The only reader of a value to which nothing is added, where that reads it as its input 0, or kNone.
    NodeId reader(NodeId id) const {
        const auto& inputs = graph_[id].inputs;
        const bool has_residual = inputs.size() > 3 && inputs[3] != NodeId::kNone;
        return has_residual ? NodeId::kNone : sole_readers_[static_cast<std::size_t>(id)];
    }

    void fuse_around(NodeId depthwise, bool expand, bool project) {
        using kernels::PointwiseKernel;
        const NodeId before = graph_[depthwise].inputs[0], after = reader(depthwise);
        if (expand && !(is_free<PointwiseKernel>(before) && reader(before) == depthwise)) return;
        if (project && !is_free<PointwiseKernel>(after)) return;
        kernels::SeparableConv conv{.depthwise = kernel<kernels::DepthwiseKernel>(depthwise),
                                    .depthwise_end = conv2d(depthwise)->epilogue()};
        std::vector<NodeId> nodes{depthwise};
        if (expand) {
            conv.expand = kernel<PointwiseKernel>(before);
            conv.expand_end = conv2d(before)->epilogue();
            nodes.insert(nodes.begin(), before);
        }
        if (project) {
            conv.project = kernel<PointwiseKernel>(after);
            conv.project_end = conv2d(after)->epilogue();
            nodes.push_back(after);
        }
        const Shape& image = graph_.type(before).shape;
        if (!conv.pays(image[1], image[2], threads_)) return;
        for (const NodeId id : nodes) is_taken_[static_cast<std::size_t>(id)] = true;
        fusions_.push_back({std::move(nodes), std::make_unique<SeparableConvOperator>(conv)});
    }

    const graph::Graph& graph_;
    const std::vector<std::unique_ptr<Operator>>& operators_;
    int threads_;
    std::vector<NodeId> sole_readers_;  ///< of the value of a node, as input 0, or kNone
    std::vector<bool> is_taken_;        ///< node is in a chain
    std::vector<Fusion> fusions_;
};

}  // namespace

std::vector<Fusion> fuse(const graph::Graph& graph, const std::vector<std::unique_ptr<Operator>>& operators,
                         int threads) {
    return DepthwiseFuser(graph, operators, threads).fuse();
}

}  // namespace espalier::engine
