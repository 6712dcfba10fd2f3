// Real checkpoints give their reference's logits under every lossless tactic. The models are not part of the
// project (their data README names them); without them these tests are skipped.

#include <gtest/gtest.h>

#include <algorithm>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "engine/session.h"
#include "models/load.h"
#include "tactics/tactic.h"

namespace espalier {
namespace {

namespace fs = std::filesystem;

fs::path models_folder() {
    const char* shared = std::getenv("ESPALIER_SHARED_DIR");
    const fs::path root = shared ? fs::path(shared) : fs::path(ESPALIER_SOURCE_DIR) / ".." / "shared";
    return root / "data" / "models";
}

std::vector<fs::path> model_files() {
    std::vector<fs::path> result;
    if (!fs::exists(models_folder())) return result;
    for (const auto& entry : fs::directory_iterator(models_folder())) {
        if (fs::exists(entry.path() / "selfcheck.json")) result.push_back(entry.path() / "model.onnx");
    }
    result.push_back(models_folder() / "vit_tiny_patch16_224");  // from safetensors
    return result;
}

/// input[i] = float32(((i * 2654435761) mod 2^32) / 2^32 * 2 - 1), as selfcheck.json describes it.
Tensor formula_input(const std::vector<std::int64_t>& shape) {
    Tensor tensor = Tensor::allocate(DType::kF32, Shape(shape));
    std::uint32_t word = 0;
    for (float& value : tensor.mutable_span<float>()) {
        value = static_cast<float>(word / 4294967296.0 * 2 - 1);
        word += 2654435761u;
    }
    return tensor;
}

struct Difference {
    double relative = 0;  ///< largest difference over the largest magnitude
    bool same_argmax = false;
    double absolute = 0;
};

Difference difference(std::span<const float> y, const std::vector<float>& expected) {
    double largest = 0;
    Difference result;
    for (std::size_t i = 0; i < y.size(); ++i) {
        largest = std::max<double>(largest, std::fabs(expected[i]));
        result.absolute = std::max<double>(result.absolute, std::fabs(y[i] - expected[i]));
    }
    result.relative = result.absolute / largest;
    result.same_argmax = std::max_element(y.begin(), y.end()) - y.begin() ==
                         std::max_element(expected.begin(), expected.end()) - expected.begin();
    return result;
}

class ReferenceModel : public testing::TestWithParam<fs::path> {};

TEST_P(ReferenceModel, LogitsEqualTheReferences) {
    const fs::path path = GetParam();
    const fs::path folder = path.extension() == ".onnx" ? path.parent_path() : path;
    const auto check = nlohmann::json::parse(read_text_file(folder / "selfcheck.json"));
    const Tensor input = formula_input(check.at("input_shape").get<std::vector<std::int64_t>>());
    const auto expected = check.at("output").get<std::vector<float>>();
    const bool quantized = folder.filename().string().ends_with("_qdq");
    const auto model = models::load_model(path);
    for (const char* tactic : {"baseline", "compile"}) {
        engine::Session session(tactics::apply(model.graph, tactics::parse(tactic)).graph, {});
        const Tensor logits = session.run(input);
        ASSERT_EQ(logits.elements(), static_cast<std::int64_t>(expected.size()));
        const Difference d = difference(logits.span<float>(), expected);
        EXPECT_TRUE(d.same_argmax) << path << " " << tactic;
        if (quantized) {
            // The logits are multiples of the last step; the smallest distance between two is its size.
            double step = INFINITY;
            for (const float value : expected) {
                if (value != 0) step = std::min<double>(step, std::fabs(value));
            }
            EXPECT_LE(d.absolute, 2.01 * step) << path << " " << tactic;
        } else {
            EXPECT_LE(d.relative, 1e-3) << path << " " << tactic;
        }
        std::cout << folder.filename().string() << " " << tactic << ": largest difference " << d.relative
                  << " of the largest logit\n";
    }
}

TEST_P(ReferenceModel, BatchesGiveWhatSingleImagesGive) {
    const auto model = models::load_model(GetParam());
    engine::SessionOptions options;
    options.threads = 2;
    engine::Session session(tactics::apply(model.graph, tactics::parse("compile")).graph, options);
    const Tensor images = formula_input({3, model.channels(), model.height(), model.width()});
    const Tensor batch = session.run(images);
    const auto classes = static_cast<std::size_t>(model.classes());
    const auto pixels = static_cast<std::size_t>(images.elements() / 3);
    for (std::size_t i = 0; i < 3; ++i) {
        const Tensor one = Tensor::of<float>({1, model.channels(), model.height(), model.width()},
                                             images.span<float>().subspan(i * pixels, pixels));
        const Tensor logits = session.run(one);
        const auto part = batch.span<float>().subspan(i * classes, classes);
        const Difference d = difference(logits.span<float>(), {part.begin(), part.end()});
        EXPECT_LE(d.relative, 1e-5) << "image " << i;
    }
}

INSTANTIATE_TEST_SUITE_P(Shared, ReferenceModel, testing::ValuesIn(model_files()), [](const auto& parameter) {
    const fs::path& path = parameter.param;
    return path.extension() == ".onnx" ? path.parent_path().filename().string() + "_onnx"
                                       : path.filename().string() + "_safetensors";
});
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ReferenceModel);

}  // namespace
}  // namespace espalier
