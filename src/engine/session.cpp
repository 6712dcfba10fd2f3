#include "engine/session.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <limits>
#include <set>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mapped_file.h"
#include "engine/fusion.h"
#include "engine/kernel_tuner.h"
#include "engine/packed_weights.h"
#include "engine/plan.h"
#include "graph/cost.h"
#include "passes/cleanup/cleanup.h"
#include "passes/layout/layout.h"
#include "passes/quantize/hand_on_codes.h"
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
Graph prepared(Graph graph) {
    const passes::Pass passes[] = {{"sum-integers", passes::sum_integers},
                                   {"fold-constants", passes::fold_constants},
                                   {"channels-last", passes::channels_last},
                                   {"merge-movements", passes::merge_movements},
                                   {"hand-on-codes", passes::hand_on_codes}};
    std::vector<passes::PassRecord> records;
    graph = graph::with_batch(graph, 1);
    return passes::run_passes(graph, passes, records);
}

}  // namespace

/// What executes one part of a batch at a time: plans by number of images, and the threads that run them.
class Lane {
  public:
    Lane(const Graph& graph, const std::vector<std::unique_ptr<Operator>>& operators,
         const std::vector<Fusion>& fusions, Carried carried = Carried::kAsWanted)
        : graph_(graph), operators_(operators), fusions_(fusions), carried_(carried) {}

    Plan& plan(std::int64_t images) {
        auto& plan = plans_[images];
        if (!plan)
            plan = std::make_unique<Plan>(graph::with_batch(graph_, images), operators_, fusions_, carried_);
        return *plan;
    }
    void keep_only(std::int64_t images) {
        std::erase_if(plans_, [images](const auto& entry) { return entry.first != images; });
    }
    std::int64_t arena_bytes() const {
        std::int64_t sum = 0;
        for (const auto& [images, plan] : plans_) sum += static_cast<std::int64_t>(plan->arena_bytes());
        return sum;
    }

  private:
    const Graph& graph_;
    const std::vector<std::unique_ptr<Operator>>& operators_;
    const std::vector<Fusion>& fusions_;
    Carried carried_;
    std::map<std::int64_t, std::unique_ptr<Plan>> plans_;
};

/// A larger part must be faster by this factor: it costs memory and latency.
constexpr double kWorthwhile = 0.99;

class Session::Impl {
  public:
    Impl(Graph graph, const SessionOptions& options)
        : graph_(prepared(std::move(graph))),
          pool_(options.threads),
          images_apart_(computes_images_apart(graph_)) {
        std::vector<std::optional<Product>> products(static_cast<std::size_t>(graph_.size()));
        if (!options.tuned_kernels.empty()) products = tuned_products(options);
        if (!options.packed.folder.empty() && constant_bytes(graph_) >= options.packed.least_bytes) {
            packed_ = std::make_unique<PackedWeights>(options.packed.folder, graph_, options.lowering,
                                                      products, pool_);
        }
        operators_.resize(static_cast<std::size_t>(graph_.size()));
        const std::vector<int> uses = graph_.use_counts();
        std::vector<std::atomic<int>> unpacked(uses.begin(), uses.end());
        pool_.parallel_for(graph_.size(), 1, [&](std::int64_t begin, std::int64_t end, int) {
            for (std::int64_t i = begin; i < end; ++i) {
                LoweringOptions lowering = options.lowering;
                lowering.product = products[static_cast<std::size_t>(i)];
                make_operator(static_cast<NodeId>(i), lowering, unpacked);
            }
        });
        fusions_ = fuse(graph_, operators_, pool_.threads());
        for (int thread = 0; thread < pool_.threads(); ++thread)
            own_.emplace_back(graph_, operators_, fusions_);
    }

    void plan(std::int64_t images) {
        last_ = schedule_for(images);
        if (!last_.own_parts) {
            shared_.plan(last_.part);
        } else {
            for (Lane& lane : own_) lane.plan(last_.part);
        }
    }

    Tensor run(const Tensor& input) {
        check_input(input);
        last_ = schedule_for(input.shape()[0]);
        return run(input, last_);
    }

    void tune(const Tensor& input) {
        check_input(input);
        const std::int64_t n = input.shape()[0];
        if (n == 1 || !images_apart_) return;
        chosen_ = {};
        for (const std::int64_t part : part_sizes(n, pool_.threads())) {
            bool better = part == chosen_.part;
            for (const bool own_parts : {false, true}) {
                const Schedule candidate{part, own_parts};
                if (candidate == chosen_ || images_of(candidate) > n) continue;
                if (own_parts && pool_.threads() == 1) continue;
                if (times_as_long(candidate, chosen_, input) >= kWorthwhile) continue;
                chosen_ = candidate;
                better = true;
            }
            if (!better) break;
        }
        shared_.keep_only(chosen_.own_parts ? 0 : chosen_.part);
        for (Lane& lane : own_) lane.keep_only(chosen_.own_parts ? chosen_.part : 0);
    }

