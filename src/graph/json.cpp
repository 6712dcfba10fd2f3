#include "graph/json.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"

namespace espalier::graph {
namespace {

using nlohmann::json;

constexpr const char* kSchema = "espalier.graph/1";

template <typename E>
E parse_enum(const json& value) {
    const auto text = value.get<std::string>();
    for (int i = 0; i < count_of(E{}); ++i) {
        if (name(static_cast<E>(i)) == text) return static_cast<E>(i);
    }
    fail("unknown value '{}'", text);
}

template <typename T>
json write(const T& value) {
    if constexpr (std::is_same_v<T, Activation>) {
        if (!value.present) return nullptr;
        return {{"kind", name(value.kind)}, {"lo", value.lo}, {"hi", value.hi}};
    } else if constexpr (std::is_same_v<T, Codes>) {
        if (!value.present) return nullptr;
        return {{"scale", value.scale}, {"zero_point", value.zero_point}};
    } else if constexpr (std::is_enum_v<T>) {
        return name(value);
    } else {
        return value;
    }
}

template <typename T>
void read(const json& from, T& value) {
    if constexpr (std::is_same_v<T, Activation>) {
        value.present = !from.is_null();
        if (!value.present) return;
        value.kind = parse_enum<UnaryKind>(from.at("kind"));
        value.lo = from.at("lo").get<double>();
        value.hi = from.at("hi").get<double>();
    } else if constexpr (std::is_same_v<T, Codes>) {
        value.present = !from.is_null();
        if (!value.present) return;
        value.scale = from.at("scale").get<double>();
        value.zero_point = from.at("zero_point").get<std::int64_t>();
    } else if constexpr (std::is_enum_v<T>) {
        value = parse_enum<T>(from);
    } else {
        from.get_to(value);
    }
}

template <typename O>
bool read_op_as(const std::string& op_name, const json& attributes, std::optional<Op>& result) {
    if (O::kName != op_name) return false;
    O op;
    for_each_field(op, [&](std::string_view field, auto& value) {
        const auto found = attributes.find(std::string(field));
        if (found == attributes.end()) {
            // Files written before ops could hand on codes do not speak of them.
            if constexpr (std::is_same_v<std::remove_cvref_t<decltype(value)>, Codes>) return;
            fail("attribute '{}' is missing", field);
        }
        read(*found, value);
    });
    result = std::move(op);
    return true;
}

template <typename... Os>
Op read_op(const std::string& op_name, const json& attributes, const std::variant<Os...>*) {
    std::optional<Op> result;
    if (!(read_op_as<Os>(op_name, attributes, result) || ...)) fail("unknown op '{}'", op_name);
    return std::move(*result);
}

json write_attributes(const Op& op) {
    json attributes = json::object();
    std::visit(
        [&](const auto& o) {
            for_each_field(o, [&](std::string_view field, const auto& value) {
                attributes[std::string(field)] = write(value);
            });
        },
        op);
    return attributes;
}

void add_node(Graph& graph, const json& node, const std::function<Tensor(const std::string&)>& constant) {
    const auto op = node.at("op").get<std::string>();
    const auto node_name = node.at("name").get<std::string>();
    if (op == Input::kName) {
        graph.add_input(node_name, {parse_dtype(node.at("dtype").get<std::string>()),
                                    Shape(node.at("shape").get<std::vector<std::int64_t>>())});
    } else if (op == Constant::kName) {
        const NodeId added = graph.add_constant(node_name, constant(node_name));
        if (graph[added].name != node_name) fail("the constant '{}' is declared twice", node_name);
    } else {
        std::vector<NodeId> inputs;
        for (const auto& input : node.at("inputs"))
            inputs.push_back(static_cast<NodeId>(input.get<std::int32_t>()));
        graph.add(read_op(op, node.at("attributes"), static_cast<const Op*>(nullptr)), std::move(inputs),
                  node_name);
    }
}

}  // namespace

json to_json(const Graph& graph) {
    json nodes = json::array();
    for (const Node& node : graph.nodes()) {
        json entry = {{"op", name(node.op)}, {"name", node.name}};
        if (std::holds_alternative<Input>(node.op)) {
            entry["dtype"] = name(node.type.dtype);
            entry["shape"] = node.type.shape.extents();
        } else if (!std::holds_alternative<Constant>(node.op)) {
            for (const NodeId id : node.inputs) entry["inputs"].push_back(static_cast<std::int32_t>(id));
            entry["attributes"] = write_attributes(node.op);
        }
        nodes.push_back(std::move(entry));
    }
    return {{"schema", kSchema}, {"nodes", nodes}, {"output", static_cast<std::int32_t>(graph.output())}};
}

Graph graph_from_json(const json& document, const std::function<Tensor(const std::string&)>& constant) {
    try {
        if (document.at("schema") != kSchema) {
            fail("the graph's schema is {}, but {} was expected", document.at("schema").dump(), kSchema);
        }
        Graph graph;
        for (const auto& node : document.at("nodes")) {
            try {
                add_node(graph, node, constant);
            } catch (const json::exception& error) {
                fail("node {} of the graph is malformed: {}", graph.size(), error.what());
            }
        }
        const auto output = document.at("output").get<std::int32_t>();
        if (output < 0 || output >= graph.size()) fail("the graph's output {} does not exist", output);
        graph.set_output(static_cast<NodeId>(output));
        verify(graph);
        return graph;
    } catch (const json::exception& error) {
        fail("the graph is malformed: {}", error.what());
    }
}

}  // namespace espalier::graph
