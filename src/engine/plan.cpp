#include "engine/plan.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "engine/arena_planner.h"

namespace espalier::engine {

using graph::Constant;
using graph::Input;
using graph::Node;
using graph::NodeId;
using graph::Reshape;

namespace {

std::size_t bytes_of(const graph::TensorType& type) {
    return static_cast<std::size_t>(type.shape.elements()) * size_of(type.dtype);
}

/// The node whose memory a chain of reshapes looks at.
NodeId root_of(const graph::Graph& graph, NodeId id) {
    while (graph.as<Reshape>(id)) id = graph[id].inputs[0];
    return id;
}

/// Step after which each node's memory is free: its last use, through views; the end for the output.
/// `inputs`: what the step of each node reads.
std::vector<int> last_uses(const graph::Graph& graph, const std::vector<std::vector<NodeId>>& inputs) {
    std::vector<int> last(static_cast<std::size_t>(graph.size()), -1);
    for (int i = 0; i < graph.size(); ++i) {
        last[static_cast<std::size_t>(i)] = i;
        for (const NodeId input : inputs[static_cast<std::size_t>(i)]) {
            if (input != NodeId::kNone) last[static_cast<std::size_t>(root_of(graph, input))] = i;
        }
    }
    last[static_cast<std::size_t>(root_of(graph, graph.output()))] = graph.size();
    return last;
}

/// Blocks of memory for activations: how long each lives, and which node's floats and row codes lie in which.
struct Blocks {
    explicit Blocks(std::size_t nodes) : floats(nodes, -1), codes(nodes, -1) {}

    int add(const Lifetime& lifetime) {
        lifetimes.push_back(lifetime);
        return static_cast<int>(lifetimes.size()) - 1;
    }

