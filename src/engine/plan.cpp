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
std::vector<int> last_uses(const graph::Graph& graph) {
    std::vector<int> last(static_cast<std::size_t>(graph.size()), -1);
    for (int i = 0; i < graph.size(); ++i) {
        const auto id = static_cast<NodeId>(i);
        last[static_cast<std::size_t>(i)] = i;
        if (graph.as<Reshape>(id)) continue;
        for (const NodeId input : graph[id].inputs) {
            if (input != NodeId::kNone) last[static_cast<std::size_t>(root_of(graph, input))] = i;
        }
    }
    last[static_cast<std::size_t>(root_of(graph, graph.output()))] = graph.size();
    return last;
}

}  // namespace

Plan::Plan(const graph::Graph& graph, const std::vector<std::unique_ptr<Operator>>& operators)
    : graph_(graph) {
    constants_.resize(static_cast<std::size_t>(graph_.size()));
    is_input_.resize(static_cast<std::size_t>(graph_.size()));
    for (int i = 0; i < graph_.size(); ++i) {
        is_input_[static_cast<std::size_t>(i)] =
            graph_.as<Input>(root_of(graph_, static_cast<NodeId>(i))) != nullptr;
    }
    place_activations(operators);
    make_steps(operators);
}

void Plan::place_activations(const std::vector<std::unique_ptr<Operator>>& operators) {
    const auto last = last_uses(graph_);
    const auto at = [](NodeId id) { return static_cast<std::size_t>(id); };
    storage_.assign(static_cast<std::size_t>(graph_.size()), -1);
    std::vector<Lifetime> blocks;
    for (int i = 0; i < graph_.size(); ++i) {
        const auto id = static_cast<NodeId>(i);
        const Operator* op = operators[at(id)].get();
        if (!op) continue;
        const std::size_t bytes = bytes_of(graph_.type(id));
        // An operand that ends here may lend its memory to the result.
        for (std::size_t k = 0; k < graph_[id].inputs.size() && storage_[at(id)] < 0; ++k) {
            const NodeId input = graph_[id].inputs[k];
            if (input == NodeId::kNone || !op->may_overwrite(k)) continue;
            const NodeId root = root_of(graph_, input);
            const auto uses_root = [&](NodeId other) {
                return other != NodeId::kNone && root_of(graph_, other) == root;
            };
            const auto& inputs = graph_[id].inputs;
            const bool free = storage_[at(root)] >= 0 && last[at(root)] == i &&
                              bytes_of(graph_.type(root)) == bytes &&
                              graph_.type(input).shape == graph_.type(id).shape &&
                              std::count_if(inputs.begin(), inputs.end(), uses_root) == 1;
            if (!free) continue;
            // The block may itself have been lent on by an earlier result that still lives.
            const int block = storage_[at(root)];
            if (blocks[static_cast<std::size_t>(block)].last == i) storage_[at(id)] = block;
        }
        if (storage_[at(id)] < 0) {
            storage_[at(id)] = static_cast<int>(blocks.size());
            blocks.push_back({bytes, i, i});
        }
        Lifetime& block = blocks[static_cast<std::size_t>(storage_[at(id)])];
        block.last = std::max(block.last, last[at(id)]);
    }
    const ArenaPlan arena = plan_arena(blocks);
    arena_bytes_ = arena.bytes;
    arena_ = Tensor::allocate(DType::kU8, {static_cast<std::int64_t>(std::max<std::size_t>(arena.bytes, 1))});
    std::byte* base = arena_.mutable_bytes().data();
    data_.assign(static_cast<std::size_t>(graph_.size()), nullptr);
    for (int i = 0; i < graph_.size(); ++i) {
        const NodeId root = root_of(graph_, static_cast<NodeId>(i));
        if (storage_[at(root)] >= 0) {
            data_[static_cast<std::size_t>(i)] =
                base + arena.offsets[static_cast<std::size_t>(storage_[at(root)])];
        } else if (const Tensor* constant = graph_.constant(root)) {
            Tensor& aligned = constants_[at(root)];
            aligned = constant->to_aligned();
            data_[static_cast<std::size_t>(i)] = const_cast<std::byte*>(aligned.bytes().data());
        }
    }
}

void Plan::make_steps(const std::vector<std::unique_ptr<Operator>>& operators) {
    for (int i = 0; i < graph_.size(); ++i) {
        const auto id = static_cast<NodeId>(i);
        if (!operators[static_cast<std::size_t>(i)]) continue;
        Step step{operators[static_cast<std::size_t>(i)].get(), id, {}};
        for (const NodeId input : graph_[id].inputs) {
            if (input == NodeId::kNone) {
                step.operands.inputs.push_back({});
            } else {
                step.operands.inputs.push_back({data_[static_cast<std::size_t>(input)], &graph_.type(input)});
            }
        }
        step.operands.output = {data_[static_cast<std::size_t>(i)], &graph_.type(id)};
        steps_.push_back(std::move(step));
    }
    for (Step& step : steps_) {
        const auto& inputs = graph_[step.node].inputs;
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
