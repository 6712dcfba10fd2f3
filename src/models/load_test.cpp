#include "models/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/random.h"
#include "base/temporary_folder.h"
#include "formats/safetensors/safetensors.h"

namespace espalier::models {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

fs::path golden(const char* name) { return fs::path(ESPALIER_SOURCE_DIR) / "tools/goldens/models" / name; }

/// A copy of a golden checkpoint that a test may spoil.
class Copy : public TemporaryFolder {
  public:
    explicit Copy(const char* name = "vit-plain") {
        for (const auto& entry : fs::directory_iterator(golden(name))) fs::copy(entry.path(), path());
    }
    json config() const { return json::parse(read_text_file(path() / "config.json")); }
    void write_config(const json& config) const { write("config.json", config.dump()); }
    /// Changes the checkpoint's tensors.
    void edit(const std::function<void(formats::TensorMap&)>& change) const {
        formats::TensorMap tensors = formats::read_safetensors(path() / "model.safetensors").tensors;
        for (auto& [name, tensor] : tensors) tensor = tensor.clone();
        change(tensors);
        formats::write_safetensors(path() / "model.safetensors", tensors);
    }
};

std::string error_of(const fs::path& folder, const LoadOptions& options = {}) {
    try {
        load_model(folder, options);
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr(folder.filename().string())) << "the message names the folder";
        return error.what();
    }
    return "no error";
}

TEST(LoadModel, ReadsWhatTheFolderSays) {
    const Model model = load_model(golden("vit-options"));
    EXPECT_EQ(model.architecture, "vit");
    EXPECT_EQ(model.name, "vit-options");
    EXPECT_EQ(model.channels(), 1);
    EXPECT_EQ(model.height(), 12);
    EXPECT_EQ(model.width(), 20);
    EXPECT_EQ(model.classes(), 5);
    EXPECT_EQ(model.labels[4], "class 4");
    EXPECT_EQ(model.sha256.size(), 64u);
    EXPECT_THAT(model.notes, ElementsAre(HasSubstr("warps images to 12 x 20 pixels")));
}

TEST(LoadModel, TheHashCoversConfigurationWeightsAndProcessor) {
    const Copy copy;
    const std::string before = load_model(copy.path()).sha256;
    EXPECT_EQ(before, load_model(golden("vit-plain")).sha256);
    EXPECT_EQ(load_model(copy.path(), {.hash = false}).sha256, "");
    copy.edit([](auto& tensors) { tensors.at("vit.layernorm.bias").template mutable_span<float>()[0] += 1; });
    const std::string after = load_model(copy.path()).sha256;
    EXPECT_NE(before, after);
    auto config = copy.config();
    config["id2label"]["0"] = "renamed";
    copy.write_config(config);
    EXPECT_NE(load_model(copy.path()).sha256, after);
}

TEST(LoadModel, AHubCacheGivesNameAndRevision) {
    const TemporaryFolder cache;
    const auto place = cache.path() / "models--org--net" / "snapshots" / "0123abc";
    fs::create_directories(place.parent_path());
    fs::copy(golden("vit-plain"), place);
    const Model model = load_model(place);
    EXPECT_EQ(model.name, "org/net");
    EXPECT_EQ(model.origin, "org/net@0123abc");
}

TEST(LoadModel, MissingAndMisshapenTensorsAreNamed) {
    const Copy missing;
    missing.edit([](auto& tensors) { tensors.erase("vit.encoder.layer.1.output.dense.bias"); });
    EXPECT_THAT(error_of(missing.path()),
                HasSubstr("the tensor 'vit.encoder.layer.1.output.dense.bias' of shape [12] is missing"));
    const Copy shape;
    shape.edit([](auto& tensors) { tensors["vit.layernorm.weight"] = Tensor::allocate(DType::kF32, {7}); });
    EXPECT_THAT(error_of(shape.path()),
                HasSubstr("'vit.layernorm.weight' has shape [7], but the configuration asks for [12]"));
    const Copy type;
    type.edit([](auto& tensors) { tensors["vit.layernorm.weight"] = Tensor::allocate(DType::kI64, {12}); });
    EXPECT_THAT(error_of(type.path()), HasSubstr("holds i64, but weights must be floating-point"));
}

