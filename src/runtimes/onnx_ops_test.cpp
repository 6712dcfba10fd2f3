// Every ONNX operation and way of writing it, through importer and engine, against ONNX Runtime.

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "engine/session.h"
#include "formats/onnx/import.h"
#include "passes/recognize/recognize.h"

namespace espalier::runtimes {
namespace {

namespace fs = std::filesystem;

fs::path goldens() { return fs::path(ESPALIER_SOURCE_DIR) / "tools/goldens/onnx_ops"; }

Tensor formula_input(const Shape& shape, float offset) {
    Tensor input = Tensor::allocate(DType::kF32, shape);
    std::uint64_t i = 0;
    for (float& value : input.mutable_span<float>()) {
        const std::uint64_t mixed = (i++ * 2654435761u) & 0xffffffffu;
        value = static_cast<float>(static_cast<double>(mixed) / 4294967296.0 * 2 - 1) + offset;
    }
    return input;
}

/// [n, h, w, c] -> [n, c, h, w], for the one model that wants its channels last.
Tensor channels_first(const Tensor& images) {
    const Shape& s = images.shape();
    Tensor result = Tensor::allocate(DType::kF32, {s[0], s[3], s[1], s[2]});
    const auto from = images.span<float>();
    const auto to = result.mutable_span<float>();
    const std::int64_t pixels = s[1] * s[2];
    for (std::int64_t i = 0; i < images.elements(); ++i) {
        const std::int64_t image = i / (pixels * s[3]);
        const std::int64_t pixel = i / s[3] % pixels;
        to[static_cast<std::size_t>((image * s[3] + i % s[3]) * pixels + pixel)] =
            from[static_cast<std::size_t>(i)];
    }
    return result;
}

void expect_outputs(const graph::Graph& graph, const Tensor& input, const std::vector<double>& expected) {
    const Tensor output = engine::Session(graph, {}).run(input);
    ASSERT_EQ(output.elements(), static_cast<std::int64_t>(expected.size()));
    for (std::size_t i = 0; i < expected.size(); ++i) {
        const double tolerance = 2e-5 * std::max(1.0, std::abs(expected[i]));
        EXPECT_NEAR(static_cast<double>(output.span<float>()[i]), expected[i], tolerance) << "at " << i;
    }
}

class OnnxOps : public testing::TestWithParam<std::string> {};

TEST_P(OnnxOps, EqualOnnxRuntime) {
    const auto all = nlohmann::json::parse(read_text_file(goldens() / "expected.json"));
    const auto& golden = all.at(GetParam());
    const auto expected = golden.at("output").get<std::vector<double>>();
    Tensor input =
        formula_input(Shape(golden.at("input").get<std::vector<std::int64_t>>()), golden.at("offset"));
    if (GetParam() == "channels_last_input") input = channels_first(input);

    const graph::Graph imported = formats::import_onnx(goldens() / (GetParam() + ".onnx"));
    expect_outputs(imported, input, expected);
    std::vector<passes::PassRecord> records;
    expect_outputs(passes::run_passes(imported, passes::recognition_passes(), records), input, expected);
}

std::vector<std::string> names() {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(goldens())) {
        if (entry.path().extension() == ".onnx") found.push_back(entry.path().stem().string());
    }
    std::sort(found.begin(), found.end());
    return found;
}

INSTANTIATE_TEST_SUITE_P(All, OnnxOps, testing::ValuesIn(names()), [](const auto& row) { return row.param; });

}  // namespace
}  // namespace espalier::runtimes
