#include <fmt/ranges.h>

#include <string>
#include <type_traits>

#include "graph/graph.h"

namespace espalier::graph {
namespace {

template <typename T>
std::string text(const T& value) {
    if constexpr (std::is_same_v<T, Activation>) {
        if (!value.present) return "none";
        if (value.kind != UnaryKind::kClip) return std::string(name(value.kind));
        return fmt::format("clip({}, {})", value.lo, value.hi);
    } else if constexpr (std::is_same_v<T, Codes>) {
        return fmt::format("u8({}, {})", value.scale, value.zero_point);
    } else if constexpr (std::is_enum_v<T>) {
        return std::string(name(value));
    } else {
        return fmt::format("{}", value);
    }
}

std::string operand(const Graph& graph, NodeId id) {
    if (id == NodeId::kNone) return "-";
    return graph.as<Constant>(id) ? graph[id].name : fmt::format("%{}", static_cast<int>(id));
}

}  // namespace

std::string print(const Op& op) {
    return std::visit(
        [](const auto& o) {
            using O = std::remove_cvref_t<decltype(o)>;
            std::string line(O::kName);
            std::apply(
                [&](const auto&... field) {
                    const O standard;
                    const auto one = [&](const auto& f) {
                        if (!(o.*(f.member) == standard.*(f.member))) {
                            line += fmt::format(" {}={}", f.name, text(o.*(f.member)));
                        }
                    };
                    (void)one;
                    (void)standard;
                    (one(field), ...);
                },
                O::fields());
            return line;
        },
        op);
}

std::string print(const Graph& graph) {
    std::string result;
    for (int i = 0; i < graph.size(); ++i) {
        const Node& node = graph[static_cast<NodeId>(i)];
        if (std::holds_alternative<Constant>(node.op)) continue;
        std::vector<std::string> inputs;
        for (const NodeId id : node.inputs) inputs.push_back(operand(graph, id));
        result += fmt::format("%{} = {} ({}) : {}  # {}\n", i, print(node.op), fmt::join(inputs, ", "),
                              node.type.str(), node.name);
    }
    return result + fmt::format("output {}\n", operand(graph, graph.output()));
}

}  // namespace espalier::graph
