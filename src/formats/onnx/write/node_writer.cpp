#include "formats/onnx/write/node_writer.h"

namespace espalier::formats::onnx {

std::string NodeWriter::label() const {
    return node().name.empty() ? std::string(graph::name(node().op)) : node().name;
}

std::string NodeWriter::add(Operation operation) {
    operation.output = model_.unique(label());
    std::string output = operation.output;
    model_.add(std::move(operation));
    return output;
}

std::string NodeWriter::add(std::string op_type, std::vector<std::string> inputs, Attributes attributes) {
    return add(Operation{std::move(op_type), std::move(inputs), "", std::move(attributes), ""});
}

std::string NodeWriter::call(const Function& function, std::vector<std::string> inputs,
                             Attributes attributes) {
    model_.use(function);
    return add(Operation{function.name, std::move(inputs), "", std::move(attributes), kFunctionDomain});
}

std::string NodeWriter::scalar(double value) {
    const float rounded = static_cast<float>(value);
    return tensor(label() + ".constant", Tensor::of<float>({}, {&rounded, 1}));
}

std::string NodeWriter::integers(const graph::Ints& values) {
    return tensor(label() + ".integers",
                  Tensor::of<std::int64_t>({static_cast<std::int64_t>(values.size())}, std::span(values)));
}

std::string NodeWriter::transposed(const std::string& x, const graph::Ints& perm) {
    return add("Transpose", {x}, {{"perm", perm}});
}

std::string NodeWriter::reshaped(const std::string& x, const graph::Ints& dims) {
    return add("Reshape", {x, integers(dims)});
}

}  // namespace espalier::formats::onnx
