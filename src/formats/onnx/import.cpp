#include "formats/onnx/import.h"

#include <set>

#include "base/error.h"
#include "formats/onnx/translator.h"

namespace espalier::formats {

using namespace onnx;

namespace {

constexpr std::int64_t kLeastOpset = 11;
constexpr std::int64_t kMostOpset = 21;
/// No classifier looks at larger images or more channels.
constexpr std::int64_t kMostPixels = 8192;
constexpr std::int64_t kMostChannels = 1024;

/// The one input that is not a weight.
const ValueInfoProto& image_input(const GraphProto& graph) {
    std::set<std::string> weights;
    for (const TensorProto& tensor : graph.initializers) weights.insert(tensor.name);
    const ValueInfoProto* input = nullptr;
    for (const ValueInfoProto& candidate : graph.inputs) {
        if (weights.contains(candidate.name)) continue;
        if (input) {
            fail("a classifier has one input, but the model has at least '{}' and '{}'", input->name,
                 candidate.name);
        }
        input = &candidate;
    }
    if (!input) fail("the model has no input");
    return *input;
}

/// Whether the last axis holds the channels: 1, 3 or 4 stand there, and not behind the batch.
bool is_channels_last(const DeclaredShape& shape) {
    const auto like_channels = [](std::int64_t extent) { return extent == 1 || extent == 3 || extent == 4; };
    return like_channels(shape[3]) && !like_channels(shape[1]);
}

/// Adds the input as [n, c, h, w] and, for models that want the channels last, the transpose behind it.
NodeId add_input(TwinGraph& graph, const ValueInfoProto& input, const OnnxOptions& options) {
    const auto dtype = dtype_of(input.elem_type);
    if (!dtype || (*dtype != DType::kF32 && *dtype != DType::kF16)) {
        fail("the input '{}' must hold floating-point numbers (element type {})", input.name,
             input.elem_type);
    }
    if (!input.shape || input.shape->size() != 4) {
        fail("the input '{}' must be declared with 4 axes: batch, channels, height, width", input.name);
    }
    const bool last = is_channels_last(*input.shape);
    const auto known = [&](std::size_t axis, std::int64_t otherwise, std::int64_t most, const char* what) {
        const std::int64_t extent = (*input.shape)[axis] > 0 ? (*input.shape)[axis] : otherwise;
        if (extent < 1)
            fail("the model leaves the {} of its input '{}' open, and nothing else tells it", what,
                 input.name);
        if (extent > most)
            fail("the {} of the input '{}' is {}, more than {}", what, input.name, extent, most);
        return extent;
    };
    const std::int64_t channels = known(last ? 3 : 1, 3, kMostChannels, "number of channels");
    const std::int64_t height = known(last ? 1 : 2, options.height, kMostPixels, "height");
    const std::int64_t width = known(last ? 2 : 3, options.width, kMostPixels, "width");
    const NodeId pixels = graph.add_input(input.name, {1, channels, height, width});
    return last ? graph.add(graph::Transpose{{0, 2, 3, 1}}, {pixels}, input.name + ".channels_last") : pixels;
}

/// The first output; [n, classes, 1, 1] counts as logits too.
NodeId logits_of(const GraphProto& proto, Values& values, TwinGraph& graph) {
    if (proto.outputs.empty()) fail("the model has no output");
    const std::string& name = proto.outputs.front().name;
    const auto found = values.find(name);
    const auto* id = found == values.end() ? nullptr : std::get_if<NodeId>(&found->second.content);
    if (!id || *id == NodeId::kNone) fail("the output '{}' is not computed by any node", name);
    const Shape& shape = graph.type(*id).shape;
    if (shape.rank() <= 2 || shape.elements() != shape[1]) return *id;
    const auto extents = graph.extents(*id);
    return graph.reshape(*id, {extents[0], extents[1]}, name + ".flat");
}

graph::Graph translate(const ModelProto& model, const OnnxOptions& options, std::size_t file_bytes) {
    if (model.opset < kLeastOpset || model.opset > kMostOpset) {
        fail("it uses opset {} of ONNX; {} to {} are supported. Export it again with opset_version=17",
             model.opset, kLeastOpset, kMostOpset);
    }
    TwinGraph graph;
    Values values;
    Budget budget((std::size_t{64} << 20) + 4 * file_bytes);
    const ValueInfoProto& input = image_input(model.graph);
    values.emplace(input.name, Value{add_input(graph, input, options), input.name});
    define_initializers(model.graph.initializers, values);
    Translator(model, graph, budget).run(model.graph.nodes, model.opset, values);
    return graph.finish(logits_of(model.graph, values, graph));
}

}  // namespace

graph::Graph import_onnx(const std::filesystem::path& path, const OnnxOptions& options) {
    const ModelProto model = read_model(path);
    try {
        return translate(model, options, std::filesystem::file_size(path));
    } catch (const Error& error) {
        fail("{}: {}", path.string(), error.what());
    }
}

}  // namespace espalier::formats
