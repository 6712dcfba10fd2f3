#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "base/file.h"
#include "datasets/preprocess.h"
#include "datasets/shared_data_test.h"

namespace espalier::datasets {
namespace {

struct Setting {
    const char* row;  ///< first column of pixel_values.tsv
    int edge;         ///< of the square result
    const char* json;
};

#define HALF R"("image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5])"
#define IMAGENET R"("image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225])"

/// Processor files of the checkpoints that the rows of pixel_values.tsv name (ZOO, section 2).
const Setting kSettings[] = {
    {"vit-224 (google/vit-*-224)", 224,
     R"({"feature_extractor_type": "ViTFeatureExtractor", "size": 224, )" HALF "}"},
    {"vit-384", 384,
     R"({"image_processor_type": "ViTImageProcessor", "size": {"height": 384, "width": 384}, "resample": 2, )" HALF
     "}"},
    {"deit-224", 224,
     R"({"feature_extractor_type": "DeiTFeatureExtractor", "size": 256, "crop_size": 224, "do_center_crop": true, )" IMAGENET
     "}"},
    {"beit-224", 224,
     R"({"feature_extractor_type": "BeitFeatureExtractor", "size": 224, "crop_size": 224, "do_center_crop": false,
         "resample": 2, )" HALF "}"},
    {"data2vec-224", 224,
     R"({"feature_extractor_type": "BeitFeatureExtractor", "size": 224, "do_center_crop": false, )" HALF "}"},
    {"dinov2/hiera bicubic256", 224,
     R"({"image_processor_type": "BitImageProcessor", "size": {"shortest_edge": 256},
         "crop_size": {"height": 224, "width": 224}, )" IMAGENET "}"},
    {"focalnet bilinear256", 224,
     R"({"image_processor_type": "BitImageProcessor", "size": {"shortest_edge": 256}, "resample": 2,
         "crop_size": {"height": 224, "width": 224}, )" IMAGENET "}"},
    {"bit-50 448", 448,
     R"({"image_processor_type": "BitImageProcessor", "size": {"shortest_edge": 448}, "resample": 2,
         "crop_size": {"height": 448, "width": 448}, )" HALF "}"},
    {"swin-224", 224,
     R"({"feature_extractor_type": "ViTFeatureExtractor", "size": 224, "resample": 3, )" IMAGENET "}"},
    {"swinv2-256", 256,
     R"({"feature_extractor_type": "ViTFeatureExtractor", "size": 256, "resample": 3, )" IMAGENET "}"},
    {"convnext/resnet/regnet/cvt/van 0.875", 224,
     R"({"feature_extractor_type": "ConvNextFeatureExtractor", "size": 224, "crop_pct": 0.875, "resample": 3, )" IMAGENET
     "}"},
    {"mobilenet v1/v2", 224, R"({"image_processor_type": "MobileNetV2ImageProcessor", )" HALF "}"},
    {"efficientnet-b0", 224,
     R"({"image_processor_type": "EfficientNetImageProcessor", "size": {"height": 224, "width": 224},
         "image_mean": [0.485, 0.456, 0.406], "image_std": [0.47853944, 0.4732864, 0.47434163]})"},
    {"efficientnet-b7", 600,
     R"({"image_processor_type": "EfficientNetImageProcessor", "size": {"height": 600, "width": 600},
         "image_mean": [0.485, 0.456, 0.406], "image_std": [0.47853944, 0.4732864, 0.47434163]})"},
    {"mobilevit 288/256", 256,
     R"({"feature_extractor_type": "MobileViTFeatureExtractor", "size": 288, "crop_size": 256,
         "do_flip_channel_order": true})"},
    {"levit", 224, R"({"feature_extractor_type": "LevitFeatureExtractor", "size": 224, )" IMAGENET "}"},
    {"segformer 512", 512,
     R"({"feature_extractor_type": "SegformerFeatureExtractor", "size": 512, )" IMAGENET "}"},
    {"pvt", 224, R"({"image_processor_type": "PvtImageProcessor", )" IMAGENET "}"},
    {"poolformer 0.9", 224,
     R"({"feature_extractor_type": "PoolFormerFeatureExtractor", "size": 224, "crop_pct": 0.9,
         "do_resize_and_center_crop": true, )" IMAGENET "}"},
    {"efficientformer", 224,
     R"({"image_processor_type": "EfficientFormerImageProcessor", "size": {"shortest_edge": 256}, "crop_size": 224, )" IMAGENET
     "}"},
    {"timm 0.95 bicubic (resnet*.a1)", 224,
     R"({"pretrained_cfg": {"input_size": [3, 224, 224], "interpolation": "bicubic", "crop_pct": 0.95}})"},
    {"timm 0.875 bicubic (mobilenetv3_small)", 224,
     R"({"pretrained_cfg": {"input_size": [3, 224, 224], "interpolation": "bicubic", "crop_pct": 0.875}})"},
    {"timm 0.9 bicubic .5 (vit augreg)", 224,
     R"({"pretrained_cfg": {"input_size": [3, 224, 224], "interpolation": "bicubic", "crop_pct": 0.9,
         "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}})"},
};

/// First column -> last column (the first 16 digits of the SHA-256 of the values).
std::map<std::string, std::string> read_expected(const std::filesystem::path& path) {
    std::map<std::string, std::string> rows;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        rows[line.substr(0, line.find('\t'))] = line.substr(line.rfind('\t') + 1);
    }
    return rows;
}

TEST(PixelValues, EqualTheReferenceProcessorsBitForBit) {
    const auto photo = shared_dir() / "data" / "images" / "000000039769.png";
    const auto expected = read_expected(shared_dir() / "zoo" / "pixel_values.tsv");
    if (!std::filesystem::exists(photo) || expected.empty())
        GTEST_SKIP() << "no reference data at " << shared_dir();
    const Image image = load_image(photo);
    for (const Setting& setting : kSettings) {
        const Tensor values =
            preprocess(image, parse_processor(setting.json, setting.row, ""), 3, setting.edge, setting.edge);
        EXPECT_EQ(sha256(values.bytes()).substr(0, 16), expected.at(setting.row)) << setting.row;
    }
    EXPECT_EQ(std::size(kSettings), expected.size() - 1) << "one row is the heading";
}

}  // namespace
}  // namespace espalier::datasets
