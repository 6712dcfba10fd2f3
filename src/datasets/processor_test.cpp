#include "datasets/processor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace espalier::datasets {
namespace {

using testing::HasSubstr;

ProcessorConfig parse(const std::string& json, const std::string& model_type = "") {
    return parse_processor(json, "the-file", model_type);
}

std::string problem_of(const std::string& json, const std::string& model_type = "") {
    try {
        parse(json, model_type);
        return {};
    } catch (const Error& error) {
        return error.what();
    }
}

TEST(Processor, MissingResampleIsTheDefaultOfTheClass) {
    const std::pair<const char*, Filter> expected[] = {
        {"ViT", Filter::kBilinear},         {"Pvt", Filter::kBilinear},
        {"MobileNetV1", Filter::kBilinear}, {"MobileNetV2", Filter::kBilinear},
        {"MobileViT", Filter::kBilinear},   {"Segformer", Filter::kBilinear},
        {"DeiT", Filter::kBicubic},         {"Beit", Filter::kBicubic},
        {"Bit", Filter::kBicubic},          {"ConvNext", Filter::kBicubic},
        {"Levit", Filter::kBicubic},        {"PoolFormer", Filter::kBicubic},
        {"CLIP", Filter::kBicubic},         {"EfficientNet", Filter::kNearest}};
    for (const auto& [name, filter] : expected) {
        EXPECT_EQ(parse(fmt::format(R"({{"image_processor_type": "{}ImageProcessor"}})", name)).filter,
                  filter)
            << name;
        EXPECT_EQ(parse(fmt::format(R"({{"feature_extractor_type": "{}FeatureExtractor"}})", name)).filter,
                  filter)
            << name;
    }
}

TEST(Processor, ClassComesFromTheModelTypeWhereTheFileIsSilent) {
    EXPECT_EQ(parse(R"({"size": 224})", "vit").type, "ViT");
    EXPECT_EQ(parse(R"({"size": 224})", "resnet").type, "ConvNext");
    EXPECT_EQ(parse(R"({"image_processor_type": "ViTImageProcessorFast"})", "resnet").type, "ViT");
    EXPECT_THAT(problem_of(R"({"size": 224})"), HasSubstr("image_processor_type"));
    EXPECT_THAT(problem_of(R"({"image_processor_type": "DonutImageProcessor"})"),
                HasSubstr("DonutImageProcessor"));
}

TEST(Processor, ReadsEveryFormOfSize) {
    EXPECT_EQ(parse(R"({"size": 200})", "vit").resize_extent, (Extent{200, 200}));
    EXPECT_EQ(parse(R"({"size": [200, 100]})", "vit").resize_extent, (Extent{200, 100}));
    EXPECT_EQ(parse(R"({"size": {"height": 200, "width": 100}})", "vit").resize_extent, (Extent{200, 100}));
    EXPECT_EQ(parse(R"({"size": 200})", "dinov2").shortest_edge, 200);
    EXPECT_EQ(parse(R"({"size": {"shortest_edge": 200}})", "mobilenet_v2").shortest_edge, 200);
    const ProcessorConfig cropped = parse(R"({"size": 288, "crop_size": 256})", "mobilevit");
    EXPECT_EQ(cropped.shortest_edge, 288);
    EXPECT_EQ(cropped.crop, (Extent{256, 256}));
}

TEST(Processor, ClassRulesChangeTheSize) {
    const ProcessorConfig small = parse(R"({"size": 224})", "convnext");
    EXPECT_EQ(small.shortest_edge, 256);
    EXPECT_EQ(small.crop, (Extent{224, 224}));
    const ProcessorConfig large = parse(R"({"size": {"shortest_edge": 384}})", "convnext");
    EXPECT_EQ(large.shortest_edge, std::nullopt);
    EXPECT_EQ(large.resize_extent, (Extent{384, 384}));
    EXPECT_FALSE(large.crop.has_value());
    EXPECT_EQ(parse(R"({"size": 224})", "levit").shortest_edge, 256);
    EXPECT_EQ(parse(R"({"size": 224, "crop_pct": 0.9})", "poolformer").shortest_edge, 248);
    EXPECT_EQ(parse(R"({"size": 224, "crop_pct": null})", "poolformer").shortest_edge, 224);
    EXPECT_TRUE(parse("{}", "efficientnet").divide_by_std_again);
    EXPECT_FALSE(parse(R"({"include_top": false})", "efficientnet").divide_by_std_again);
    EXPECT_TRUE(parse("{}", "mobilevit").flip_channels);
    EXPECT_FALSE(parse("{}", "mobilevit").normalize);
}

TEST(Processor, BadFilesGiveErrorsThatNameTheKey) {
    EXPECT_THAT(problem_of("{", "vit"), HasSubstr("the-file is not valid JSON"));
    EXPECT_THAT(problem_of("[]", "vit"), HasSubstr("JSON object"));
    EXPECT_THAT(problem_of(R"({"size": )" + std::string(1000000, '['), "vit"), HasSubstr("the-file"));
    EXPECT_THAT(problem_of(R"({"size": )" + std::string(300000, '[') + std::string(300000, ']') + "}", "vit"),
                HasSubstr("deep"));
    EXPECT_THAT(problem_of(R"({"size": 0})", "vit"), HasSubstr("\"size\""));
    EXPECT_THAT(problem_of(R"({"size": 1e9})", "vit"), HasSubstr("\"size\""));
    EXPECT_THAT(problem_of(R"({"size": {"longest_edge": 3}})", "vit"), HasSubstr("\"size\""));
    EXPECT_THAT(problem_of(R"({"size": {"height": -3, "width": 9}})", "vit"), HasSubstr("\"size\""));
    EXPECT_THAT(problem_of(R"({"resample": 9})", "vit"), HasSubstr("\"resample\""));
    EXPECT_THAT(problem_of(R"({"do_resize": "yes"})", "vit"), HasSubstr("\"do_resize\""));
    EXPECT_THAT(problem_of(R"({"image_mean": [1, 2]})", "vit"), HasSubstr("\"image_mean\""));
    EXPECT_THAT(problem_of(R"({"image_std": [1, 0, 1]})", "vit"), HasSubstr("\"image_std\""));
    EXPECT_THAT(problem_of(R"({"size": 224, "crop_pct": 0})", "convnext"), HasSubstr("crop_pct"));
}

TEST(Processor, ReadsTimmConfigurations) {
    const ProcessorConfig config = parse(
        R"({"architecture": "resnet50", "pretrained_cfg": {"input_size": [3, 224, 224], "crop_pct": 0.95}})");
    EXPECT_EQ(config.shortest_edge, 235);
    EXPECT_TRUE(config.crop_rounds_half_even);
    EXPECT_THAT(problem_of(R"({"pretrained_cfg": {}})"), HasSubstr("input_size"));
    EXPECT_THAT(problem_of(R"({"pretrained_cfg": 3})"), HasSubstr("the-file"));
    EXPECT_THAT(problem_of(R"({"pretrained_cfg": {"input_size": [3, 9, 9], "crop_mode": "border"}})"),
                HasSubstr("border"));
}

TEST(Processor, TextGivesTheSameConfigurationAgain) {
    for (const char* type : {"vit", "convnext", "efficientnet", "mobilevit"}) {
        const ProcessorConfig once = parse(R"({"size": {"shortest_edge": 97}, "resample": 1})", type);
        const ProcessorConfig again = parse_processor(to_json_text(once), "copy", "");
        EXPECT_EQ(again.type, once.type);
        EXPECT_EQ(again.shortest_edge, once.shortest_edge);
        EXPECT_EQ(again.filter, once.filter);
        EXPECT_EQ(again.mean, once.mean);
        EXPECT_EQ(to_json_text(again), to_json_text(once));
    }
}

TEST(Processor, AConfigurationMadeByHandCanBeWritten) {
    ProcessorConfig made;
    made.resize = true;
    made.shortest_edge = 40;
    made.filter = Filter::kLanczos;
    made.crop = Extent{32, 30};
    made.rescale = made.normalize = true;
    made.mean = {0.25f};
    made.std = {0.1f};
    const ProcessorConfig read = parse(to_json_text(made));
    EXPECT_EQ(read.shortest_edge, 40);
    EXPECT_EQ(read.filter, Filter::kLanczos);
    EXPECT_EQ(read.crop, (Extent{32, 30}));
    EXPECT_EQ(read.mean, made.mean);
    EXPECT_EQ(read.std, made.std);
}

}  // namespace
}  // namespace espalier::datasets
