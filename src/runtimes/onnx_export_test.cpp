// What is exported to ONNX answers, loaded again, as it did before: every op, and whole models under every
// tactic.

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "base/random.h"
#include "base/temporary_folder.h"
#include "engine/session.h"
#include "formats/onnx/export.h"
#include "formats/onnx/import.h"
#include "models/load.h"
#include "models/save_onnx.h"
#include "tactics/tactic.h"

namespace espalier::runtimes {
namespace {

namespace fs = std::filesystem;
using namespace graph;

Tensor noise(const Shape& shape, std::uint64_t seed) {
    Tensor tensor = Tensor::allocate(DType::kF32, shape);
    Random random(seed);
    for (float& value : tensor.mutable_span<float>()) value = static_cast<float>(random.uniform() * 2 - 1);
    return tensor;
}

/// The largest difference of two results over the largest magnitude.
double difference(const Tensor& a, const Tensor& b) {
    EXPECT_EQ(a.shape(), b.shape());
    double largest = 0;
    double error = 0;
    for (std::size_t i = 0; i < a.span<float>().size(); ++i) {
        largest = std::max(largest, static_cast<double>(std::abs(a.span<float>()[i])));
        error = std::max(error, static_cast<double>(std::abs(a.span<float>()[i] - b.span<float>()[i])));
    }
    return error / std::max(largest, 1e-30);
}

/// A graph with one op in it: input [1, 6, 8, 10], and what becomes of it as logits.
class Sample {
  public:
    Sample() : input(graph.add_input("image", {DType::kF32, {1, 6, 8, 10}})) {}

    NodeId weight(const Shape& shape, double lowest = -1) {
        Tensor tensor = noise(shape, ++seed_);
        for (float& value : tensor.mutable_span<float>()) value = std::max(value, static_cast<float>(lowest));
        return graph.add_constant("weight", tensor);
    }
    NodeId codes(const Shape& shape) {
        const Tensor values = noise(shape, ++seed_);
        std::vector<std::int8_t> rounded;
        for (const float value : values.span<float>())
            rounded.push_back(static_cast<std::int8_t>(127 * value));
        return graph.add_constant("codes", Tensor::of<std::int8_t>(shape, rounded));
    }
    /// u8 codes about 100.
    NodeId quantized(NodeId x) {
        const std::uint8_t zero = 100;
        const NodeId at = graph.add_constant("zero", Tensor::of<std::uint8_t>({}, {&zero, 1}));
        return add(QuantizeLinear{}, {x, number(0.01f), at});
    }
    NodeId dequantized(NodeId codes, float scale, std::uint8_t zero) {
        const NodeId at = graph.add_constant("zero", Tensor::of<std::uint8_t>({}, {&zero, 1}));
        return add(DequantizeLinear{}, {codes, number(scale), at});
    }
    NodeId number(float value, const Shape& shape = {}) {
        return graph.add_constant("number", Tensor::of<float>(shape, {&value, 1}));
    }
    NodeId add(const Op& op, std::vector<NodeId> inputs) {
        // Names that occur twice, are empty, or are those of the model's own values.
        static constexpr const char* kNames[] = {"node", "", "logits", "pixel_values", "Größe"};
        return graph.add(op, std::move(inputs), kNames[static_cast<std::size_t>(graph.size()) % 5]);
    }
    /// [n, 80, 6]
    NodeId tokens() { return add(Transpose{{0, 2, 1}}, {add(Reshape{{0, 6, -1}}, {input})}); }
    Graph finish(NodeId y) {
        graph.set_output(add(Reshape{{0, -1}}, {y}));
        verify(graph);
        return graph;
    }

    Graph graph;
    NodeId input;

