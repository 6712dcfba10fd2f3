#include "models/save.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/random.h"
#include "base/temporary_folder.h"
#include "models/load.h"
#include "models/save_onnx.h"

namespace espalier::models {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

Model sample() { return load_model(fs::path(ESPALIER_SOURCE_DIR) / "tools/goldens/models/vit-plain"); }

void expect_same_graph(const graph::Graph& a, const graph::Graph& b) {
    EXPECT_EQ(graph::print(a), graph::print(b));
    ASSERT_EQ(a.size(), b.size());
    for (int i = 0; i < a.size(); ++i) {
        const auto id = static_cast<graph::NodeId>(i);
        const Tensor* left = a.constant(id);
        const Tensor* right = b.constant(id);
        ASSERT_EQ(left == nullptr, right == nullptr);
        if (!left) continue;
        EXPECT_EQ(left->dtype(), right->dtype());
        EXPECT_TRUE(std::ranges::equal(left->bytes(), right->bytes()));
    }
}

TEST(SaveModel, IsReadBackTheSame) {
    const TemporaryFolder folder;
    const Model model = sample();
    save_model(model, {{"tactic", "baseline"}}, folder.path() / "out");
    const Model back = load_model(folder.path() / "out");
    expect_same_graph(model.graph, back.graph);
    EXPECT_EQ(back.labels, model.labels);
    EXPECT_EQ(back.name, model.name);
    EXPECT_EQ(back.origin, model.origin);
    EXPECT_EQ(back.architecture, "vit");
    EXPECT_EQ(back.provenance_json, R"({"tactic":"baseline"})");
    EXPECT_EQ(back.processor.mean, model.processor.mean);
    EXPECT_EQ(back.processor.resize_extent, model.processor.resize_extent);
}

TEST(SaveModel, KeepsInt8Constants) {
    const TemporaryFolder folder;
    Model model = sample();
    graph::Graph graph;
    const auto x = graph.add_input("x", {DType::kF32, {1, 3, 16, 16}});
    const auto flat = graph.add(graph::Reshape{{0, -1}}, {x}, "flat");
    const std::vector<std::int8_t> codes(5 * 768, -7);
    const auto w = graph.add_constant("w", Tensor::of<std::int8_t>({5, 768}, codes));
    const auto scale = graph.add_constant("scale", Tensor::allocate(DType::kF32, {5}));
    graph.set_output(graph.add(graph::QuantizedLinear{}, {flat, w, scale}, "head"));
    model.graph = graph;
    save_model(model, nullptr, folder.path() / "out");
    expect_same_graph(graph, load_model(folder.path() / "out").graph);
}

TEST(SaveModel, KeepsBfloat16Constants) {
    const TemporaryFolder folder;
    Model model = sample();
    graph::Graph graph;
    const auto x = graph.add_input("x", {DType::kF32, {1, 3, 16, 16}});
    const auto flat = graph.add(graph::Reshape{{0, -1}}, {x}, "flat");
    const std::vector<float> values(5 * 768, -7.3f);
    const auto w = graph.add_constant("w", Tensor::of<float>({5, 768}, values).to_bf16());
    graph.set_output(graph.add(graph::Linear{}, {flat, w}, "head"));
    model.graph = graph;
    save_model(model, nullptr, folder.path() / "out");
    expect_same_graph(graph, load_model(folder.path() / "out").graph);
    EXPECT_LT(fs::file_size(folder.path() / "out/model.safetensors"), 2u * 5 * 768 + 1000);
}

TEST(SaveModel, OverwritesOnlyExportsAndOnlyWhenAsked) {
    const TemporaryFolder folder;
    const Model model = sample();
    const auto out = folder.path() / "out";
    fs::create_directories(out);
    save_model(model, 1, out);
    EXPECT_THROW(save_model(model, 2, out), Error);
    EXPECT_EQ(load_model(out).provenance_json, "1");
    save_model(model, 3, out, {.force = true});
    EXPECT_EQ(load_model(out).provenance_json, "3");
    const TemporaryFolder other;
    other.write("precious.txt", "x");
    EXPECT_THROW(save_model(model, 4, other.path(), {.force = true}), Error);
    EXPECT_TRUE(fs::exists(other.path() / "precious.txt"));
    // Nothing else is left beside the result.
    EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 1);
}

TEST(SaveModel, AnUnwritablePlaceIsToldAndLeavesNothing) {
    EXPECT_THROW(save_model(sample(), 1, "/proc/espalier/out"), Error);
}