TEST(LoadModel, OldNamesAndUnknownTensorsAreAccepted) {
    const Copy copy;
    copy.edit([](auto& tensors) {
        auto node = tensors.extract("vit.layernorm.weight");
        node.key() = "vit.layernorm.gamma";
        tensors.insert(std::move(node));
        tensors["vit.pooler.dense.weight"] = Tensor::allocate(DType::kF32, {12, 12});
        tensors["some.num_batches_tracked"] = Tensor::allocate(DType::kI64, {});
    });
    const Model model = load_model(copy.path());
    EXPECT_THAT(model.notes, Contains(HasSubstr("1 of the file's tensors: vit.pooler.dense.weight")));
}

TEST(LoadModel, LabelsMustMatch) {
    const Copy copy;
    auto config = copy.config();
    config["id2label"].erase("4");
    copy.write_config(config);
    EXPECT_THAT(error_of(copy.path()), HasSubstr("id2label has 4 labels, but the weights classify into 5"));
    config["id2label"]["7"] = "gap";
    copy.write_config(config);
    EXPECT_THAT(error_of(copy.path()), HasSubstr("keys must be 0 to 4 without a gap, but one is '7'"));
    config["id2label"] = {{"0", 3}};
    copy.write_config(config);
    EXPECT_THAT(error_of(copy.path()), HasSubstr("must be a text"));
    config.erase("id2label");
    copy.write_config(config);
    EXPECT_THAT(error_of(copy.path()),
                HasSubstr("has no id2label, which means 2 classes, but the weights classify into 5"));
    config["num_labels"] = 5;
    copy.write_config(config);
    EXPECT_EQ(load_model(copy.path()).labels[3], "LABEL_3");
}

TEST(LoadModel, WrongConfigurationsAreExplained) {
    const Copy copy;
    const auto with = [&](const char* key, const json& value) {
        auto config = json::parse(read_text_file(golden("vit-plain") / "config.json"));
        config[key] = value;
        copy.write_config(config);
        return error_of(copy.path());
    };
    EXPECT_THAT(with("hidden_size", "wide"),
                HasSubstr("'hidden_size' must be an integer from 1 to 65536, but is \"wide\""));
    EXPECT_THAT(with("hidden_size", -3), HasSubstr("'hidden_size'"));
    EXPECT_THAT(with("hidden_size", 1e300), HasSubstr("'hidden_size'"));
    EXPECT_THAT(with("num_attention_heads", 5), HasSubstr("a divisor of hidden_size, which is 12"));
    EXPECT_THAT(with("hidden_act", "reluu"), HasSubstr("Did you mean 'relu'?"));
    EXPECT_THAT(with("image_size", 24), HasSubstr("24 x 24 pixels, but the image processor makes 16 x 16"));
    EXPECT_THAT(with("image_size", {1, 2, 3}), HasSubstr("'image_size'"));
    EXPECT_THAT(with("model_type", "imagegpt"), HasSubstr("'imagegpt' is not supported"));
    EXPECT_THAT(with("layer_norm_eps", nullptr), "no error");
    copy.write("config.json", "{");
    EXPECT_THAT(error_of(copy.path()), HasSubstr("not valid JSON"));
    copy.write("config.json", "[]");
    EXPECT_THAT(error_of(copy.path()), HasSubstr("must hold a JSON object"));
    copy.write("config.json", std::string(100000, '['));
    EXPECT_THAT(error_of(copy.path()), HasSubstr("deeper than 64"));
}

TEST(LoadModel, FoldersWithoutAModelAreExplained) {
    const TemporaryFolder empty;
    EXPECT_THAT(error_of(empty.path()), HasSubstr("has no config.json"));
    EXPECT_THAT(error_of(empty.path() / "absent"), HasSubstr("there is no model folder"));
    empty.write("config.json", R"({"model_type":"vit"})");
    EXPECT_THAT(error_of(empty.path()), HasSubstr("has no weights: none of model.safetensors, "));
    empty.write("weights.bin", "x");
    EXPECT_THROW(load_model(empty.path() / "weights.bin"), Error);
}

TEST(LoadModel, AShardedCheckpointIsTheSameModel) {
    const Copy copy;
    const auto tensors = formats::read_safetensors(copy.path() / "model.safetensors").tensors;
    json index = {{"weight_map", json::object()}};
    formats::TensorMap parts[2];
    for (const auto& [name, tensor] : tensors) {
        const std::size_t part = name.size() % 2;
        parts[part].emplace(name, tensor);
        index["weight_map"][name] = part ? "odd.safetensors" : "even.safetensors";
    }
    formats::write_safetensors(copy.path() / "even.safetensors", parts[0]);
    formats::write_safetensors(copy.path() / "odd.safetensors", parts[1]);
    copy.write("model.safetensors.index.json", index.dump());
    fs::remove(copy.path() / "model.safetensors");
    EXPECT_EQ(graph::print(load_model(copy.path()).graph),
              graph::print(load_model(golden("vit-plain")).graph));
}

