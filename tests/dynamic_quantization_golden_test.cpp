// 'dynamic-quantization:torch' reproduces torch.ao.quantization.quantize_dynamic on Linear layers, and the
// default (weights per channel, activations per row) is nearer to the float layer. Recipe:
// tools/goldens/dynamic_quantization.py.

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <set>

#include "engine/session.h"
#include "formats/safetensors/safetensors.h"
#include "passes/quantize/dynamic.h"

namespace espalier {
namespace {

using graph::NodeId;

struct Case {
    std::string layer;
    std::string input;
};

const formats::Safetensors& golden() {
    static const formats::Safetensors file =
        formats::read_safetensors(std::filesystem::path(ESPALIER_SOURCE_DIR) /
                                  "tools/goldens/dynamic_quantization/dynamic_quantization.safetensors");
    return file;
}

std::vector<Case> cases() {
    std::vector<Case> result;
    for (const auto& [key, tensor] : golden().tensors) {
        if (!key.ends_with(".y_float")) continue;
        const auto dot = key.find('.');
        result.push_back({key.substr(0, dot), key.substr(dot + 1, key.size() - dot - 9)});
    }
    return result;
}

Tensor at(const std::string& key) { return golden().tensors.at(key).to_aligned(); }

/// The layer as a graph on rows [rows, in], given as an image of one pixel per row.
graph::Graph layer_graph(const std::string& layer) {
    graph::Graph graph;
    const Tensor weight = at(layer + ".weight");
    const NodeId x = graph.add_input("x", {DType::kF32, {1, 1, 1, weight.shape()[1]}});
    const NodeId flat = graph.add(graph::Reshape{{0, -1}}, {x}, "flat");
    const NodeId w = graph.add_constant("weight", weight);
    const bool has_bias = golden().tensors.contains(layer + ".bias");
    const NodeId b = has_bias ? graph.add_constant("bias", at(layer + ".bias")) : NodeId::kNone;
    graph.set_output(graph.add(graph::Linear{}, {flat, w, b}, layer));
    return graph;
}

std::vector<float> run(const Case& c, graph::QuantScheme scheme) {
    passes::Change change;
    engine::Session session(passes::quantize_dynamically(layer_graph(c.layer), scheme, change), {});
    EXPECT_EQ(change.count, 1);
    const Tensor x = at(c.layer + "." + c.input + ".x");
    const Tensor y = session.run(x.reshaped({x.shape()[0], 1, 1, x.shape()[1]}));
    const auto span = y.span<float>();
    return {span.begin(), span.end()};
}

double root_mean_square(std::span<const float> a, std::span<const float> b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * static_cast<double>(a[i] - b[i]);
    return std::sqrt(sum / static_cast<double>(a.size()));
}

TEST(DynamicQuantizationGolden, TorchSchemeIsTorchsWithinFloatRounding) {
    ASSERT_GT(cases().size(), 10u);
    for (const Case& c : cases()) {
        const auto y = run(c, graph::QuantScheme::kTorch);
        const Tensor expected = at(c.layer + "." + c.input + ".y");
        const auto torch = expected.span<float>();
        ASSERT_EQ(y.size(), torch.size());
        float largest = 0;
        for (const float value : torch) largest = std::max(largest, std::fabs(value));
        // The products are exact integers: only the last scaling and the bias round, a few times each.
        for (std::size_t i = 0; i < y.size(); ++i) {
            EXPECT_NEAR(y[i], torch[i], 4 * 1.2e-7f * largest) << c.layer << " " << c.input << " " << i;
        }
    }
}

TEST(DynamicQuantizationGolden, DefaultIsMoreAccurateThanTorchs) {
    double ours = 0;
    double torchs = 0;
    for (const Case& c : cases()) {
        const Tensor exact = at(c.layer + "." + c.input + ".y_float");
        const Tensor torch = at(c.layer + "." + c.input + ".y");
        double energy = 1e-30;
        for (const float value : exact.span<float>()) energy += value * static_cast<double>(value);
        const double scale = std::sqrt(energy / static_cast<double>(exact.elements()));
        const double our_error =
            root_mean_square(run(c, graph::QuantScheme::kPerRow), exact.span<float>()) / scale;
        const double torch_error = root_mean_square(torch.span<float>(), exact.span<float>()) / scale;
        // An input of zeros is exact in both.
        EXPECT_TRUE(our_error < torch_error || (our_error == 0 && torch_error == 0))
            << c.layer << " " << c.input;
        ours += our_error;
        torchs += torch_error;
    }
    RecordProperty("mean_relative_error_ours", std::to_string(ours / static_cast<double>(cases().size())));
    RecordProperty("mean_relative_error_torch", std::to_string(torchs / static_cast<double>(cases().size())));
    EXPECT_LT(ours, 0.6 * torchs);
}

}  // namespace
}  // namespace espalier
