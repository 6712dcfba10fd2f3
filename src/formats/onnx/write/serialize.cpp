#include "formats/onnx/write/serialize.h"

#include <array>

#include "base/version.h"
#include "formats/onnx/proto.h"

namespace espalier::formats::onnx {
namespace {

/// The versions of opset 17, the first with LayerNormalization.
constexpr std::int64_t kIrVersion = 8;
constexpr std::int64_t kOpset = 17;

/// Memory pages, so that the file can be mapped tensor by tensor.
constexpr std::size_t kPage = 4096;
constexpr std::array<std::byte, kPage> kZeros{};

/// AttributeProto.AttributeType.
enum { kFloatType = 1, kIntType = 2, kTensorType = 4, kIntsType = 7 };

Message entry(std::string_view key, std::string_view value) {
    return std::move(Message().text(1, key).text(2, value));
}

/// Everything of a TensorProto but its data.
Message tensor_header(std::string_view name, const Tensor& tensor) {
    Message message;
    for (const std::int64_t extent : tensor.shape().extents()) message.integer(1, extent);
    message.integer(2, data_type_of(tensor.dtype()));
    if (!name.empty()) message.text(8, name);
    return message;
}

Message inline_tensor(std::string_view name, const Tensor& tensor) {
    return std::move(tensor_header(name, tensor).borrowed(9, tensor.bytes()));
}

Message external_tensor(std::string_view name, const Tensor& tensor, std::size_t& offset,
                        ExternalData& external) {
    const std::size_t gap = (kPage - offset % kPage) % kPage;
    external.pieces.push_back(std::span(kZeros).first(gap));
    external.pieces.push_back(tensor.bytes());
    offset += gap;
    Message message = tensor_header(name, tensor);
    message.message(13, entry("location", external.file_name))
        .message(13, entry("offset", std::to_string(offset)))
        .message(13, entry("length", std::to_string(tensor.size_bytes())))
        .integer(14, 1);
    offset += tensor.size_bytes();
    return message;
}

void put(Message& to, std::int64_t value) { to.integer(3, value).integer(20, kIntType); }
void put(Message& to, float value) { to.f32(2, value).integer(20, kFloatType); }
void put(Message& to, const Tensor& value) {
    to.message(5, inline_tensor("", value)).integer(20, kTensorType);
}
void put(Message& to, const FromCaller& value) { to.integer(20, value.type).text(21, value.name); }
void put(Message& to, const std::vector<std::int64_t>& value) {
    for (const std::int64_t element : value) to.integer(8, element);
    to.integer(20, kIntsType);
}

Message serialize(const Operation& operation) {
    Message message;
    for (const std::string& input : operation.inputs) message.text(1, input);
    message.text(2, operation.output).text(3, operation.output).text(4, operation.op_type);
    for (const auto& [name, value] : operation.attributes) {
        Message attribute;
        attribute.text(1, name);
        std::visit([&](const auto& content) { put(attribute, content); }, value);
        message.message(5, attribute);
    }
    if (!operation.domain.empty()) message.text(7, operation.domain);
    return message;
}

Message opset(std::string_view domain, std::int64_t version) {
    return std::move(Message().text(1, domain).integer(2, version));
}

Message serialize(const Function& function) {
    Message message;
    message.text(1, function.name);
    for (const std::string& input : function.inputs) message.text(4, input);
    message.text(5, function.body.back().output);
    for (const std::string& attribute : function.attributes) message.text(6, attribute);
    for (const Operation& operation : function.body) message.message(7, serialize(operation));
    message.message(9, opset("", kOpset)).text(10, kFunctionDomain);
    return message;
}

/// A ValueInfoProto of f32 with an open batch.
Message value_info(std::string_view name, const Shape& shape) {
    Message dims;
    dims.message(1, Message().text(2, "N"));
    for (int axis = 1; axis < shape.rank(); ++axis) dims.message(1, Message().integer(1, shape[axis]));
    const Message tensor_type = Message().integer(1, data_type_of(DType::kF32)).message(2, dims);
    return std::move(Message().text(1, name).message(2, Message().message(1, tensor_type)));
}

Message serialize_graph(const ModelFile& model, ExternalData* external) {
    Message graph;
    for (const Operation& operation : model.operations) graph.message(1, serialize(operation));
    graph.text(2, "classifier");
    std::size_t offset = 0;
    for (const auto& [name, tensor] : model.initializers) {
        const bool beside = external && tensor.size_bytes() >= kPage;
        graph.message(
            5, beside ? external_tensor(name, tensor, offset, *external) : inline_tensor(name, tensor));
    }
    graph.message(11, value_info(model.input, model.input_shape));
    graph.message(12, value_info(model.output, model.output_shape));
    return graph;
}

}  // namespace

Message serialize(const ModelFile& model, ExternalData* external) {
    Message message;
    message.integer(1, kIrVersion).text(2, model.producer).text(3, kVersion);
    message.message(7, serialize_graph(model, external)).message(8, opset("", kOpset));
    if (!model.functions.empty()) message.message(8, opset(kFunctionDomain, kFunctionVersion));
    for (const auto& [key, value] : model.metadata) message.message(14, entry(key, value));
    for (const Function* function : model.functions) message.message(25, serialize(*function));
    return message;
}

}  // namespace espalier::formats::onnx
