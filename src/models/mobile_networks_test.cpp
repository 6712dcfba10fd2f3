// What the mobile networks refuse, and that their graphs hold for every batch size.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/temporary_folder.h"
#include "models/load.h"

namespace espalier::models {
namespace {

using nlohmann::json;
using testing::HasSubstr;

json config_of(const std::string& golden) {
    return json::parse(read_text_file(std::filesystem::path(ESPALIER_SOURCE_DIR) / "tools/goldens/models" /
                                      golden / "config.json"));
}

Model load(const json& config) {
    const TemporaryFolder folder;
    folder.write("config.json", config.dump());
    return load_model(folder.path(), {.random_weights = 1, .hash = false});
}

struct Refusal {
    const char* golden;
    const char* changes;  ///< keys of config.json in JSON
    const char* message;
};

constexpr Refusal kRefusals[] = {
    {"mobilenet_v1-plain", R"({"depth_multiplier": 0})", "'depth_multiplier' must be"},
    {"mobilenet_v1-plain", R"({"min_depth": 0})", "'min_depth' must be"},
    {"mobilenet_v1-plain", R"({"hidden_act": "mish"})", "'mish' is not supported"},
    {"mobilenet_v2-plain", R"({"depth_divisible_by": 0})", "'depth_divisible_by' must be"},
    {"efficientnet-plain", R"({"in_channels": [32, 16]})", "'out_channels' must be as long as in_channels"},
    {"efficientnet-plain", R"({"in_channels": [32, 16, 24, 40, 80, 400, 192]})", "'in_channels' must be"},
    {"efficientnet-plain", R"({"num_block_repeats": [1, 2]})", "'num_block_repeats' must be"},
    {"efficientnet-plain", R"({"kernel_sizes": [3, 1, 5, 3, 5, 5, 3]})", "at least 2 where the stride is 2"},
    {"efficientnet-plain", R"({"strides": [1, 3, 2, 2, 1, 2, 1]})", "'strides' must be"},
    {"efficientnet-plain", R"({"hidden_dim": 1280})", "'hidden_dim' must be"},
    {"efficientnet-plain", R"({"pooling_type": "sum"})", "'pooling_type' must be"},
    {"efficientnet-plain", R"({"depth_coefficient": 1e9})", "'depth_coefficient' must be"},
    {"mobilevit-plain", R"({"num_attention_heads": 0})", "'num_attention_heads' must be"},
    {"mobilevit-plain", R"({"num_attention_heads": 5})", "multiples of num_attention_heads"},
    {"mobilevit-plain", R"({"hidden_sizes": [4, 4]})", "'hidden_sizes' must be a list of 3"},
    {"mobilevit-plain", R"({"neck_hidden_sizes": [4, 4, 6]})", "'neck_hidden_sizes' must be a list of 7"},
    {"mobilevit-plain", R"({"conv_kernel_size": 2})", "'conv_kernel_size' must be odd"},
    {"mobilevit-plain", R"({"output_stride": 12})", "'output_stride' must be 8, 16 or 32"},
    {"mobilevit-plain", R"({"mlp_ratio": 0.1})", "'mlp_ratio' must be"},
    {"mobilevit-plain", R"({"patch_size": 0})", "'patch_size' must be"},
    {"mobilevitv2-plain", R"({"n_attn_blocks": [1, 2, -1]})", "'n_attn_blocks' must be"},
    {"mobilevitv2-plain", R"({"base_attn_unit_dims": [128]})", "'base_attn_unit_dims' must be a list of 3"},
    {"mobilevitv2-plain", R"({"ffn_multiplier": 0.5})", "'ffn_multiplier' must be"},
    {"mobilevitv2-plain", R"({"image_size": 32, "patch_size": 3})",
     "smaller than a patch ('patch_size' is 3)"},
    {"timm_wrapper-vit", R"({"architecture": "vit_base_patch16_224x"})",
     "'vit_base_patch16_224x' is not supported"},
    {"timm_wrapper-vit", R"({"architecture": "vit_base_patch_224"})", "is not supported"},
    {"timm_wrapper-vit", R"({"architecture": "resnet51"})", "'resnet51' is not supported. Supported are"},
    {"timm_wrapper-vit", R"({"model_args": {"num_heads": 5}})", "'num_heads' must be a divisor"},
    {"timm_wrapper-vit", R"({"model_args": {"img_size": 99}})", "'img_size' must be"},
    {"timm_wrapper-vit", R"({"model_args": {"qk_norm": true}})", "the argument 'qk_norm' is not supported"},
    {"timm_wrapper-vit", R"({"model_args": {"global_pool": "map"}})", "'global_pool' must be"},
    {"timm_wrapper-resnet", R"({"model_args": {"layers": [1, 1, 1]}})", "'layers' must be a list of 4"},
    {"timm_wrapper-resnet", R"({"model_args": {"base_width": 1, "channels": [4, 4, 4, 4]}})",
     "'channels' must be"},
    {"timm_wrapper-resnet-tiered", R"({"model_args": {"cardinality": 2}})", "'cardinality' must be absent"},
    {"timm_wrapper-mobilenetv3", R"({"model_args": {"act_layer": "relu"}})", "'act_layer' is not supported"},
    {"timm_wrapper-efficientnet", R"({"model_args": {"depth_multiplier": -1}})",
     "'depth_multiplier' must be"},
    {"timm_wrapper-efficientnet", R"({"pretrained_cfg": {"input_size": [3, 0, 40]}})", "input_size"},
    {"timm_wrapper-efficientnet", R"({"id2label": null, "num_classes": 0})", "'num_classes' must be"},
};

class MobileNetworks : public testing::TestWithParam<Refusal> {};

TEST_P(MobileNetworks, RefuseWhatDoesNotFitByItsName) {
    json config = config_of(GetParam().golden);
    config.update(json::parse(GetParam().changes));
    try {
        load(config);
        FAIL() << "it was accepted";
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr(GetParam().message));
    }
}

INSTANTIATE_TEST_SUITE_P(All, MobileNetworks, testing::ValuesIn(kRefusals), [](const auto& row) {
    std::string name = std::string(row.param.golden) + "_" + std::to_string(row.index);
    for (char& c : name) c = c == '-' ? '_' : c;
    return name;
});

class MobileGoldens : public testing::TestWithParam<const char*> {};

TEST_P(MobileGoldens, HoldForEveryBatchSize) {
    const Model model = load(config_of(GetParam()));
    const graph::Graph batch = graph::with_batch(model.graph, 3);
    graph::verify(batch);
    EXPECT_EQ(batch.type(batch.output()).shape, (Shape{3, 5}));
}

INSTANTIATE_TEST_SUITE_P(All, MobileGoldens,
                         testing::Values("mobilenet_v1-same", "efficientnet-options", "mobilevit-plain",
                                         "mobilevit-options", "mobilevitv2-plain", "mobilevitv2-options",
                                         "timm_wrapper-vit", "timm_wrapper-resnet",
                                         "timm_wrapper-mobilenetv3"),
                         [](const auto& row) {
                             std::string name = row.param;
                             for (char& c : name) c = c == '-' ? '_' : c;
                             return name;
                         });

TEST(TimmWrapper, IsToldByTimmsFormOfTheFile) {
    json config = config_of("timm_wrapper-vit");
    config.erase("id2label");
    const Model model = load(config);
    EXPECT_EQ(model.architecture, "timm_wrapper");
    EXPECT_EQ(model.processor.type, "TimmWrapper");
    EXPECT_EQ(model.height(), 16);
    EXPECT_EQ(model.width(), 24);
    EXPECT_EQ(model.labels,
              (std::vector<std::string>{"LABEL_0", "LABEL_1", "LABEL_2", "LABEL_3", "LABEL_4"}));
    EXPECT_THAT(model.notes, testing::Contains(HasSubstr("no names of the classes")));
}

TEST(TimmWrapper, TakesLabelsFromTheFileWhereItHasThem) {
    json config = config_of("timm_wrapper-vit");
    config.erase("id2label");
    config["label_names"] = {"ant", "bee", "cat", "dog", "elk"};
    config["model_type"] = "timm_wrapper";
    const Model model = load(config);
    EXPECT_EQ(model.labels[4], "elk");
    EXPECT_THAT(model.notes, testing::Not(testing::Contains(HasSubstr("no names of the classes"))));
}

TEST(TimmWrapper, TakesTheChannelsOfTheArguments) {
    json config = config_of("timm_wrapper-vit");
    config["model_args"]["in_chans"] = 1;
    config["model_args"]["drop_rate"] = 0.2;
    config["pretrained_cfg"]["mean"] = {0.5};
    config["pretrained_cfg"]["std"] = {0.5};
    EXPECT_EQ(load(config).channels(), 1);
}

}  // namespace
}  // namespace espalier::models
