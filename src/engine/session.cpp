#include "engine/session.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/clock.h"
#include "base/error.h"
#include "engine/plan.h"
#include "graph/cost.h"
#include "passes/cleanup/cleanup.h"
#include "passes/layout/layout.h"
#include "passes/quantize/integers.h"

namespace espalier::engine {

using graph::Graph;
using graph::NodeId;

namespace {

bool is_executed(const graph::Op& op) {
    return !std::holds_alternative<graph::Input>(op) && !std::holds_alternative<graph::Constant>(op) &&
           !std::holds_alternative<graph::Reshape>(op);
}

/// What every execution needs, whatever the tactic: weights known at load, and the kernels' layout.
Graph prepared(const Graph& graph) {
    const passes::Pass passes[] = {{"sum-integers", passes::sum_integers},
                                   {"fold-constants", passes::fold_constants},
                                   {"channels-last", passes::channels_last},
                                   {"merge-movements", passes::merge_movements}};
    std::vector<passes::PassRecord> records;
    return passes::run_passes(graph::with_batch(graph, 1), passes, records);
}

}  // namespace

class Session::Impl {
  public:
    Impl(const Graph& graph, const SessionOptions& options) : graph_(prepared(graph)), pool_(options.threads) {
        for (int i = 0; i < graph_.size(); ++i) {
            const auto id = static_cast<NodeId>(i);
            operators_.push_back(is_executed(graph_[id].op) ? lower(graph_, id, options.lowering) : nullptr);
        }
    }

    Plan& plan_for(const Tensor& input) {
        const Shape& expected = graph_.type(graph_.input()).shape;
        const Shape& shape = input.shape();
        const bool fits = input.dtype() == DType::kF32 && shape.rank() == 4 && shape[0] >= 1 &&
                          shape.with(0, 1) == expected;
        if (!fits) {
            fail("the model takes f32 {} with any batch, but was given {} {}", expected.str(), name(input.dtype()),
                 shape.str());
        }
        auto& plan = plans_[shape[0]];
        if (!plan) plan = std::make_unique<Plan>(graph::with_batch(graph_, shape[0]), operators_);
        return *plan;
    }

    Tensor run(const Tensor& input) { return plan_for(input).run(input, pool_); }

    std::vector<StepTime> profile(const Tensor& input) {
        const MonotonicClock clock;
        std::vector<StepTime> times;
        Plan& plan = plan_for(input);
        Seconds last = clock.now();
        plan.run(input, pool_, [&](const Step& step) {
            const Seconds now = clock.now();
            const auto& node = graph_[step.node];
            times.push_back({node.name, graph::print(node.op), step.op->kernel(), (now - last).value(),
                             macs_of(step.node)});
            last = clock.now();
        });
        return times;
    }

    std::int64_t macs_of(NodeId id) const {
        std::vector<const graph::TensorType*> types;
        for (const NodeId input : graph_[id].inputs) {
            types.push_back(input == NodeId::kNone ? nullptr : &graph_.type(input));
        }
        return graph::cost_of(graph_[id].op, types, graph_.type(id)).macs;
    }

    Execution execution() const {
        Execution execution;
        std::set<std::string> kernels;
        for (int i = 0; i < graph_.size(); ++i) {
            const Operator* op = operators_[static_cast<std::size_t>(i)].get();
            if (!op) continue;
            ++execution.steps;
            kernels.insert(op->kernel());
            execution.weight_bytes += static_cast<std::int64_t>(op->weight_bytes());
            const std::int64_t macs = macs_of(static_cast<NodeId>(i));
            if (macs > 0) execution.macs[op->mac_class()] += macs;
            execution.effective_macs += std::llrint(static_cast<double>(macs) * op->executed_share());
        }
        execution.kernels.assign(kernels.begin(), kernels.end());
        for (const auto& [batch, plan] : plans_) {
            execution.arena_bytes = std::max(execution.arena_bytes, static_cast<std::int64_t>(plan->arena_bytes()));
        }
        return execution;
    }

    const Graph& graph() const { return graph_; }

  private:
    Graph graph_;
    std::vector<std::unique_ptr<Operator>> operators_;
    ThreadPool pool_;
    std::map<std::int64_t, std::unique_ptr<Plan>> plans_;
};

Session::Session(const Graph& graph, const SessionOptions& options)
    : impl_(std::make_unique<Impl>(graph, options)) {}
Session::~Session() = default;
Session::Session(Session&&) noexcept = default;

Tensor Session::run(const Tensor& input) { return impl_->run(input.to_aligned()); }
std::vector<StepTime> Session::profile(const Tensor& input) { return impl_->profile(input.to_aligned()); }
Execution Session::execution() const { return impl_->execution(); }
const Graph& Session::graph() const { return impl_->graph(); }

}  // namespace espalier::engine