TEST(SaveOnnx, AFolderIsReadBackWithLabelsAndProvenance) {
    const TemporaryFolder folder;
    Model model = sample();
    model.labels.front() = "\u732b, Größe \"\\\"";
    save_onnx_folder(model, {{"tactic", "baseline"}}, folder.path() / "out");
    const Model back = load_model(folder.path() / "out");
    EXPECT_EQ(back.labels, model.labels);
    EXPECT_EQ(back.architecture, "vit");
    EXPECT_EQ(back.provenance_json, R"({"tactic":"baseline"})");
    EXPECT_EQ(back.processor.mean, model.processor.mean);
    EXPECT_EQ(back.graph.type(back.graph.output()), model.graph.type(model.graph.output()));
    EXPECT_THROW(save_onnx_folder(model, 1, folder.path() / "out"), Error);
    // Either kind of export may take the place of the other.
    save_model(model, 2, folder.path() / "out", {.force = true});
    EXPECT_FALSE(fs::exists(folder.path() / "out/model.onnx"));
    save_onnx_folder(model, 3, folder.path() / "out", {.force = true});
    EXPECT_EQ(load_model(folder.path() / "out").provenance_json, "3");
}

TEST(SaveOnnx, OverwritesOnlyItsOwnFilesAndOnlyWhenAsked) {
    const TemporaryFolder folder;
    const Model model = sample();
    const auto file = folder.path() / "vit.onnx";
    save_onnx_file(model, {{"made_by", "a test"}}, file);
    EXPECT_THAT(read_text_file(file), HasSubstr("a test"));
    EXPECT_THROW(save_onnx_file(model, 1, file), Error);
    save_onnx_file(model, {{"made_by", "another"}}, file, {.force = true});
    EXPECT_THAT(read_text_file(file), HasSubstr("another"));
    folder.write("mine.onnx", "precious");
    EXPECT_THROW(save_onnx_file(model, 1, folder.path() / "mine.onnx", {.force = true}), Error);
    EXPECT_EQ(read_text_file(folder.path() / "mine.onnx"), "precious");
    EXPECT_THROW(save_onnx_file(model, 1, folder.path(), {.force = true}), Error);
    EXPECT_THROW(save_onnx_file(model, 1, folder.path() / "absent/vit.onnx"), Error);
    EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 2);
}

TEST(LoadExported, BrokenExportsAreRefused) {
    const TemporaryFolder folder;
    const auto out = folder.path() / "out";
    save_model(sample(), nullptr, out);
    const auto good = nlohmann::json::parse(read_text_file(out / "espalier.json"));
    const auto with = [&](const auto& change) {
        nlohmann::json bad = good;
        change(bad);
        fs::remove(out / "espalier.json");
        write_file_atomically(out / "espalier.json", bad.dump());
        try {
            load_model(out);
        } catch (const Error& error) {
            return std::string(error.what());
        }
        return std::string("no error");
    };
    EXPECT_THAT(with([](auto& j) { j["schema"] = "espalier.model/9"; }), HasSubstr("espalier.model/1"));
    EXPECT_THAT(with([](auto& j) { j.erase("graph"); }), HasSubstr("malformed"));
    EXPECT_THAT(with([](auto& j) { j["graph"]["nodes"][1]["name"] = "nope"; }),
                HasSubstr("lacks the tensor 'nope'"));
    EXPECT_THAT(with([](auto& j) { j["graph"]["nodes"][3]["inputs"][0] = 400; }),
                HasSubstr("does not exist"));
    EXPECT_THAT(with([](auto& j) { j["graph"]["nodes"][3]["op"] = "magic"; }),
                HasSubstr("unknown op 'magic'"));
    EXPECT_THAT(with([](auto& j) { j["graph"]["output"] = 3; }), HasSubstr("[batch, classes]"));
    EXPECT_EQ(with([](auto&) {}), "no error");
}

TEST(LoadExported, FlippedBytesNeverCrash) {
    const TemporaryFolder folder;
    const auto out = folder.path() / "out";
    save_model(sample(), nullptr, out);
    const std::string good = read_text_file(out / "espalier.json");
    Random random(3);
    int refused = 0;
    for (int round = 0; round < 150; ++round) {
        std::string bad = good;
        for (int flips = 0; flips < 2; ++flips)
            bad[random.below(bad.size())] = static_cast<char>('0' + random.below(75));
        fs::remove(out / "espalier.json");
        std::ofstream(out / "espalier.json") << bad;
        try {
            load_model(out, {.hash = false});
        } catch (const Error&) {
            ++refused;
        }
    }
    EXPECT_GT(refused, 50);
}

}  // namespace
}  // namespace espalier::models