    std::vector<Lifetime> lifetimes;
    std::vector<int> floats;  ///< node -> its block, -1 for none
    std::vector<int> codes;
};

/// The block of an operand that ends with node `id` and may lend its memory to the result, or -1.
int lent_block(const graph::Graph& graph, NodeId id, const std::vector<NodeId>& inputs, const Operator& op,
               const Blocks& blocks, const std::vector<int>& last) {
    const auto at = [](NodeId node) { return static_cast<std::size_t>(node); };
    for (std::size_t k = 0; k < inputs.size(); ++k) {
        if (inputs[k] == NodeId::kNone || !op.may_overwrite(k)) continue;
        const NodeId root = root_of(graph, inputs[k]);
        const auto uses_root = [&](NodeId other) {
            return other != NodeId::kNone && root_of(graph, other) == root;
        };
        const int block = blocks.floats[at(root)];
        const bool free = block >= 0 && last[at(root)] == static_cast<int>(id) &&
                          bytes_of(graph.type(root)) == bytes_of(graph.type(id)) &&
                          graph.type(inputs[k]).shape == graph.type(id).shape &&
                          std::count_if(inputs.begin(), inputs.end(), uses_root) == 1;
        // The block may itself have been lent on by an earlier result that still lives.
        if (free && blocks.lifetimes[static_cast<std::size_t>(block)].last == static_cast<int>(id))
            return block;
    }
    return -1;
}

}  // namespace

Plan::Plan(const graph::Graph& graph, const std::vector<std::unique_ptr<Operator>>& operators,
           std::span<const Fusion> fusions, Carried carried)
    : graph_(graph) {
    constants_.resize(static_cast<std::size_t>(graph_.size()));
    is_input_.resize(static_cast<std::size_t>(graph_.size()));
    for (int i = 0; i < graph_.size(); ++i) {
        is_input_[static_cast<std::size_t>(i)] =
            graph_.as<Input>(root_of(graph_, static_cast<NodeId>(i))) != nullptr;
    }
    choose_operators(operators, carried == Carried::kAsWanted ? fusions : std::span<const Fusion>());
    place_activations(forms_wanted(carried));
    make_steps();
}

void Plan::choose_operators(const std::vector<std::unique_ptr<Operator>>& operators,
                            std::span<const Fusion> fusions) {
    const auto at = [](NodeId id) { return static_cast<std::size_t>(id); };
    inputs_.resize(operators.size());
    for (std::size_t i = 0; i < operators.size(); ++i) {
        operators_.push_back(operators[i].get());
        if (operators[i]) inputs_[i] = graph_[static_cast<NodeId>(i)].inputs;
    }
    for (const Fusion& fusion : fusions) {
        const NodeId first = inputs_[at(fusion.nodes.front())][0];
        for (const NodeId id : fusion.nodes) {
            if (id == fusion.last()) continue;
            operators_[at(id)] = nullptr;
            inputs_[at(id)].clear();
        }
        operators_[at(fusion.last())] = fusion.op.get();
        inputs_[at(fusion.last())][0] = first;
    }
}

std::vector<Plan::Forms> Plan::forms_wanted(Carried carried) const {
    const auto at = [](NodeId id) { return static_cast<std::size_t>(id); };
    std::vector<Forms> forms(static_cast<std::size_t>(graph_.size()));
    for (std::size_t i = 0; i < forms.size(); ++i) {
        const Operator* op = operators_[i];
        if (!op) continue;
        const auto& inputs = inputs_[i];
        for (std::size_t k = 0; k < inputs.size(); ++k) {
            if (inputs[k] == NodeId::kNone) continue;
            const NodeId root = root_of(graph_, inputs[k]);
            const Operator* producer = operators_[at(root)];
            const bool codes = carried == Carried::kAsWanted && producer && producer->gives_row_codes() &&
                               op->takes_row_codes(k) && has_rows_of(root, inputs[k]);
            Forms& wanted = forms[at(root)];
            wanted.codes = wanted.codes || codes;
            wanted.floats = wanted.floats || !codes;
        }
    }
    forms[at(root_of(graph_, graph_.output()))].floats = true;
    for (Forms& wanted : forms) wanted.floats = wanted.floats || !wanted.codes;
    return forms;
}

bool Plan::has_rows_of(NodeId value, NodeId view) const {
    const Shape& of_value = graph_.type(value).shape;
    const Shape& of_view = graph_.type(view).shape;
    return of_value.rank() > 0 && of_view.rank() > 0 && of_value.back() == of_view.back();
}

void Plan::place_activations(const std::vector<Forms>& forms) {
    const auto last = last_uses(graph_, inputs_);
    const auto at = [](NodeId id) { return static_cast<std::size_t>(id); };
    Blocks blocks(static_cast<std::size_t>(graph_.size()));
    for (int i = 0; i < graph_.size(); ++i) {
        const auto id = static_cast<NodeId>(i);
        const Operator* op = operators_[at(id)];
        if (!op) continue;
        if (forms[at(id)].codes) {
            const Shape& shape = graph_.type(id).shape;
            const std::int64_t columns = shape.back();
            blocks.codes[at(id)] =
                blocks.add({kernels::row_codes_bytes(shape.elements() / columns, columns), i, last[at(id)]});
        }
        if (!forms[at(id)].floats) continue;
        int& block = blocks.floats[at(id)];
        block = lent_block(graph_, id, inputs_[at(id)], *op, blocks, last);
        if (block < 0) block = blocks.add({bytes_of(graph_.type(id)), i, i});
        Lifetime& lifetime = blocks.lifetimes[static_cast<std::size_t>(block)];
        lifetime.last = std::max(lifetime.last, last[at(id)]);
    }
    const ArenaPlan arena = plan_arena(blocks.lifetimes);
    arena_bytes_ = arena.bytes;
    arena_ = Tensor::allocate(DType::kU8, {static_cast<std::int64_t>(std::max<std::size_t>(arena.bytes, 1))});
    std::byte* base = arena_.mutable_bytes().data();
    const auto address = [&](int block) {
        return block < 0 ? nullptr : base + arena.offsets[static_cast<std::size_t>(block)];
    };
    data_.assign(blocks.floats.size(), nullptr);
    codes_.assign(blocks.codes.size(), nullptr);
    for (int i = 0; i < graph_.size(); ++i) {
        const auto id = static_cast<NodeId>(i);
        const NodeId root = root_of(graph_, id);
        data_[at(id)] = address(blocks.floats[at(root)]);
        if (has_rows_of(root, id)) codes_[at(id)] = address(blocks.codes[at(root)]);
        if (const Tensor* constant = graph_.constant(root)) {
            Tensor& aligned = constants_[at(root)];
            aligned = constant->to_aligned();
            data_[at(id)] = const_cast<std::byte*>(aligned.bytes().data());
        }
    }
}

View Plan::view_of(NodeId id) const {
    const auto at = static_cast<std::size_t>(id);
    return {data_[at], &graph_.type(id), codes_[at]};
}

void Plan::make_steps() {
    for (int i = 0; i < graph_.size(); ++i) {
        const auto id = static_cast<NodeId>(i);
        if (!operators_[static_cast<std::size_t>(i)]) continue;
        Step step{operators_[static_cast<std::size_t>(i)], id, {}};
        for (const NodeId input : inputs_[static_cast<std::size_t>(i)]) {
            if (input == NodeId::kNone) {
                step.operands.inputs.push_back({});
            } else {
                step.operands.inputs.push_back(view_of(input));
            }
        }
        step.operands.output = view_of(id);
        steps_.push_back(std::move(step));
    }
    for (Step& step : steps_) {
        const auto& inputs = inputs_[static_cast<std::size_t>(step.node)];
        for (std::size_t k = 0; k < inputs.size(); ++k) {
            if (inputs[k] != NodeId::kNone && is_input_[static_cast<std::size_t>(inputs[k])]) {
                input_pointers_.push_back(&step.operands.inputs[k].data);
            }
        }
    }
}

void Plan::point_input_at(const float* input) {
    auto* bytes = const_cast<std::byte*>(reinterpret_cast<const std::byte*>(input));
    for (std::byte** pointer : input_pointers_) *pointer = bytes;
}

void Plan::copy_result(float* output) const {
    const std::byte* result = data_[static_cast<std::size_t>(graph_.output())];
    if (!result) fail("the model returns its input unchanged; there is nothing to execute");
    std::memcpy(output, result, bytes_of(graph_.type(graph_.output())));
}

void Plan::run(const float* input, float* output, ThreadPool& pool) {
    point_input_at(input);
    const ThreadPool::Session session(pool);
    for (const Step& step : steps_) step.op->run(step.operands, pool);
    copy_result(output);
}

void Plan::run(const float* input, float* output, ThreadPool& pool,
               const std::function<void(const Step&)>& after) {
    point_input_at(input);
    const ThreadPool::Session session(pool);
    for (const Step& step : steps_) {
        step.op->run(step.operands, pool);
        after(step);
    }
    copy_result(output);
}

}  // namespace espalier::engine