  private:
    std::uint64_t seed_ = 0;
};

Activation activation(UnaryKind kind) { return {true, kind, -0.5, 0.75}; }

using Builder = std::function<NodeId(Sample&)>;

/// Every op with options that matter.
std::vector<std::pair<std::string, Builder>> samples() {
    std::vector<std::pair<std::string, Builder>> all{
        {"conv2d",
         [](Sample& s) {
             const Conv2d op{.stride = {2, 1},
                             .pad = {0, 1, 2, 1},
                             .dilation = {1, 2},
                             .groups = 2,
                             .activation = activation(UnaryKind::kSilu)};
             const NodeId residual = s.add(BroadcastBatch{}, {s.weight({1, 4, 4, 10}), s.input});
             return s.add(op, {s.input, s.weight({4, 3, 3, 2}), NodeId::kNone, residual});
         }},
        {"quantized_conv2d",
         [](Sample& s) {
             const QuantizedConv2d op{.stride = {1, 2},
                                      .pad = {1, 0, 1, 2},
                                      .dilation = {2, 1},
                                      .groups = 2,
                                      .activation = activation(UnaryKind::kRelu)};
             return s.add(op, {s.input, s.codes({4, 3, 3, 2}), s.weight({4}, 0.01), s.weight({4})});
         }},
        {"quantized_conv2d_of_pixels",
         [](Sample& s) {
             const QuantizedConv2d op{.scheme = QuantScheme::kPerRow,
                                      .stride = {2, 1},
                                      .activation = activation(UnaryKind::kRelu)};
             return s.add(op, {s.input, s.codes({4, 6, 1, 1}), s.weight({4}, 0.01), s.weight({4})});
         }},
        {"linear",
         [](Sample& s) {
             const NodeId rows = s.add(Reshape{{0, -1}}, {s.input});
             const NodeId y =
                 s.add(Linear{activation(UnaryKind::kClip)}, {rows, s.weight({5, 480}), s.weight({5})});
             return s.add(Linear{}, {y, s.weight({3, 5})});
         }},
        {"linear_of_tokens",
         [](Sample& s) {
             const NodeId x = s.tokens();
             const NodeId y = s.add(Linear{}, {x, s.weight({6, 6}), s.weight({6})});
             return s.add(Linear{activation(UnaryKind::kGelu)}, {y, s.weight({6, 6}), NodeId::kNone, x});
         }},
        {"quantized_linear",
         [](Sample& s) {
             const QuantizedLinear op{.activation = activation(UnaryKind::kHardSwish)};
             return s.add(op, {s.tokens(), s.codes({7, 6}), s.weight({7}, 0.01), s.weight({7})});
         }},
        {"quantized_linear_torch",
         [](Sample& s) {
             const NodeId rows = s.add(Reshape{{0, -1}}, {s.input});
             const QuantizedLinear op{.scheme = QuantScheme::kTorch};
             return s.add(op, {rows, s.codes({7, 480}), s.weight({7}, 0.01)});
         }},
        {"matmul",
         [](Sample& s) {
             const NodeId square = s.add(MatMul{.transpose_b = true}, {s.input, s.input});
             return s.add(MatMul{}, {square, s.input});
         }},
        {"attention",
         [](Sample& s) {
             const NodeId x = s.tokens();
             const NodeId packed = s.add(Linear{}, {x, s.weight({18, 6})});
             const NodeId y = s.add(Attention{.heads = 3, .scale = 0.7}, {packed});
             return s.add(Attention{.heads = 2, .scale = 0.5}, {y, x, y});
         }},
        {"attention_with_bias",
         [](Sample& s) {
             const NodeId x = s.tokens();
             const NodeId wide = s.add(Linear{}, {x, s.weight({10, 6})});
             const NodeId y = s.add(Attention{.heads = 2, .scale = 0.5}, {x, x, wide, s.weight({2, 80, 80})});
             const NodeId windows = s.add(Reshape{{-1, 20, 10}}, {y});
             const NodeId z = s.add(Attention{.heads = 2, .scale = 0.5},
                                    {windows, windows, windows, s.weight({4, 2, 20, 20})});
             return s.add(Reshape{{-1, 80, 10}}, {z});
         }},
        {"batch_norm",
         [](Sample& s) {
             const BatchNorm op{.eps = 1e-3, .activation = activation(UnaryKind::kTanh)};
             return s.add(op, {s.input, s.weight({6}), s.weight({6}), s.weight({6}), s.weight({6}, 0.1)});
         }},
        {"batch_norm_of_tokens",
         [](Sample& s) {
             const BatchNorm op{.layout = Layout::kNhwc};
             return s.add(op, {s.tokens(), s.weight({6}), s.weight({6}), s.weight({6}), s.weight({6}, 0.1)});
         }},
        {"group_norm",
         [](Sample& s) {
             const GroupNorm op{.groups = 3, .eps = 1e-3, .activation = activation(UnaryKind::kTanh)};
             return s.add(op, {s.input, s.weight({6}), s.weight({6})});
         }},
        {"layer_norm",
         [](Sample& s) {
             const NodeId y = s.add(LayerNorm{1e-6}, {s.tokens(), s.weight({6}), s.weight({6})});
             return s.add(LayerNorm{}, {s.add(LayerNorm{}, {y, s.weight({6})})});
         }},
        {"softmax",
         [](Sample& s) {
             return s.add(Softmax{.axis = 1, .log = true}, {s.add(Softmax{.axis = -1}, {s.input})});
         }},
        {"broadcast_batch",
         [](Sample& s) {
             const NodeId first = s.add(BroadcastBatch{}, {s.weight({1, 2, 6}), s.input});
             return s.add(Concat{1}, {first, s.tokens()});
         }},
        {"pool2d_max",
         [](Sample& s) {
             const Pool2d op{.kernel = {3, 2}, .stride = {2, 3}, .pad = {1, 0, 1, 1}, .ceil = true};
             return s.add(op, {s.input});
         }},
        {"pool2d_average",
         [](Sample& s) {
             const Pool2d counted{.kind = PoolKind::kAverage,
                                  .kernel = {3, 3},
                                  .stride = {2, 2},
                                  .pad = {1, 1, 0, 2},
                                  .ceil = true,
                                  .count_include_pad = true};
             Pool2d plain = counted;
             plain.count_include_pad = false;
             return s.add(Concat{1}, {s.add(counted, {s.input}), s.add(plain, {s.input})});
         }},
        {"reduce",
         [](Sample& s) {
             const NodeId mean = s.add(Reduce{ReduceKind::kMean, {2, 3}, true}, {s.input});
             const NodeId scaled = s.add(Binary{BinaryKind::kMul}, {s.input, mean});
             return s.add(Reduce{ReduceKind::kMean, {-1}, false}, {scaled});
         }},
        {"slice_pad_gather",
         [](Sample& s) {
             const NodeId cut = s.add(Slice{.axis = -1, .begin = -7, .end = 100, .step = 2}, {s.input});
             const NodeId padded = s.add(Pad{{0, 0, 1, 0}, {0, 1, 0, 2}, -0.25}, {cut});
             return s.add(Gather{1, {3, 0, 6, 3}}, {padded});
         }},
        {"gather_one",
         [](Sample& s) {
             return s.add(Gather{2, {5}}, {s.input});
         }},
        {"quantize_dequantize",
         [](Sample& s) {
             const std::uint8_t zero = 100;
             const NodeId at = s.graph.add_constant("zero", Tensor::of<std::uint8_t>({}, {&zero, 1}));
             const NodeId q = s.add(QuantizeLinear{}, {s.input, s.number(0.01f), at});
             const NodeId x = s.add(DequantizeLinear{}, {q, s.number(0.01f), at});
             const NodeId w = s.add(DequantizeLinear{0}, {s.codes({4, 6, 1, 1}), s.weight({4}, 0.01)});
             return s.add(Conv2d{}, {x, w});
         }},
        {"integer_conv2d",
         [](Sample& s) {
             const IntegerConv2d op{.stride = {2, 1}, .pad = {1, 0, 1, 2}, .groups = 2, .zero_point = 100};
             return s.add(op,
                          {s.quantized(s.input), s.codes({4, 3, 3, 2}), s.weight({4}, 0.01), s.weight({4})});
         }},
        {"integer_conv2d_with_residual",
         [](Sample& s) {
             const IntegerConv2d op{
                 .pad = {1, 1, 1, 1}, .zero_point = 100, .activation = activation(UnaryKind::kRelu)};
             return s.add(op, {s.quantized(s.input), s.codes({6, 6, 3, 3}), s.weight({6}, 0.01),
                               NodeId::kNone, s.input});
         }},
        {"integer_conv2d_of_codes_to_codes",
         [](Sample& s) {
             const NodeId x = s.quantized(s.input);
             const IntegerConv2d op{.pad = {1, 1, 1, 1},
                                    .zero_point = 100,
                                    .activation = activation(UnaryKind::kRelu),
                                    .residual_codes = {true, 0.01f, 100},
                                    .output_codes = {true, 0.02f, 3}};
             const NodeId y = s.add(op, {x, s.codes({6, 6, 3, 3}), s.weight({6}, 0.01), NodeId::kNone, x});
             return s.dequantized(y, 0.02f, 3);
         }},
        {"integer_linear_of_codes_to_codes",
         [](Sample& s) {
             const NodeId x = s.quantized(s.tokens());
             const IntegerLinear op{.zero_point = 100,
                                    .activation = activation(UnaryKind::kGelu),
                                    .residual_codes = {true, 0.01f, 100},
                                    .output_codes = {true, 0.02f, 30}};
             return s.dequantized(s.add(op, {x, s.codes({6, 6}), s.weight({6}, 0.01), s.weight({6}), x}),
                                  0.02f, 30);
         }},
        {"integer_linear_with_residual",
         [](Sample& s) {
             const NodeId x = s.tokens();
             const IntegerLinear op{.zero_point = 100, .activation = activation(UnaryKind::kGelu)};
             return s.add(op, {s.quantized(x), s.codes({6, 6}), s.weight({6}, 0.01), s.weight({6}), x});
         }},
        {"integer_linear",
         [](Sample& s) {
             const IntegerLinear op{.zero_point = 100};
             return s.add(op, {s.quantized(s.tokens()), s.codes({4, 6}), s.weight({4}, 0.01), s.weight({4})});
         }},
        {"dequantized_linear",
         [](Sample& s) {
             const NodeId w = s.add(DequantizeLinear{0}, {s.codes({4, 6}), s.weight({4}, 0.01)});
             return s.add(Linear{}, {s.tokens(), w});
         }},
    };
    for (int i = 0; i < count_of(UnaryKind{}); ++i) {
        const auto kind = static_cast<UnaryKind>(i);
        all.emplace_back(fmt::format("unary_{}", name(kind)), [kind](Sample& s) {
            const NodeId positive = s.add(Binary{BinaryKind::kAdd}, {s.input, s.number(1.5f)});
            const bool needs_positive = kind == UnaryKind::kLog || kind == UnaryKind::kSqrt;
            return s.add(Unary{kind, -0.5, 0.5}, {needs_positive ? positive : s.input});
        });
    }
    for (int i = 0; i < count_of(BinaryKind{}); ++i) {
        const auto kind = static_cast<BinaryKind>(i);
        all.emplace_back(fmt::format("binary_{}", name(kind)), [kind](Sample& s) {
            const NodeId positive = s.add(Binary{BinaryKind::kAdd}, {s.input, s.number(1.5f, {1})});
            return s.add(Binary{kind}, {positive, s.weight({6, 1, 10}, 0.5)});
        });
    }
    return all;
}

class OnnxExport : public testing::TestWithParam<std::pair<std::string, Builder>> {};

TEST_P(OnnxExport, IsImportedToTheSameNumbers) {
    const TemporaryFolder folder;
    Sample sample;
    const Graph graph = sample.finish(GetParam().second(sample));
    formats::export_onnx(graph, folder.path() / "model.onnx");
    const Graph again = formats::import_onnx(folder.path() / "model.onnx");
    const Tensor images = noise({3, 6, 8, 10}, 77);
    const Tensor expected = engine::Session(graph, {}).run(images);
    // A formula spelled out rounds a few times more than a kernel does.
    EXPECT_LE(difference(engine::Session(again, {}).run(images), expected), 1e-6) << print(again);
}

INSTANTIATE_TEST_SUITE_P(All, OnnxExport, testing::ValuesIn(samples()),
                         [](const auto& row) { return row.param.first; });

TEST(OnnxExportSamples, ContainEveryOp) {
    std::set<std::size_t> seen;
    for (const auto& [name, build] : samples()) {
        Sample sample;
        const Graph graph = sample.finish(build(sample));
        for (const Node& node : graph.nodes()) seen.insert(node.op.index());
    }
    EXPECT_EQ(seen.size(), std::variant_size_v<Op>);
}

/// The same graph with its images channels-last, as an exported model may hold it.
TEST(OnnxExportLayout, ImagesWithTheirChannelsLastAreTransposed) {
    const TemporaryFolder folder;
    const auto build = [](Layout layout) {
        Sample s;
        const bool last = layout == Layout::kNhwc;
        NodeId x = last ? s.add(Transpose{{0, 2, 3, 1}}, {s.input}) : s.input;
        const NodeId w = s.weight({4, 6, 3, 3});
        x = s.add(Conv2d{.pad = {1, 1, 1, 1}, .layout = layout}, {x, w});
        x = s.add(BatchNorm{.layout = layout},
                  {x, s.weight({4}), s.weight({4}), s.weight({4}), s.weight({4}, 0.1)});
        x = s.add(Pool2d{.kernel = {2, 3}, .layout = layout}, {x});
        if (last) x = s.add(Transpose{{0, 3, 1, 2}}, {x});
        return s.finish(x);
    };
    formats::export_onnx(build(Layout::kNhwc), folder.path() / "model.onnx");
    const Graph again = formats::import_onnx(folder.path() / "model.onnx");
    const Tensor images = noise({2, 6, 8, 10}, 5);
    EXPECT_LE(difference(engine::Session(again, {}).run(images),
                         engine::Session(build(Layout::kNchw), {}).run(images)),
              1e-6);
}

/// A graph as a runtime executes its file, where weights are bf16: widened, and activations are not rounded,
/// those of attention neither.
Graph widened(const Graph& graph) {
    Rewriter rewriter(graph);
    for (int i = 0; i < graph.size(); ++i) {
        const auto id = static_cast<NodeId>(i);
        const Tensor* constant = graph.constant(id);
        if (constant && constant->dtype() == DType::kBF16) {
            rewriter.replace(id, rewriter.out().add_constant(graph[id].name, constant->to_f32()));
        } else if (const auto* attention = graph.as<Attention>(id)) {
            Attention exact = *attention;
            exact.bf16 = false;
            rewriter.keep_as(id, exact);
        } else {
            rewriter.keep(id);
        }
    }
    return rewriter.finish();
}

TEST(OnnxExportOfBf16, WeightsStayTwoBytesAndAreWidened) {
    const TemporaryFolder folder;
    Sample s;
    const auto rounded = [&](const Shape& shape) {
        return s.graph.add_constant("weight", noise(shape, 5).to_bf16());
    };
    const NodeId image = s.add(Conv2d{.pad = {1, 1, 1, 1}}, {s.input, rounded({6, 6, 3, 3}), s.weight({6})});
    const NodeId tokens = s.add(Transpose{{0, 2, 1}}, {s.add(Reshape{{0, 6, -1}}, {image})});
    const NodeId rows =
        s.add(Reshape{{0, -1}}, {s.add(Linear{}, {tokens, rounded({100, 6}), s.weight({100})})});
    const Graph graph = s.finish(s.add(Linear{}, {rows, rounded({4, 8000})}));
    formats::export_onnx(graph, folder.path() / "model.onnx");
    EXPECT_LT(fs::file_size(folder.path() / "model.onnx"), 2u * (6 * 54 + 600 + 32000) + 4000);
    const Tensor images = noise({3, 6, 8, 10}, 77);
    const Graph again = formats::import_onnx(folder.path() / "model.onnx");
    const Tensor answers = engine::Session(again, {}).run(images);
    EXPECT_LE(difference(answers, engine::Session(widened(graph), {}).run(images)), 1e-6);
    EXPECT_GT(difference(answers, engine::Session(graph, {}).run(images)), 1e-6) << "rounds no activations";
}

std::vector<fs::path> small_models() {
    std::vector<fs::path> models;
    for (const char* place : {"tools/goldens/models", "zoo/models"}) {
        for (const auto& entry : fs::directory_iterator(fs::path(ESPALIER_SOURCE_DIR) / place)) {
            if (fs::exists(entry.path() / "config.json")) models.push_back(entry.path());
        }
    }
    std::sort(models.begin(), models.end());
    return models;
}

class OnnxExportOfModels : public testing::TestWithParam<std::string> {};

TEST_P(OnnxExportOfModels, AnswersTheSame) {
    const TemporaryFolder folder;
    const auto models = small_models();
    ASSERT_GE(models.size(), 13u);
    for (const fs::path& path : models) {
        SCOPED_TRACE(path.filename());
        models::Model model = models::load_model(path, {.hash = false});
        model.graph = tactics::apply(model.graph, tactics::parse(GetParam())).graph;
        models::save_onnx_folder(model, {{"tactic", GetParam()}}, folder.path() / "out", {.force = true});
        const models::Model again = models::load_model(folder.path() / "out");
        EXPECT_EQ(again.labels, model.labels);
        EXPECT_EQ(nlohmann::json::parse(again.provenance_json).at("tactic"), GetParam());
        const Tensor images = noise({2, model.channels(), model.height(), model.width()}, 3);
        const Tensor expected = engine::Session(widened(model.graph), {}).run(images);
        // f32 in another order through at most 60 layers, where attention is spelled out. That may tip a
        // code, which moves a value by a 255th of its row's range, in some layers.
        const bool quantized = GetParam().find("quantization") != std::string::npos;
        EXPECT_LE(difference(engine::Session(again.graph, {}).run(images), expected),
                  quantized ? 5.0 / 255 : 2e-5);
    }
}

INSTANTIATE_TEST_SUITE_P(Tactics, OnnxExportOfModels,
                         testing::Values("baseline", "compile", "dynamic-quantization",
                                         "dynamic-quantization:torch", "local-pruning:0.3",
                                         "local-pruning:0.3+compile+bf16", "channel-pruning:0.4",
                                         "block-pruning:0.5+compile",
                                         "global-pruning:0.3+compile+dynamic-quantization"),
                         [](const auto& row) {
                             std::string name = row.param;
                             std::ranges::replace_if(
                                 name, [](char c) { return !std::isalnum(c); }, '_');
                             return name;
                         });

}  // namespace
}  // namespace espalier::runtimes
