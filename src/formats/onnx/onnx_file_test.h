#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "formats/onnx/message.h"

namespace espalier::formats::onnx {

/// A TensorProto of f32 numbers in raw_data.
inline Message float_tensor(std::string_view name, const std::vector<std::int64_t>& dims,
                            const std::vector<float>& values) {
    Message tensor;
    for (const std::int64_t dim : dims) tensor.integer(1, dim);
    tensor.integer(2, 1).text(8, name);
    return tensor.text(9, {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)});
}

/// A NodeProto without attributes.
inline Message node(std::string_view op, const std::vector<std::string>& inputs,
                    const std::vector<std::string>& outputs) {
    Message message;
    for (const auto& input : inputs) message.text(1, input);
    for (const auto& output : outputs) message.text(2, output);
    return message.text(3, std::string("the ") + std::string(op)).text(4, op);
}

/// A ValueInfoProto of f32; extents below 0 are left open.
inline Message value_info(std::string_view name, const std::vector<std::int64_t>& dims, int elem_type = 1) {
    Message shape;
    for (const std::int64_t dim : dims) {
        shape.message(1, dim < 0 ? Message().text(2, "N") : Message().integer(1, dim));
    }
    const Message tensor_type = Message().integer(1, elem_type).message(2, shape);
    return Message().text(1, name).message(2, Message().message(1, tensor_type));
}

/// A ModelProto: input "x" of shape [N, 3, 4, 4], output "y", and the given nodes and initializers.
inline Message model(const std::vector<Message>& nodes, const std::vector<Message>& initializers = {},
                     std::int64_t opset = 17, const std::vector<std::int64_t>& input = {-1, 3, 4, 4}) {
    Message graph;
    for (const Message& n : nodes) graph.message(1, n);
    for (const Message& tensor : initializers) graph.message(5, tensor);
    graph.message(11, value_info("x", input)).message(12, value_info("y", {-1, -1}));
    return Message().integer(1, 8).message(7, graph).message(8, Message().integer(2, opset));
}

}  // namespace espalier::formats::onnx
