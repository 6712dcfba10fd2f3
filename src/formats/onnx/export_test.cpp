#include "formats/onnx/export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <numeric>

#include "base/error.h"
#include "base/file.h"
#include "base/temporary_folder.h"
#include "formats/onnx/import.h"
#include "formats/onnx/onnx_file_test.h"
#include "formats/onnx/proto.h"

namespace espalier::formats {
namespace {

using namespace graph;
using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

/// A folder for an exported model.
struct ExportFolder : TemporaryFolder {
    fs::path model() const { return path() / "model.onnx"; }
    fs::path data() const { return path() / "model.onnx.data"; }
    std::vector<std::string> files() const {
        std::vector<std::string> names;
        for (const auto& entry : fs::directory_iterator(path()))
            names.push_back(entry.path().filename().string());
        std::sort(names.begin(), names.end());
        return names;
    }
};

Tensor counting(const Shape& shape, float first = 0) {
    Tensor tensor = Tensor::allocate(DType::kF32, shape);
    const auto values = tensor.mutable_span<float>();
    std::iota(values.begin(), values.end(), first);
    return tensor;
}

/// Input [1, 3, 4, 4]; a head of `classes` with a weight large enough to be external.
Graph classifier(std::int64_t classes = 30) {
    Graph graph;
    const NodeId x = graph.add_input("image", {DType::kF32, {1, 3, 4, 4}});
    const NodeId rows = graph.add(Reshape{{0, -1}}, {x}, "rows");
    const NodeId w = graph.add_constant("head.weight", counting({classes, 48}));
    const NodeId b = graph.add_constant("head.bias", counting({classes}, 100));
    graph.set_output(graph.add(Linear{}, {rows, w, b}, "head"));
    return graph;
}

std::string error_of(const std::function<void()>& action) {
    try {
        action();
    } catch (const Error& error) {
        return error.what();
    }
    return "no error";
}

/// Every constant of a graph by name, as bytes.
std::map<std::string, std::string> constants_of(const Graph& graph) {
    std::map<std::string, std::string> constants;
    for (const Node& node : graph.nodes()) {
        const auto bytes = node.value.bytes();
        if (std::holds_alternative<Constant>(node.op)) {
            constants[node.name].assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        }
    }
    return constants;
}

TEST(ExportOnnx, NamesInputOutputAndWeightsAsUsersExpect) {
    const ExportFolder folder;
    export_onnx(classifier(), folder.model());
    const auto proto = onnx::read_model(SharedBytes::of_file(folder.model()), folder.model());
    EXPECT_EQ(proto.opset, 17);
    ASSERT_EQ(proto.graph.inputs.size(), 1u);
    EXPECT_EQ(proto.graph.inputs[0].name, "pixel_values");
    EXPECT_THAT(*proto.graph.inputs[0].shape, ElementsAre(-1, 3, 4, 4));
    EXPECT_EQ(proto.graph.outputs.at(0).name, "logits");
    EXPECT_THAT(*proto.graph.outputs[0].shape, ElementsAre(-1, 30));
    EXPECT_EQ(constants_of(import_onnx(folder.model())), constants_of(classifier()));
    EXPECT_THAT(folder.files(), ElementsAre("model.onnx"));
}

TEST(ExportOnnx, SaysWhoMadeTheFile) {
    const ExportFolder folder;
    export_onnx(classifier(), folder.model(),
                {.metadata = {{"tactic", "compile"}, {"source", "Größe/模型"}}});
    EXPECT_EQ(onnx_producer(folder.model()), kOnnxProducer);
    const std::string content = read_text_file(folder.model());
    EXPECT_THAT(content, HasSubstr("Größe/模型"));
    EXPECT_EQ(onnx_producer(folder.data()), "");
    write_file_atomically(folder.data(), "no protocol buffer");
    EXPECT_EQ(onnx_producer(folder.data()), "");
}

TEST(ExportOnnx, LargeWeightsLieBeside) {
    const ExportFolder folder;
    export_onnx(classifier(), folder.model(), {.metadata = {}, .most_inline_bytes = 1000});
    EXPECT_THAT(folder.files(), ElementsAre("model.onnx", "model.onnx.data"));
    EXPECT_EQ(fs::file_size(folder.data()), 30u * 48 * 4);
    EXPECT_LT(fs::file_size(folder.model()), 1000u);
    EXPECT_EQ(constants_of(import_onnx(folder.model())), constants_of(classifier()));
}

TEST(ExportOnnx, WhatCannotBeWrittenLeavesNothing) {
    const ExportFolder folder;
    const auto export_to = [](const fs::path& path, std::size_t most) {
        return error_of(
            [&] { export_onnx(classifier(), path, {.metadata = {}, .most_inline_bytes = most}); });
    };
    EXPECT_THAT(export_to("/proc/espalier/model.onnx", 1 << 20), HasSubstr("/proc/espalier/model.onnx"));
    EXPECT_THAT(export_to(folder.model() / "in_no_folder.onnx", 0), HasSubstr("No such file"));
    fs::create_directories(folder.model());
    // The data could be written, but the model could not.
    EXPECT_THAT(export_to(folder.model(), 0), HasSubstr("Is a directory"));
    EXPECT_THAT(folder.files(), ElementsAre("model.onnx"));
}

TEST(ExportOnnx, ValuesOfTheSameNameAreToldApart) {
    const ExportFolder folder;
    Graph graph;
    const NodeId x = graph.add_input("logits", {DType::kF32, {1, 3, 4, 4}});
    NodeId y = graph.add(Reshape{{0, -1}}, {x}, "pixel_values");
    for (const char* name : {"logits", "same", "same", "same.1", "", "", "logits", "Größe", "Größe"}) {
        const NodeId w = graph.add_constant(name, counting({1, 48}));
        y = graph.add(Binary{BinaryKind::kAdd}, {y, w}, name);
    }
    graph.set_output(y);
    export_onnx(graph, folder.model());
    const Graph again = import_onnx(folder.model());
    EXPECT_EQ(again.operations(), graph.operations());
    EXPECT_EQ(again.type(again.output()), graph.type(graph.output()));
}

TEST(ExportOnnx, ManyEqualNamesTakeLinearTime) {
    Graph graph;
    NodeId y = graph.add(Reshape{{0, -1}}, {graph.add_input("x", {DType::kF32, {1, 3, 4, 4}})}, "a");
    for (int i = 0; i < 20000; ++i) y = graph.add(Unary{UnaryKind::kRelu}, {y}, "a");
    graph.set_output(y);
    const ExportFolder folder;
    export_onnx(graph, folder.model());
    EXPECT_EQ(import_onnx(folder.model()).operations(), 20001);
}

TEST(ExportOnnx, AConstantOutputIsRepeatedForEveryImage) {
    const ExportFolder folder;
    Graph graph;
    graph.add_input("image", {DType::kF32, {1, 3, 4, 4}});
    graph.set_output(graph.add_constant("prior", counting({1, 5})));
    verify(graph);
    export_onnx(graph, folder.model());
    const Graph again = import_onnx(folder.model());
    EXPECT_EQ(with_batch(again, 7).type(again.output()).shape, (Shape{7, 5}));
    EXPECT_EQ(constants_of(again).at("prior"), constants_of(graph).at("prior"));
}

TEST(ExportOnnx, ScalarsAndEmptyAxesSurvive) {
    const ExportFolder folder;
    Graph graph;
    const NodeId x = graph.add_input("image", {DType::kF32, {1, 3, 4, 4}});
    const NodeId scalar = graph.add_constant("scalar", counting({}, 2.5f));
    const NodeId nothing = graph.add(Slice{.axis = 1, .begin = 2, .end = 1}, {x}, "nothing");
    const NodeId joined = graph.add(Concat{1}, {nothing, x, nothing}, "joined");
    const NodeId scaled = graph.add(Binary{BinaryKind::kMul}, {joined, scalar}, "scaled");
    graph.set_output(graph.add(Reshape{{0, -1}}, {scaled}, "rows"));
    export_onnx(graph, folder.model());
    const Graph again = import_onnx(folder.model());
    EXPECT_EQ(again.type(again.output()).shape, (Shape{1, 48}));
    EXPECT_EQ(constants_of(again).at("scalar"), constants_of(graph).at("scalar"));
}

TEST(ExportOnnx, WhatNothingUsesIsNotWritten) {
    const ExportFolder folder;
    Graph graph = classifier();
    graph.add_constant("unused", counting({1000}));
    export_onnx(graph, folder.model());
    EXPECT_LT(fs::file_size(folder.model()), 30u * 48 * 4 + 1500);
}

TEST(ImportOnnx, MalformedCallsOfOurFunctionsAreRefused) {
    const ExportFolder folder;
    const auto error = [&](onnx::Message call, const std::vector<onnx::Message>& tensors) {
        call.text(7, "espalier");
        const onnx::Message rows = onnx::node("Flatten", {"x"}, {"rows"});
        write_file_atomically(folder.model(), onnx::model({rows, call}, tensors).bytes());
        return error_of([&] { import_onnx(folder.model()); });
    };
    const auto scale = onnx::float_tensor("s", {2}, {1, 1});
    const auto floats = onnx::float_tensor("w", {48, 2}, std::vector<float>(96));
    EXPECT_THAT(error(onnx::node("Magic", {"x"}, {"y"}), {}), HasSubstr("espalier::Magic is not supported"));
    EXPECT_THAT(error(onnx::node("QuantizedLinear", {"rows"}, {"y"}), {}), HasSubstr("input 1 is required"));
    EXPECT_THAT(error(onnx::node("QuantizedLinear", {"rows", "w", "s", "s"}, {"y"}), {floats, scale}),
                HasSubstr("i8"));
    EXPECT_THAT(error(onnx::node("QuantizedLinear", {"rows", "s", "s", "s"}, {"y"}), {scale}),
                HasSubstr("constant matrix"));
    EXPECT_THAT(error(onnx::node("QuantizedConv", {"x", "w", "s", "s"}, {"y"}), {floats, scale}),
                HasSubstr("pads"));
}

}  // namespace
}  // namespace espalier::formats
