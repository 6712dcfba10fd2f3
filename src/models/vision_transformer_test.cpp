#include "models/vision_transformer.h"

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

/// The model of a small configuration changed by `options`, for images of `size`.
Model load(json options, Pixels size) {
    json config = {{"model_type", "vit"},    {"num_labels", 5},          {"hidden_size", 12},
                   {"num_hidden_layers", 2}, {"num_attention_heads", 3}, {"intermediate_size", 8},
                   {"image_size", 32},       {"patch_size", 8}};
    config.update(options);
    const json processor = {{"image_processor_type", "ViTImageProcessor"},
                            {"size", {{"height", size.height}, {"width", size.width}}}};
    const TemporaryFolder folder;
    folder.write("config.json", config.dump());
    folder.write("preprocessor_config.json", processor.dump());
    return load_model(folder.path(), {.random_weights = 1, .hash = false});
}

std::string problem_with(const json& options, Pixels size = {32, 32}) {
    try {
        load(options, size);
    } catch (const Error& error) {
        return error.what();
    }
    return "";
}

constexpr const char* kTypes[] = {
    "vit", "deit", "beit", "data2vec-vision", "dinov2", "dinov2_with_registers"};

TEST(VisionTransformer, RefusesSizesThatDoNotFitAndNamesTheKey) {
    for (const char* type : kTypes) {
        SCOPED_TRACE(type);
        EXPECT_THAT(problem_with({{"model_type", type}, {"num_attention_heads", 5}}),
                    HasSubstr("'num_attention_heads'"));
        EXPECT_THAT(problem_with({{"model_type", type}, {"num_attention_heads", 0}}),
                    HasSubstr("'num_attention_heads'"));
        EXPECT_THAT(problem_with({{"model_type", type}, {"patch_size", {4, 33}}}), HasSubstr("'patch_size'"));
        EXPECT_NE(problem_with({{"model_type", type}}, {7, 32}), "");
    }
    EXPECT_THAT(problem_with({{"model_type", "dinov2"}, {"mlp_ratio", 0}}), HasSubstr("'mlp_ratio'"));
    EXPECT_THAT(problem_with({{"model_type", "dinov2"}, {"image_size", {32, 64}}}), HasSubstr("no square"));
    EXPECT_THAT(
        problem_with({{"model_type", "beit"}, {"use_shared_relative_position_bias", true}, {"patch_size", 1}},
                     {512, 512}),
        HasSubstr("1 GiB"));
    EXPECT_THAT(problem_with({{"model_type", "beit"},
                              {"use_relative_position_bias", true},
                              {"patch_size", 4},
                              {"num_hidden_layers", 512}},
                             {224, 224}),
                HasSubstr("4 GiB"));
}

TEST(VisionTransformer, FollowsItsReferenceForImagesOfAnotherSizeThanInTraining) {
    const std::vector<std::string> resized{"beit", "data2vec-vision", "dinov2", "dinov2_with_registers"};
    for (const std::string& type : resized) {
        const json options = {{"model_type", type}, {"use_relative_position_bias", true}};
        const Model model = load(options, {48, 41});
        EXPECT_EQ(graph::with_batch(model.graph, 3).type(model.graph.output()).shape, (Shape{3, 5})) << type;
    }
    for (const char* type : {"vit", "deit"}) {
        EXPECT_THAT(problem_with({{"model_type", type}}, {48, 41}), HasSubstr("32 x 32 pixels")) << type;
    }
}

TEST(VisionTransformer, DeitHasAsManyHeadsAsItsClassSays) {
    const auto linears = [](const char* architecture) {
        const Model model = load({{"model_type", "deit"}, {"architectures", {architecture}}}, {32, 32});
        return graph::cost_of(model.graph).node_counts.at("linear");
    };
    EXPECT_EQ(linears("DeiTForImageClassificationWithTeacher"), linears("DeiTForImageClassification") + 1);
}

}  // namespace
}  // namespace espalier::models
