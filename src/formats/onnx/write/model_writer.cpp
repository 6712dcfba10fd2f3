#include "formats/onnx/write/model_writer.h"

#include <algorithm>

#include "formats/onnx/write/writers.h"

namespace espalier::formats::onnx {

using graph::NodeId;

namespace {

/// What every tool that runs image classifiers expects them to be called.
constexpr const char* kInputName = "pixel_values";
constexpr const char* kOutputName = "logits";

/// Up to this many bytes, equal tensors are written once: the constants of formulas.
constexpr std::size_t kSmallBytes = 64;

/// Two tensors are the same when their keys are.
std::string key_of(const Tensor& tensor) {
    const auto bytes = tensor.bytes();
    return fmt::format("{}{}", name(tensor.dtype()), tensor.shape().str()) +
           std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

void rename(std::vector<Operation>& operations, const std::string& from, const std::string& to) {
    for (Operation& operation : operations) {
        std::replace(operation.inputs.begin(), operation.inputs.end(), from, to);
        if (operation.output == from) operation.output = to;
    }
}

}  // namespace

ModelWriter::ModelWriter(const graph::Graph& graph)
    : graph_(graph), values_(static_cast<std::size_t>(graph.size())) {
    names_ = {{kInputName, 1}, {kOutputName, 1}};
    const Shape& input = graph.type(graph.input()).shape;
    const Shape& output = graph.type(graph.output()).shape;
    model_.input = kInputName;
    model_.input_shape = input;
    model_.output = kOutputName;
    model_.output_shape = output;
    values_[static_cast<std::size_t>(graph.input())] = kInputName;
}

std::string ModelWriter::unique(std::string_view wanted) {
    // An empty name means that there is no value.
    if (wanted.empty()) wanted = "value";
    std::string candidate(wanted);
    for (int& number = names_[candidate]; number > 0;) {
        std::string numbered = fmt::format("{}.{}", wanted, number++);
        if (!names_.contains(numbered)) {
            candidate = std::move(numbered);
            break;
        }
    }
    ++names_[candidate];
    return candidate;
}

std::string ModelWriter::add_initializer(std::string_view wanted, const Tensor& tensor) {
    const bool small = tensor.size_bytes() <= kSmallBytes;
    const std::string key = small ? key_of(tensor) : "";
    if (const auto found = small_initializers_.find(key); small && found != small_initializers_.end()) {
        return found->second;
    }
    std::string name = unique(wanted);
    if (small) small_initializers_.emplace(key, name);
    model_.initializers.emplace_back(name, tensor);
    return name;
}

void ModelWriter::use(const Function& function) {
    auto& functions = model_.functions;
    if (std::find(functions.begin(), functions.end(), &function) == functions.end())
        functions.push_back(&function);
}

const std::string& ModelWriter::value(NodeId id) {
    std::string& value = values_[static_cast<std::size_t>(id)];
    if (value.empty()) {
        NodeWriter writer(*this, id);
        value = std::visit([&](const auto& op) { return write_op(writer, op); }, graph_[id].op);
    }
    return value;
}

/// The value of the output, given by an operation of its own. A constant is the same for every image.
std::string ModelWriter::output_value() {
    const NodeId id = graph_.output();
    if (!graph_.constant(id)) return value(id);
    NodeWriter writer(*this, id);
    return write_repeated(writer, value(id), graph_.type(id).shape.rank(), model_.input);
}

ModelFile ModelWriter::write() {
    for (int i = 0; i < graph_.size(); ++i) {
        if (!graph_.constant(static_cast<NodeId>(i))) value(static_cast<NodeId>(i));
    }
    rename(model_.operations, output_value(), model_.output);
    return std::move(model_);
}

}  // namespace espalier::formats::onnx