TEST(LoadModel, OnnxTakesLabelsAndProcessorFromTheFilesBesideIt) {
    const TemporaryFolder folder;
    fs::copy(fs::path(ESPALIER_SOURCE_DIR) / "tools/goldens/onnx_ops/gemm_scaled.onnx",
             folder.path() / "model.onnx");
    EXPECT_THAT(error_of(folder.path()), HasSubstr("image_processor_type"));
    folder.write("preprocessor_config.json", R"({"image_processor_type":"BitImageProcessor","do_resize":false,
                                                 "do_center_crop":false})");
    const Model numbered = load_model(folder.path());
    EXPECT_EQ(numbered.architecture, "onnx");
    EXPECT_EQ(numbered.labels[4], "LABEL_4");
    folder.write("config.json", R"({"id2label":{"0":"a","1":"b","2":"c","3":"d","4":"e"}})");
    EXPECT_EQ(load_model(folder.path() / "model.onnx").labels[4], "e");
    fs::create_directory(folder.path() / "onnx");
    fs::rename(folder.path() / "model.onnx", folder.path() / "onnx/model.onnx");
    EXPECT_EQ(load_model(folder.path()).labels[4], "e");
    fs::rename(folder.path() / "onnx/model.onnx", folder.path() / "model.onnx");
    folder.write("config.json", R"({"id2label":{"0":"a","1":"b"}})");
    EXPECT_THAT(error_of(folder.path()), HasSubstr("there are 2 labels, but the network classifies into 5"));
    folder.write("config.json", R"({"num_labels":5})");
    folder.write("preprocessor_config.json", R"({"image_processor_type":"ViTImageProcessor"})");
    EXPECT_THAT(error_of(folder.path()),
                HasSubstr("takes images of 4 x 6 pixels, but the image processor makes 224 x 224"));
}

TEST(LoadModel, RandomWeightsDependOnTheSeedAlone) {
    const TemporaryFolder folder;
    folder.write("config.json",
                 R"({"model_type":"convnext","hidden_sizes":[8,16],"depths":[1,1],"num_stages":2})");
    const auto first_weight = [&](std::uint64_t seed) {
        const Model model = load_model(folder.path(), {.random_weights = seed});
        return model.graph.constant(static_cast<graph::NodeId>(1))->span<float>()[0];
    };
    EXPECT_EQ(first_weight(1), first_weight(1));
    EXPECT_NE(first_weight(1), first_weight(2));
    folder.write("config.json",
                 R"({"model_type":"vit","hidden_size":65536,"num_attention_heads":1,"patch_size":224})");
    EXPECT_THAT(error_of(folder.path(), {.random_weights = 1}), HasSubstr("more than 4 GiB"));
}

TEST(LoadModel, RandomWeightsTakeTheSizeOfTheConfiguration) {
    const TemporaryFolder folder;
    folder.write("config.json",
                 R"({"model_type":"vit","hidden_size":16,"num_attention_heads":2,"intermediate_size":8,
                                    "num_hidden_layers":1,"image_size":64})");
    EXPECT_EQ(load_model(folder.path(), {.random_weights = 1}).height(), 64);
}

TEST(LoadModel, FlippedBytesNeverCrash) {
    Random random(5);
    int accepted = 0, refused = 0;
    for (const char* name : {"vit-options", "resnet-basic", "mobilenet_v2-same", "convnext-options"}) {
        const Copy copy(name);
        for (const char* file : {"config.json", "preprocessor_config.json", "model.safetensors"}) {
            const std::string good = read_text_file(copy.path() / file);
            for (int round = 0; round < 40; ++round) {
                std::string bad = good;
                const std::uint64_t reach = std::min<std::uint64_t>(bad.size(), 6000);
                for (int flips = 0; flips < 2; ++flips)
                    bad[random.below(reach)] = static_cast<char>(random.below(256));
                copy.write(file, bad);
                try {
                    load_model(copy.path(), {.hash = false});
                    ++accepted;
                } catch (const Error&) {
                    ++refused;
                }
            }
            copy.write(file, good);
        }
    }
    EXPECT_GT(accepted, 20);
    EXPECT_GT(refused, 20);
}

}  // namespace
}  // namespace espalier::models
