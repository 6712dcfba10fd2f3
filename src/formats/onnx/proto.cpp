#include "formats/onnx/proto.h"

#include "base/error.h"
#include "formats/onnx/proto_reader.h"

namespace espalier::formats::onnx {
namespace {

constexpr std::size_t kMostListNumbers = 1 << 16;

DeclaredShape declared_shape(WireReader reader) {
    DeclaredShape shape;
    while (reader.next()) {
        if (reader.field() != 1) continue;  // dim
        if (shape.size() == 16) fail("{}: a declared shape has more than 16 axes", reader.source());
        std::int64_t extent = -1;
        for (WireReader dim = reader.message(); dim.next();) {
            if (dim.field() == 1) extent = dim.integer();  // dim_value
        }
        shape.push_back(extent >= 0 ? extent : -1);
    }
    return shape;
}

void read_opset(WireReader reader, std::int64_t& opset) {
    std::string domain;
    std::int64_t version = 0;
    while (reader.next()) {
        if (reader.field() == 1) domain = reader.text();
        if (reader.field() == 2) version = reader.integer();
    }
    if (domain.empty() || domain == "ai.onnx") opset = version;
}

void count_names(const WireReader& reader, const std::string& owner, const std::vector<std::string>& inputs,
                 const std::vector<std::string>& outputs) {
    constexpr std::size_t kMostNames = 4096;
    if (inputs.size() > kMostNames || outputs.size() > kMostNames)
        fail("{}: '{}' has more than {} inputs or outputs", reader.source(), owner, kMostNames);
}

}  // namespace

void ProtoReader::count_message(const WireReader& reader) {
    constexpr int kMostMessages = 1 << 17;
    if (++messages_ > kMostMessages)
        fail("{} has more than {} nodes and attributes", reader.source(), kMostMessages);
}

AttributeProto ProtoReader::attribute(WireReader reader) {
    count_message(reader);
    AttributeProto attribute;
    while (reader.next()) {
        switch (reader.field()) {
            case 1:
                attribute.name = reader.text();
                break;
            case 2:
                attribute.f = reader.f32();
                break;
            case 3:
                attribute.i = reader.integer();
                break;
            case 4:
                attribute.s = reader.text();
                break;
            case 5:
                attribute.t = tensor(reader.message()).value;
                break;
            case 6:
                attribute.g = std::make_shared<const GraphProto>(graph(reader.message()));
                break;
            case 7:
                reader.append_floats(attribute.floats, kMostListNumbers);
                break;
            case 8:
                reader.append_integers(attribute.ints, kMostListNumbers);
                break;
            case 21:
                attribute.ref_attr_name = reader.text();
                break;
            default:
                break;
        }
    }
    return attribute;
}

NodeProto ProtoReader::node(WireReader reader) {
    count_message(reader);
    NodeProto node;
    while (reader.next()) {
        switch (reader.field()) {
            case 1:
                node.inputs.push_back(reader.text());
                break;
            case 2:
                node.outputs.push_back(reader.text());
                break;
            case 3:
                node.name = reader.text();
                break;
            case 4:
                node.op_type = reader.text();
                break;
            case 5: {
                AttributeProto read = attribute(reader.message());
                std::string name = read.name;
                node.attributes.insert_or_assign(std::move(name), std::move(read));
                break;
            }
            case 7:
                node.domain = reader.text();
                break;
            default:
                break;
        }
        count_names(reader, node.name, node.inputs, node.outputs);
    }
    return node;
}

ValueInfoProto ProtoReader::value_info(WireReader reader) {
    count_message(reader);
    ValueInfoProto info;
    while (reader.next()) {
        if (reader.field() == 1) info.name = reader.text();
        if (reader.field() != 2) continue;
        for (WireReader type = reader.message(); type.next();) {
            if (type.field() != 1) continue;  // tensor_type
            for (WireReader tensor_type = type.message(); tensor_type.next();) {
                if (tensor_type.field() == 1) info.elem_type = tensor_type.integer();
                if (tensor_type.field() == 2) info.shape = declared_shape(tensor_type.message());
            }
        }
    }
    return info;
}

GraphProto ProtoReader::graph(WireReader reader) {
    constexpr int kMostDepth = 16;
    if (++depth_ > kMostDepth) fail("{} nests graphs more than {} deep", reader.source(), kMostDepth);
    GraphProto graph;
    while (reader.next()) {
        switch (reader.field()) {
            case 1:
                graph.nodes.push_back(node(reader.message()));
                break;
            case 5:
                graph.initializers.push_back(tensor(reader.message()));
                break;
            case 11:
                graph.inputs.push_back(value_info(reader.message()));
                break;
            case 12:
                graph.outputs.push_back(value_info(reader.message()));
                break;
            case 15:
                fail("{}: sparse initializers are not supported", reader.source());
            default:
                break;
        }
    }
    --depth_;
    return graph;
}

FunctionProto ProtoReader::function(WireReader reader) {
    count_message(reader);
    FunctionProto function;
    while (reader.next()) {
        switch (reader.field()) {
            case 1:
                function.name = reader.text();
                break;
            case 4:
                function.inputs.push_back(reader.text());
                break;
            case 5:
                function.outputs.push_back(reader.text());
                break;
            case 7:
                function.nodes.push_back(node(reader.message()));
                break;
            case 9:
                read_opset(reader.message(), function.opset);
                break;
            case 10:
                function.domain = reader.text();
                break;
            case 11:
                function.defaults.push_back(attribute(reader.message()));
                break;
            default:
                break;
        }
        count_names(reader, function.name, function.inputs, function.outputs);
    }
    return function;
}

ModelProto ProtoReader::model(WireReader reader) {
    ModelProto model;
    bool has_graph = false;
    while (reader.next()) {
        if (reader.field() == 8) read_opset(reader.message(), model.opset);
        if (reader.field() == 25) model.functions.push_back(function(reader.message()));
        if (reader.field() != 7) continue;
        if (has_graph) fail("{} has two graphs", reader.source());
        has_graph = true;
        model.graph = graph(reader.message());
    }
    if (!has_graph) fail("{} is not an ONNX file: it holds no graph", reader.source());
    return model;
}

ModelProto read_model(const std::filesystem::path& path) {
    const std::string source = path.string();
    auto file = MappedFile::open(path);
    const auto bytes = file->bytes();
    return ProtoReader(path, std::move(file)).model(WireReader(bytes, source));
}

}  // namespace espalier::formats::onnx
