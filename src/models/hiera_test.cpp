#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/temporary_folder.h"
#include "graph/cost.h"
#include "models/load.h"

namespace espalier::models {
namespace {

using nlohmann::json;
using testing::HasSubstr;

/// Hiera with a layer for each stage, for 64 x 64 pixels unless `options` say otherwise.
Model load(const json& options) {
    json config = {{"model_type", "hiera"},
                   {"num_labels", 5},
                   {"embed_dim", 8},
                   {"image_size", {64, 64}},
                   {"depths", {1, 1, 1, 1}}};
    config.update(options);
    const json processor = {
        {"image_processor_type", "ViTImageProcessor"},
        {"size", {{"height", config["image_size"][0]}, {"width", config["image_size"][1]}}}};
    const TemporaryFolder folder;
    folder.write("config.json", config.dump());
    folder.write("preprocessor_config.json", processor.dump());
    return load_model(folder.path(), {.random_weights = 1, .hash = false});
}

std::string problem_with(const json& options) {
    try {
        load(options);
    } catch (const Error& error) {
        return error.what();
    }
    return "";
}

TEST(Hiera, RefusesWhatDoesNotDivideAndNamesTheKey) {
    const std::pair<const char*, json> wrong[] = {
        {"num_heads", {1, 2}},
        {"num_heads", {3, 2, 4, 8}},
        {"masked_unit_attention", {true}},
        {"num_query_pool", 4},
        {"masked_unit_size", {8, 6}},
        {"masked_unit_size", {4096, 4096}},
        {"embed_dim_multiplier", 1},
        {"embed_dim_multiplier", 0.1},
        {"embed_dim_multiplier", 1000},
        {"mlp_ratio", 0},
        {"patch_padding", {0, 0}},
        {"query_stride", 0},
        {"image_size", {36, 64}},
        {"depths", json::array()},
    };
    for (const auto& [key, value] : wrong) {
        EXPECT_THAT(problem_with({{key, value}}), HasSubstr(std::string("'") + key + "'")) << value;
    }
}

TEST(Hiera, MovesTokensOnce) {
    const auto movements = [](const json& options) {
        const auto counts = graph::cost_of(load(options).graph).node_counts;
        return counts.contains("gather") ? counts.at("gather") : 0;
    };
    EXPECT_EQ(movements(json::object()), 1);
    // Stages that no longer pool divide their units further.
    EXPECT_EQ(movements({{"num_query_pool", 1}, {"masked_unit_attention", {true, true, true, true}}}), 3);
}

}  // namespace
}  // namespace espalier::models
