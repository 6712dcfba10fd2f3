// Whole networks, from the files of a model to logits, against what other runtimes computed.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "datasets/image.h"
#include "datasets/preprocess.h"
#include "engine/session.h"
#include "models/architecture.h"
#include "models/load.h"
#include "tactics/tactic.h"

namespace espalier::runtimes {
namespace {

namespace fs = std::filesystem;

/// x[i] = ((i * 2654435761) mod 2^32) / 2^32 * 2 - 1, the input all references were made with.
Tensor formula_input(const Shape& shape) {
    Tensor input = Tensor::allocate(DType::kF32, shape);
    std::uint64_t i = 0;
    for (float& value : input.mutable_span<float>()) {
        const std::uint64_t mixed = (i++ * 2654435761u) & 0xffffffffu;
        value = static_cast<float>(static_cast<double>(mixed) / 4294967296.0 * 2 - 1);
    }
    return input;
}

Tensor logits_of(const models::Model& model, std::int64_t batch, std::string_view tactic = "baseline") {
    engine::Session session(tactics::apply(model.graph, tactics::parse(tactic)).graph, {});
    return session.run(formula_input({batch, model.channels(), model.height(), model.width()}));
}

double largest_magnitude(const std::vector<double>& values) {
    double largest = 0;
    for (const double value : values) largest = std::max(largest, std::abs(value));
    return largest;
}

void expect_near(const Tensor& logits, const std::vector<double>& expected, double tolerance) {
    ASSERT_EQ(logits.elements(), static_cast<std::int64_t>(expected.size()));
    for (std::size_t i = 0; i < expected.size(); ++i) {
        EXPECT_NEAR(static_cast<double>(logits.span<float>()[i]), expected[i], tolerance) << "at " << i;
    }
}

/// The quantization step of the last value that was dequantized; 0 where none was.
double output_step(const graph::Graph& graph) {
    double step = 0;
    for (const graph::Node& node : graph.nodes()) {
        if (!std::holds_alternative<graph::DequantizeLinear>(node.op)) continue;
        const Tensor* scale = graph.constant(node.inputs[1]);
        if (scale && !graph.constant(node.inputs[0]))
            step = static_cast<double>(scale->to_f32().span<float>()[0]);
    }
    return step;
}

std::vector<fs::path> folders_with(const fs::path& root, const char* file) {
    std::vector<fs::path> folders;
    std::error_code absent;
    for (const auto& entry : fs::directory_iterator(root, absent)) {
        if (fs::exists(entry.path() / file)) folders.push_back(entry.path());
    }
    std::sort(folders.begin(), folders.end());
    return folders;
}

fs::path shared_dir() {
    if (const char* folder = std::getenv("ESPALIER_SHARED_DIR")) return folder;
    return fs::path(ESPALIER_SOURCE_DIR) / ".." / "shared";
}

/// The checkpoints of tools/goldens/models.py.
std::vector<fs::path> goldens() {
    return folders_with(fs::path(ESPALIER_SOURCE_DIR) / "tools/goldens/models", "logits.json");
}

TEST(Networks, EqualTransformersOnUnusualConfigurations) {
    const auto folders = goldens();
    ASSERT_FALSE(folders.empty());
    for (const fs::path& folder : folders) {
        SCOPED_TRACE(folder.filename());
        const auto golden = nlohmann::json::parse(read_text_file(folder / "logits.json"));
        std::vector<double> expected;
        for (const auto& row : golden.at("logits")) {
            for (const double value : row) expected.push_back(value);
        }
        const models::Model model = models::load_model(folder);
        // f32 against double precision through at most 60 layers.
        for (const char* tactic : {"baseline", "compile"}) {
            SCOPED_TRACE(tactic);
            expect_near(logits_of(model, 2, tactic), expected, 2e-5 * largest_magnitude(expected));
        }
    }
}

TEST(Networks, OfEveryArchitectureHaveTwoGoldensAndACheckpointOfTheZoo) {
    std::map<std::string, int> goldens_of;
    for (const fs::path& folder : goldens()) ++goldens_of[models::load_model(folder).architecture];
    std::map<std::string, int> checkpoints_of;
    for (const auto& entry :
         fs::directory_iterator(fs::path(ESPALIER_SOURCE_DIR) / "tools/conformance/zoo")) {
        const auto recipe = nlohmann::json::parse(read_text_file(entry.path()));
        ++checkpoints_of[recipe.at("config").value("model_type", "timm_wrapper")];
    }
    for (const models::Architecture& architecture : models::architectures()) {
        const std::string type(architecture.model_type);
        EXPECT_GE(goldens_of[type], 2) << type << ": add recipes to tools/goldens/models";
        EXPECT_GE(checkpoints_of[type], 1) << type << ": add a recipe to tools/conformance/zoo";
    }
}

TEST(Networks, EqualOnnxRuntimeOnPublishedModels) {
    const auto folders = folders_with(shared_dir() / "data/models", "selfcheck.json");
    if (folders.empty()) GTEST_SKIP() << "the reference models are not there";
    for (const fs::path& folder : folders) {
        SCOPED_TRACE(folder.filename());
        const auto check = nlohmann::json::parse(read_text_file(folder / "selfcheck.json"));
        const auto expected = check.at("output").get<std::vector<double>>();
        const models::Model model = models::load_model(folder);
        const Tensor logits = logits_of(model, 1);
        const auto values = logits.span<float>();
        const auto best = [](const auto& list) {
            return std::max_element(list.begin(), list.end()) - list.begin();
        };
        EXPECT_EQ(best(values), best(expected));
        // A network of int8 values moves in steps: a last bit may tip a rounding, once per layer at most.
        const double step = output_step(model.graph);
        expect_near(logits, expected, step > 0 ? 2.01 * step : 1e-3 * largest_magnitude(expected));
    }
}

TEST(Networks, EqualTransformersOnTheZoosImages) {
    const fs::path zoo = fs::path(ESPALIER_SOURCE_DIR) / "zoo";
    int models = 0;
    for (const fs::path& folder : folders_with(zoo / "models", "config.json")) {
        const fs::path file = zoo / "reference" / (folder.filename().string() + ".json");
        if (!fs::exists(file)) continue;
        SCOPED_TRACE(folder.filename());
        const auto reference = nlohmann::json::parse(read_text_file(file));
        const models::Model model = models::load_model(folder);
        const datasets::Preprocessor preprocessor(model.processor, static_cast<int>(model.channels()),
                                                  static_cast<int>(model.height()),
                                                  static_cast<int>(model.width()));
        engine::Session session(model.graph, {});
        for (std::size_t i = 0; i < reference.at("logits_files").size(); ++i) {
            const auto image = zoo / "images/test" / reference["logits_files"][i].get<std::string>();
            Tensor pixels =
                Tensor::allocate(DType::kF32, {1, model.channels(), model.height(), model.width()});
            datasets::preprocess_into(datasets::load_image(image), preprocessor, pixels, 0);
            const auto expected = reference.at("logits")[i].get<std::vector<double>>();
            // Pillow from 12.3 on may filter the columns first, which moves some pixels by one level.
            expect_near(session.run(pixels), expected, 1e-2 * largest_magnitude(expected));
        }
        ++models;
    }
    if (models == 0) GTEST_SKIP() << "the zoo has no references";
}

TEST(Networks, AreTheSameFromCheckpointAndFromOnnx) {
    const fs::path folder = shared_dir() / "data/models/vit_tiny_patch16_224";
    if (!fs::exists(folder)) GTEST_SKIP() << "the reference models are not there";
    const models::Model checkpoint = models::load_model(folder);
    const models::Model onnx = models::load_model(folder / "model.onnx");
    EXPECT_EQ(checkpoint.labels, onnx.labels);
    const Tensor a = logits_of(checkpoint, 1);
    const Tensor b = logits_of(onnx, 1);
    for (std::size_t i = 0; i < a.span<float>().size(); ++i)
        EXPECT_NEAR(a.span<float>()[i], b.span<float>()[i], 1e-4);
}

}  // namespace
}  // namespace espalier::runtimes
