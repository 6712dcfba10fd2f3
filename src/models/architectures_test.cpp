// The checkpoints of the zoo from their configurations alone: parameters and complexity against published
// figures.

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/temporary_folder.h"
#include "graph/cost.h"
#include "models/architecture.h"
#include "models/load.h"

namespace espalier::models {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> recipes() {
    std::vector<fs::path> paths;
    for (const auto& entry :
         fs::directory_iterator(fs::path(ESPALIER_SOURCE_DIR) / "tools/conformance/zoo")) {
        if (entry.path().extension() == ".json") paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    return paths;
}

class Zoo : public testing::TestWithParam<fs::path> {};

// Requirement 35.
TEST_P(Zoo, HasItsPublishedParametersAndComplexityAtEveryBatchSize) {
    const auto recipe = nlohmann::json::parse(read_text_file(GetParam()));
    const TemporaryFolder folder;
    folder.write("config.json", recipe.at("config").dump());
    // timm keeps the processor in config.json.
    if (!recipe.at("config").contains("pretrained_cfg")) {
        folder.write("preprocessor_config.json", recipe.at("processor").dump());
    }
    const Model model = load_model(folder.path(), {.blank_weights = true, .hash = false});
    EXPECT_EQ(model.parameters, recipe.at("parameters").get<std::int64_t>());
    const auto cost = graph::cost_of(model.graph);
    const double gmacs = recipe.at("gmacs").get<double>();
    EXPECT_NEAR(static_cast<double>(cost.total.macs) / 1e9, gmacs, 0.01 * gmacs);
    EXPECT_TRUE(cost.uncounted.empty());

    const graph::Graph batch = graph::with_batch(model.graph, 3);
    graph::verify(batch);
    EXPECT_EQ(batch.type(batch.output()).shape, (Shape{3, model.classes()}));
}

INSTANTIATE_TEST_SUITE_P(All, Zoo, testing::ValuesIn(recipes()), [](const auto& row) {
    std::string name = row.param.stem().string();
    std::replace_if(
        name.begin(), name.end(), [](unsigned char c) { return !std::isalnum(c); }, '_');
    return name;
});

}  // namespace
}  // namespace espalier::models
