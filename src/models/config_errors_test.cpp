// Configurations that no network can be built from: an error that names the key, whatever the weights are.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/temporary_folder.h"
#include "models/load.h"

namespace espalier::models {
namespace {

struct Bad {
    const char* config;
    const char* named;  ///< what the message must contain
};

constexpr Bad kBad[] = {
    {R"({"model_type": "regnet", "layer_type": "z"})", "layer_type"},
    {R"({"model_type": "regnet", "depths": [1, 2]})", "depths"},
    {R"({"model_type": "regnet", "groups_width": 50})", "groups_width"},
    {R"({"model_type": "regnet", "groups_width": 0})", "groups_width"},
    {R"({"model_type": "regnet", "hidden_act": "mish2"})", "mish2"},
    {R"({"model_type": "convnextv2", "num_stages": 5})", "hidden_sizes"},
    {R"({"model_type": "convnextv2", "depths": [3, 3]})", "depths"},
    {R"({"model_type": "convnextv2", "patch_size": 500})", "patch_embeddings"},
    {R"({"model_type": "van", "mlp_ratios": [8]})", "mlp_ratios"},
    {R"({"model_type": "van", "strides": [4, 2, 2, -2]})", "strides"},
    {R"({"model_type": "poolformer", "pool_size": 4})", "pool_size"},
    {R"({"model_type": "poolformer", "num_encoder_blocks": 9})", "hidden_sizes"},
    {R"({"model_type": "poolformer", "mlp_ratio": 0.001})", "mlp_ratio"},
    {R"({"model_type": "focalnet", "focal_windows": [3, 4, 3, 3]})", "focal_windows"},
    {R"({"model_type": "focalnet", "depths": [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]})", "depths"},
    {R"({"model_type": "focalnet", "focal_levels": 2})", "focal_levels"},
    {R"({"model_type": "focalnet", "mlp_ratio": 0})", "mlp_ratio"},
    {R"({"model_type": "segformer", "mlp_ratios": [4, 4, 0, 4]})", "mlp_ratios"},
    {R"({"model_type": "segformer", "num_attention_heads": [1, 2, 5, 7]})", "num_attention_heads"},
    {R"({"model_type": "segformer", "num_attention_heads": [0, 2, 5, 8]})", "num_attention_heads"},
    {R"({"model_type": "segformer", "sr_ratios": [8, 4, 2, 33]})", "sr"},
    {R"({"model_type": "pvt", "sequence_reduction_ratios": [8, 4, 2, 2]})", "sequence_reduction_ratios"},
    {R"({"model_type": "pvt", "image_size": [224, 224]})", "image_size"},
    {R"({"model_type": "pvt", "patch_sizes": [5, 2, 2, 2]})", "image_size"},
    {R"({"model_type": "pvt_v2", "hidden_sizes": [32, 64, 161, 256]})", "num_attention_heads"},
    {R"({"model_type": "pvt_v2", "depths": [2, 2, 2, 1000]})", "depths"},
    {R"({"model_type": "bit", "global_padding": "VALID"})", "global_padding"},
    {R"({"model_type": "bit", "layer_type": "basic"})", "layer_type"},
    {R"({"model_type": "bit", "num_groups": 24})", "num_groups"},
    {R"({"model_type": "bit", "num_groups": 0})", "num_groups"},
};

TEST(ConfigErrors, NameTheKey) {
    for (const Bad& bad : kBad) {
        const TemporaryFolder folder;
        folder.write("config.json", bad.config);
        try {
            load_model(folder.path(), {.random_weights = 1, .hash = false});
            ADD_FAILURE() << "accepted: " << bad.config;
        } catch (const Error& error) {
            EXPECT_THAT(error.what(), testing::HasSubstr(bad.named)) << bad.config;
        }
    }
}

}  // namespace
}  // namespace espalier::models
