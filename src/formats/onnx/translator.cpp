#include "formats/onnx/translator.h"

#include <algorithm>

#include "base/error.h"
#include "formats/onnx/node_order.h"
#include "formats/onnx/parsers.h"

namespace espalier::formats::onnx {
namespace {

/// A few functions that call each other twice could stand for any number of nodes.
constexpr int kMostSteps = 1 << 17;
constexpr int kMostDepth = 32;

bool is_standard(const std::string& domain) { return domain.empty() || domain == "ai.onnx"; }

std::string label(const NodeProto& node) {
    if (!node.name.empty()) return node.name;
    return node.outputs.empty() ? node.op_type : node.outputs.front();
}

/// The node as it stands in a function called with those attributes.
NodeProto with_attributes_of(const NodeProto& body, const NodeProto& caller, const FunctionProto& function) {
    NodeProto node = body;
    for (auto& [name, attribute] : node.attributes) {
        if (attribute.ref_attr_name.empty()) continue;
        const std::string wanted = attribute.ref_attr_name;
        const auto given = caller.attributes.find(wanted);
        const auto fallback = std::find_if(function.defaults.begin(), function.defaults.end(),
                                           [&](const AttributeProto& a) { return a.name == wanted; });
        if (given != caller.attributes.end()) {
            attribute = given->second;
        } else if (fallback != function.defaults.end()) {
            attribute = *fallback;
        }
    }
    std::erase_if(node.attributes, [](const auto& entry) { return !entry.second.ref_attr_name.empty(); });
    node.name = label(caller) + "/" + label(body);
    return node;
}

}  // namespace

void define_initializers(std::span<const TensorProto> initializers, Values& values) {
    for (const TensorProto& tensor : initializers) {
        if (!values.emplace(tensor.name, Value{tensor.value, tensor.name}).second)
            fail("the name '{}' is defined twice", tensor.name);
    }
}

Translator::Translator(const ModelProto& model, TwinGraph& graph, Budget& budget)
    : graph_(graph), budget_(budget) {
    for (const FunctionProto& function : model.functions)
        functions_.emplace(std::pair{function.domain, function.name}, &function);
}

void Translator::enter() {
    if (++depth_ > kMostDepth) fail("functions and branches nest more than {} deep", kMostDepth);
}

void Translator::run(std::span<const NodeProto> nodes, std::int64_t opset, Values& values) {
    enter();
    for (const NodeProto* node : in_order(nodes)) step(*node, opset, values);
    --depth_;
}

void Translator::step(const NodeProto& node, std::int64_t opset, Values& values) {
    if (++steps_ > kMostSteps) fail("the functions of the model stand for more than {} nodes", kMostSteps);
    const auto function = functions_.find({node.domain, node.op_type});
    if (function != functions_.end()) return inline_function(*function->second, node, opset, values);
    if (is_standard(node.domain) && node.op_type == "If") return branch(node, opset, values);
    const Parser parser = find_parser(node.domain, node.op_type);
    if (!parser) {
        fail("node '{}': the operation {}{}{} is not supported", label(node),
             is_standard(node.domain) ? "" : node.domain, is_standard(node.domain) ? "" : "::", node.op_type);
    }
    try {
        Call call(node, opset, values, graph_, budget_);
        parser(call);
    } catch (const Error& error) {
        fail("node '{}' ({}): {}", label(node), node.op_type, error.what());
    }
}

/// Names within the branch are its own: they go away behind it.
void Translator::branch(const NodeProto& node, std::int64_t opset, Values& values) {
    Call call(node, opset, values, graph_, budget_);
    const auto condition = call.integers(0);
    if (!condition || condition->elements.size() != 1 || !condition->elements[0].known())
        fail("node '{}' (If): the condition is not known before the model runs", label(node));
    const auto& body = call.attribute(condition->elements[0].constant != 0 ? "then_branch" : "else_branch").g;
    if (!body || body->outputs.size() != node.outputs.size())
        fail("node '{}' (If): its branch does not have {} outputs", label(node), node.outputs.size());
    const auto defined_before = [&](const std::string& name) { return values.contains(name); };
    std::vector<std::string> own;
    for (const TensorProto& tensor : body->initializers) own.push_back(tensor.name);
    for (const NodeProto& inner : body->nodes)
        own.insert(own.end(), inner.outputs.begin(), inner.outputs.end());
    std::erase_if(own, defined_before);
    define_initializers(body->initializers, values);
    run(body->nodes, opset, values);
    std::vector<Value> results;
    for (const ValueInfoProto& output : body->outputs) {
        const auto found = values.find(output.name);
        if (found == values.end())
            fail("node '{}' (If): its branch does not compute '{}'", label(node), output.name);
        if (found->second.dynamic) fail("node '{}' (If): it cuts a quantized product apart", label(node));
        results.push_back(found->second);
    }
    for (const std::string& name : own) values.erase(name);
    for (std::size_t i = 0; i < results.size(); ++i) call.give(std::move(results[i].content), i);
}

void Translator::inline_function(const FunctionProto& function, const NodeProto& node, std::int64_t opset,
                                 Values& values) {
    Call call(node, opset, values, graph_, budget_);
    if (node.inputs.size() > function.inputs.size() || node.outputs.size() > function.outputs.size())
        fail("node '{}': the function {} takes and gives fewer values", label(node), function.name);
    Values own;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
        if (call.has(i)) own.emplace(function.inputs[i], call.input(i));
    }
    const std::int64_t version = function.opset != 0 ? function.opset : opset;
    enter();
    for (const NodeProto& inner : function.nodes)
        step(with_attributes_of(inner, node, function), version, own);
    --depth_;
    for (std::size_t i = 0; i < node.outputs.size(); ++i) {
        const auto found = own.find(function.outputs[i]);
        if (found == own.end())
            fail("node '{}': the function {} does not compute '{}'", label(node), function.name,
                 function.outputs[i]);
        if (found->second.dynamic)
            fail("node '{}': the function cuts a quantized product apart", label(node));
        call.give(found->second.content, i);
    }
}

}  // namespace espalier::formats::onnx
