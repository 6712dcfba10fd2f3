// Configurations of window and hybrid transformers that no network can be built from: an error that names the
// key.

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
    {R"({"model_type": "swin", "num_heads": [3, 6, 12]})", "num_heads"},
    {R"({"model_type": "swin", "num_heads": [5, 6, 12, 24]})", "num_heads"},
    {R"({"model_type": "swin", "num_heads": [0, 6, 12, 24]})", "num_heads"},
    {R"({"model_type": "swin", "depths": [2, 2, 6, 2, 2, 2, 2, 2, 2]})", "depths"},
    {R"({"model_type": "swin", "use_absolute_embeddings": true})", "use_absolute_embeddings"},
    {R"({"model_type": "swin", "image_size": 24, "depths": [1]})", "window_size"},
    {R"({"model_type": "swin", "window_size": 0})", "window_size"},
    {R"({"model_type": "swin", "window_size": 56, "depths": [2], "num_heads": [96]})", "attention bias"},
    {R"({"model_type": "swin", "mlp_ratio": 0.005})", "mlp_ratio"},
    {R"({"model_type": "swin", "hidden_act": "gelu2"})", "gelu2"},
    {R"({"model_type": "swinv2", "pretrained_window_sizes": [12]})", "pretrained_window_sizes"},
    {R"({"model_type": "swinv2", "pretrained_window_sizes": [1, 1, 1, 1]})", "pretrained_window_sizes"},
    {R"({"model_type": "swinv2", "image_size": 28})", "image_size"},
    {R"({"model_type": "levit", "hidden_sizes": [128, 256]})", "hidden_sizes"},
    {R"({"model_type": "levit", "hidden_sizes": [7, 256, 384]})", "hidden_sizes"},
    {R"({"model_type": "levit", "depths": [1, 1, 1, 1]})", "depths"},
    {R"({"model_type": "levit", "key_dim": [16, 16]})", "key_dim"},
    {R"({"model_type": "levit", "key_dim": [300, 16, 16]})", "key_dim"},
    {R"({"model_type": "levit", "num_attention_heads": [4, 0, 12]})", "num_attention_heads"},
    {R"({"model_type": "levit", "patch_size": 8})", "image_size"},
    {R"({"model_type": "levit", "padding": 0, "kernel_size": 40})", "embedding_layer_3"},
    {R"({"model_type": "cvt", "depth": [1, 2]})", "embed_dim"},
    {R"({"model_type": "cvt", "num_heads": [1, 3, 7]})", "num_heads"},
    {R"({"model_type": "cvt", "cls_token": [false, false, false]})", "cls_token"},
    {R"({"model_type": "cvt", "cls_token": [true, false, true]})", "cls_token"},
    {R"({"model_type": "cvt", "qkv_projection_method": ["dw_bn", "dw_bn", "avg"]})", "qkv_projection_method"},
    {R"({"model_type": "cvt", "stride_q": [1, 1, 2]})", "padding_q"},
    {R"({"model_type": "cvt", "padding_q": [0, 1, 1]})", "padding_q"},
    {R"({"model_type": "cvt", "depth": [1, 1, 1], "kernel_qkv": [3, 3, 31], "padding_q": [1, 1, 15],
         "padding_kv": [1, 1, 0]})",
     "convolution_projection"},
    {R"({"model_type": "swiftformer", "embed_dims": [48, 56, 112]})", "embed_dims"},
    {R"({"model_type": "swiftformer", "embed_dims": [1, 56, 112, 220]})", "embed_dims"},
    {R"({"model_type": "swiftformer", "downsamples": [true]})", "downsamples"},
    {R"({"model_type": "swiftformer", "mlp_ratio": 0.01})", "mlp_ratio"},
    {R"({"model_type": "swiftformer", "down_patch_size": 60, "down_pad": 0})", "network.1"},
    {R"({"model_type": "efficientformer", "depths": [3, 2, 6]})", "hidden_sizes"},
    {R"({"model_type": "efficientformer", "dim": 447})", "dim"},
    {R"({"model_type": "efficientformer", "resolution": 8})", "resolution"},
    {R"({"model_type": "efficientformer", "pool_size": 4})", "pool_size"},
    {R"({"model_type": "efficientformer", "num_attention_heads": 0})", "num_attention_heads"},
    {R"({"model_type": "efficientformer", "attention_ratio": 0.01})", "attention_ratio"},
};

TEST(HybridConfigErrors, NameTheKey) {
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