    Tensor run(const Tensor& input, const std::function<void(const graph::Node&, const View&)>& after) {
        check_input(input);
        const std::int64_t n = input.shape()[0];
        Tensor output = Tensor::allocate(DType::kF32, graph_.type(graph_.output()).shape.with(0, n));
        shown_.plan(n).run(input.span<float>().data(), output.mutable_span<float>().data(), pool_,
                           [&](const Step& step) { after(graph_[step.node], step.operands.output); });
        return output;
    }

    std::vector<StepTime> profile(const Tensor& input) {
        check_input(input);
        last_ = schedule_for(input.shape()[0]);
        ThreadPool alone(1);
        Plan& plan = (last_.own_parts ? own_.front() : shared_).plan(last_.part);
        std::vector<float> output(static_cast<std::size_t>(last_.part * output_elements()));
        const MonotonicClock clock;
        std::vector<StepTime> times;
        Seconds last = clock.now();
        plan.run(input.span<float>().data(), output.data(), last_.own_parts ? alone : pool_,
                 [&](const Step& step) {
                     const Seconds now = clock.now();
                     const auto& node = graph_[step.node];
                     times.push_back({node.name, graph::print(node.op), step.op->kernel(),
                                      (now - last).value(), last_.part * macs_of_step(step.node)});
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

    /// Of all nodes that are executed together with this one, their last.
    std::int64_t macs_of_step(NodeId id) const {
        const Fusion* fusion = fusion_of(id);
        if (!fusion) return macs_of(id);
        std::int64_t sum = 0;
        for (const NodeId node : fusion->nodes) sum += macs_of(node);
        return sum;
    }

    Execution execution() const {
        Execution execution;
        std::set<std::string> kernels;
        for (int i = 0; i < graph_.size(); ++i) {
            const Operator* op = operators_[static_cast<std::size_t>(i)].get();
            if (!op) continue;
            const Fusion* fusion = fusion_of(static_cast<NodeId>(i));
            kernels.insert((fusion ? *fusion->op : *op).kernel());
            if (!fusion || fusion->last() == static_cast<NodeId>(i)) ++execution.steps;
            execution.weight_bytes += static_cast<std::int64_t>(op->weight_bytes());
            const std::int64_t macs = macs_of(static_cast<NodeId>(i));
            if (macs > 0) execution.macs[op->mac_class()] += macs;
            execution.effective_macs += std::llrint(static_cast<double>(macs) * op->executed_share());
        }
        execution.kernels.assign(kernels.begin(), kernels.end());
        execution.arena_bytes = shared_.arena_bytes() + shown_.arena_bytes();
        for (const Lane& lane : own_) execution.arena_bytes += lane.arena_bytes();
        execution.tuned_layers = tuned_layers_;
        execution.weights_mapped = packed_ && packed_->found();
        execution.schedule = last_;
        return execution;
    }

    std::optional<std::filesystem::path> keep_packed_weights() {
        if (!packed_ || !packed_->keep()) return std::nullopt;
        return packed_->path();
    }

    const Graph& graph() const { return graph_; }

  private:
    /// Without a place to keep it, what was measured serves this session.
    std::vector<std::optional<Product>> tuned_products(const SessionOptions& options) {
        KernelTuner tuner(options.tuned_kernels);
        auto products = tuner.choose(graph_, options.lowering, pool_);
        tuned_layers_ = tuner.known();
        try {
            tuner.save();
        } catch (const Error& error) {
            log::warn("what was measured of kernels is not kept: {}", error.what());
        }
        return products;
    }

    /// Packed weights are read instead of those of the graph, whose memory is given back: that of a file now,
    /// other memory when the last of its uses is packed. `unpacked` counts them for each constant.
    void make_operator(NodeId id, const LoweringOptions& options, std::vector<std::atomic<int>>& unpacked) {
        if (!is_executed(graph_[id].op)) return;
        auto& op = operators_[static_cast<std::size_t>(id)];
        op = lower(graph_, id, options, packed_ ? &packed_->of(id) : nullptr);
        if (op->weight_bytes() == 0) return;
        for (const NodeId input : graph_[id].inputs) {
            const Tensor* weights = input == NodeId::kNone ? nullptr : graph_.constant(input);
            if (weights) MappedFile::release(weights->stored().bytes);
        }
        const NodeId weights = graph_[id].inputs[1];
        if (graph_.constant(weights) && --unpacked[static_cast<std::size_t>(weights)] == 0)
            graph_.forget_elements(weights);
    }

    void check_input(const Tensor& input) const {
        const Shape& expected = graph_.type(graph_.input()).shape;
        const Shape& shape = input.shape();
        const bool fits = input.dtype() == DType::kF32 && shape.rank() == 4 && shape[0] >= 1 &&
                          shape.with(0, 1) == expected;
        if (!fits) {
            fail("the model takes f32 {} with any batch, but was given {} {}", expected.str(),
                 name(input.dtype()), shape.str());
        }
    }

    /// The chain that a node is executed in, or null.
    const Fusion* fusion_of(NodeId id) const {
        const auto found = std::ranges::find_if(fusions_, [&](const Fusion& fusion) {
            return std::ranges::find(fusion.nodes, id) != fusion.nodes.end();
        });
        return found == fusions_.end() ? nullptr : &*found;
    }

    std::int64_t output_elements() const { return graph_.type(graph_.output()).shape.elements(); }

    /// The chosen schedule as far as n images allow it.
    Schedule schedule_for(std::int64_t n) const {
        if (!images_apart_) return {n, false};
        const std::int64_t part = std::min(chosen_.part, n);
        return {part, chosen_.own_parts && n >= part * pool_.threads()};
    }

    Tensor run(const Tensor& input, const Schedule& schedule) {
        const std::int64_t n = input.shape()[0];
        Tensor output = Tensor::allocate(DType::kF32, graph_.type(graph_.output()).shape.with(0, n));
        run(input.span<float>().data(), n, output.mutable_span<float>().data(), schedule);
        return output;
    }

    /// Classifies n images, of which `input` and `output` hold the elements.
    void run(const float* input, std::int64_t n, float* output, const Schedule& schedule) {
        const std::int64_t image = graph_.type(graph_.input()).shape.elements();
        const auto run_part = [&](std::int64_t index, Lane& lane, ThreadPool& pool) {
            const std::int64_t first = index * schedule.part;
            lane.plan(std::min(schedule.part, n - first))
                .run(input + first * image, output + first * output_elements(), pool);
        };
        const std::int64_t parts = (n + schedule.part - 1) / schedule.part;
        if (!schedule.own_parts) {
            // Over all parts: a worker that falls asleep between two of them is late for the next.
            const ThreadPool::Session session(pool_);
            for (std::int64_t i = 0; i < parts; ++i) run_part(i, shared_, pool_);
            return;
        }
        pool_.parallel_for(parts, 1, [&](std::int64_t begin, std::int64_t end, int thread) {
            ThreadPool alone(1);
            for (std::int64_t i = begin; i < end; ++i)
                run_part(i, own_[static_cast<std::size_t>(thread)], alone);
        });
    }

    /// Images that a schedule takes at once.
    std::int64_t images_of(const Schedule& schedule) const {
        return schedule.own_parts ? schedule.part * pool_.threads() : schedule.part;
    }

    /// How many times as long as by `rival` an image takes by `candidate`: their least times when both take
    /// turns, after a run each that plans the memory. Every turn takes other images, as far as there are
    /// some.
    double times_as_long(const Schedule& candidate, const Schedule& rival, const Tensor& input) {
        constexpr int kMostTurns = 12;
        constexpr Seconds kEnough{0.1};
        const std::int64_t n = input.shape()[0], image = input.shape().product(1, 4);
        std::vector<float> output(static_cast<std::size_t>(n * output_elements()));
        const MonotonicClock clock;
        const std::array schedules{candidate, rival};
        std::array<double, 2> least;
        least.fill(std::numeric_limits<double>::infinity());
        Seconds spent{0};
        for (int turn = 0; turn <= kMostTurns && (turn < 2 || spent < kEnough); ++turn) {
            for (std::size_t i = 0; i < schedules.size(); ++i) {
                const std::int64_t images = images_of(schedules[i]);
                const std::int64_t first = turn * images % (n - images + 1);
                const Seconds start = clock.now();
                run(input.span<float>().data() + first * image, images, output.data(), schedules[i]);
                const Seconds taken = clock.now() - start;
                if (turn == 0) continue;
                spent += taken;
                least[i] = std::min(least[i], taken.value() / static_cast<double>(images));
            }
        }
        return least[0] / least[1];
    }

    Graph graph_;
    std::vector<std::unique_ptr<Operator>> operators_;
    ThreadPool pool_;
    std::unique_ptr<PackedWeights> packed_;  ///< null where packed weights are in memory alone
    int tuned_layers_ = 0;
    bool images_apart_;
    std::vector<Fusion> fusions_;
    Lane shared_{graph_, operators_, fusions_};  ///< for parts that all threads compute together
    Lane shown_{graph_, operators_, fusions_, Carried::kAsFloats};  ///< for runs whose values are looked at
    std::vector<Lane> own_;                                         ///< one for each thread
    Schedule chosen_;
    Schedule last_;
};

Session::Session(Graph graph, const SessionOptions& options)
    : impl_(std::make_unique<Impl>(std::move(graph), options)) {}
Session::~Session() = default;
Session::Session(Session&&) noexcept = default;

Tensor Session::run(const Tensor& input) { return impl_->run(input.to_aligned()); }
Tensor Session::run(const Tensor& input, const std::function<void(const graph::Node&, const View&)>& after) {
    return impl_->run(input.to_aligned(), after);
}
void Session::plan(std::int64_t images) { impl_->plan(images); }
void Session::tune(const Tensor& input) { impl_->tune(input.to_aligned()); }
std::vector<StepTime> Session::profile(const Tensor& input) { return impl_->profile(input.to_aligned()); }
std::optional<std::filesystem::path> Session::keep_packed_weights() { return impl_->keep_packed_weights(); }
Execution Session::execution() const { return impl_->execution(); }
const Graph& Session::graph() const { return impl_->graph(); }

}  // namespace espalier::engine
