#include "graph/graph.h"

#include <algorithm>
#include <map>

#include "base/error.h"

namespace espalier::graph {
namespace {

/// Ops that infer their type; inputs and constants bring theirs along.
template <typename O>
concept Inferring = requires(const O& op, InputTypes inputs) {
    op.infer(inputs);
};

TensorType infer(const Op& op, InputTypes inputs) {
    return std::visit(
        [&](const auto& o) -> TensorType {
            if constexpr (Inferring<decltype(o)>) {
                return o.infer(inputs);
            } else {
                fail("an input or a constant is not an operation");
            }
        },
        op);
}

}  // namespace

std::string_view name(const Op& op) {
    return std::visit([](const auto& o) { return std::remove_cvref_t<decltype(o)>::kName; }, op);
}

NodeId Graph::append(Node node) {
    nodes_.push_back(std::move(node));
    return static_cast<NodeId>(nodes_.size() - 1);
}

NodeId Graph::add_input(std::string name, TensorType type) {
    if (input_ != NodeId::kNone) fail("the graph already has an input; '{}' would be a second one", name);
    input_ = append({Input{}, {}, std::move(type), std::move(name), {}});
    return input_;
}

NodeId Graph::add_constant(std::string name, Tensor value) {
    std::string unique = name;
    auto place = std::lower_bound(constant_names_.begin(), constant_names_.end(), unique);
    for (int copy = 1; place != constant_names_.end() && *place == unique; ++copy) {
        unique = fmt::format("{}.{}", name, copy);
        place = std::lower_bound(constant_names_.begin(), constant_names_.end(), unique);
    }
    constant_names_.insert(place, unique);
    const TensorType type{value.dtype(), value.shape()};
    return append({Constant{}, {}, type, std::move(unique), std::move(value)});
}

NodeId Graph::add(Op op, std::vector<NodeId> inputs, std::string name) {
    std::vector<const TensorType*> types;
    for (const NodeId id : inputs) {
        if (id != NodeId::kNone && (static_cast<int>(id) < 0 || static_cast<int>(id) >= size())) {
            fail("node '{}': an input does not exist yet", name);
        }
        types.push_back(id == NodeId::kNone ? nullptr : &type(id));
    }
    TensorType result;
    try {
        result = infer(op, types);
    } catch (const Error& error) {
        fail("node '{}': {}", name, error.what());
    }
    return append({std::move(op), std::move(inputs), std::move(result), std::move(name), {}});
}

void Graph::forget_elements(NodeId constant) {
    Node& node = nodes_.at(static_cast<std::size_t>(constant));
    if (!std::holds_alternative<Constant>(node.op)) fail("node '{}' is no constant", node.name);
    node.value = Tensor::without_elements(node.type.dtype, node.type.shape);
}

std::vector<int> Graph::use_counts() const {
    std::vector<int> counts(nodes_.size(), 0);
    for (const Node& node : nodes_) {
        for (const NodeId id : node.inputs) {
            if (id != NodeId::kNone) ++counts[static_cast<std::size_t>(id)];
        }
    }
    if (output_ != NodeId::kNone) ++counts[static_cast<std::size_t>(output_)];
    return counts;
}

const Tensor* Graph::constant(NodeId id) const { return as<Constant>(id) ? &(*this)[id].value : nullptr; }

int Graph::operations() const {
    return static_cast<int>(std::count_if(nodes_.begin(), nodes_.end(), [](const Node& node) {
        return !std::holds_alternative<Input>(node.op) && !std::holds_alternative<Constant>(node.op);
    }));
}

Rewriter::Rewriter(const Graph& from)
    : from_(from), map_(static_cast<std::size_t>(from.size()), NodeId::kNone) {}

NodeId Rewriter::operator[](NodeId old) const {
    if (old == NodeId::kNone) return NodeId::kNone;
    const NodeId now = map_.at(static_cast<std::size_t>(old));
    if (now == NodeId::kNone) fail("node '{}' is used before it is rewritten", from_[old].name);
    return now;
}

NodeId Rewriter::keep(NodeId old) { return keep_as(old, from_[old].op); }

NodeId Rewriter::keep_as(NodeId old, Op op) {
    const Node& node = from_[old];
    if (std::holds_alternative<Input>(op)) return replace(old, out_.add_input(node.name, node.type));
    if (std::holds_alternative<Constant>(op)) return replace(old, out_.add_constant(node.name, node.value));
    std::vector<NodeId> inputs;
    for (const NodeId id : node.inputs) inputs.push_back((*this)[id]);
    return replace(old, out_.add(std::move(op), std::move(inputs), node.name));
}

NodeId Rewriter::replace(NodeId old, NodeId now) {
    map_.at(static_cast<std::size_t>(old)) = now;
    return now;
}

Graph Rewriter::finish() {
    out_.set_output((*this)[from_.output()]);
    return without_dead_nodes(out_);
}

Graph without_dead_nodes(const Graph& graph) {
    std::vector<bool> live(static_cast<std::size_t>(graph.size()), false);
    if (graph.output() == NodeId::kNone) fail("the graph has no output");
    live[static_cast<std::size_t>(graph.output())] = true;
    live[static_cast<std::size_t>(graph.input())] = true;
    for (std::size_t i = live.size(); i-- > 0;) {
        if (!live[i]) continue;
        for (const NodeId id : graph.nodes()[i].inputs) {
            if (id != NodeId::kNone) live[static_cast<std::size_t>(id)] = true;
        }
    }
    Graph result;
    std::vector<NodeId> map(live.size(), NodeId::kNone);
    for (std::size_t i = 0; i < live.size(); ++i) {
        if (!live[i]) continue;
        const Node& node = graph.nodes()[i];
        if (std::holds_alternative<Input>(node.op)) {
            map[i] = result.add_input(node.name, node.type);
        } else if (std::holds_alternative<Constant>(node.op)) {
            map[i] = result.add_constant(node.name, node.value);
        } else {
            std::vector<NodeId> inputs;
            for (const NodeId id : node.inputs) {
                inputs.push_back(id == NodeId::kNone ? id : map[static_cast<std::size_t>(id)]);
            }
            map[i] = result.add(node.op, std::move(inputs), node.name);
        }
    }
    result.set_output(map[static_cast<std::size_t>(graph.output())]);
    return result;
}

Graph with_batch(const Graph& graph, std::int64_t batch) {
    Rewriter rewriter(graph);
    for (int i = 0; i < graph.size(); ++i) {
        const auto id = static_cast<NodeId>(i);
        if (id != graph.input()) {
            rewriter.keep(id);
            continue;
        }
        const TensorType& type = graph.type(id);
        rewriter.replace(id,
                         rewriter.out().add_input(graph[id].name, {type.dtype, type.shape.with(0, batch)}));
    }
    return rewriter.finish();
}

void verify(const Graph& graph) {
    if (graph.input() == NodeId::kNone || graph.output() == NodeId::kNone) {
        fail("a graph needs an input and an output");
    }
    for (int i = 0; i < graph.size(); ++i) {
        const Node& node = graph[static_cast<NodeId>(i)];
        std::vector<const TensorType*> types;
        for (const NodeId id : node.inputs) {
            if (static_cast<int>(id) >= i) fail("node '{}' uses a value that comes later", node.name);
            types.push_back(id == NodeId::kNone ? nullptr : &graph.type(id));
        }
        if (std::holds_alternative<Input>(node.op)) continue;
        const TensorType expected = std::holds_alternative<Constant>(node.op)
                                        ? TensorType{node.value.dtype(), node.value.shape()}
                                        : infer(node.op, types);
        if (!(expected == node.type)) {
            fail("node '{}' is declared {}, but gives {}", node.name, node.type.str(), expected.str());
        }
    }
    const TensorType& in = graph.type(graph.input());
    const TensorType& out = graph.type(graph.output());
    if (in.dtype != DType::kF32 || in.shape.rank() != 4)
        fail("the input must be f32 of rank 4, not {}", in.str());
    if (out.dtype != DType::kF32 || out.shape.rank() != 2 || out.shape[0] != in.shape[0]) {
        fail("the output must be f32 [batch, classes], not {}", out.str());
    }
}

}  // namespace espalier::graph
