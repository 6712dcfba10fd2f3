#include "datasets/processor_classes.h"

#include <algorithm>
#include <utility>

namespace espalier::datasets {
namespace {

constexpr std::array<double, 3> kHalf{0.5, 0.5, 0.5};
constexpr std::array<double, 3> kImageNetMean{0.485, 0.456, 0.406};
constexpr std::array<double, 3> kImageNetStd{0.229, 0.224, 0.225};
constexpr std::array<double, 3> kClipMean{0.48145466, 0.4578275, 0.40821073};
constexpr std::array<double, 3> kClipStd{0.26862954, 0.26130258, 0.27577711};

using enum Filter;

constexpr ProcessorClass kClasses[] = {
    // name, filter, square, size, crop, center_crop, normalize, mean, std, flip_channels
    {"Beit", kBicubic, true, 256, 224, true, true, kHalf, kHalf, false},
    {"Bit", kBicubic, false, 224, 224, true, true, kClipMean, kClipStd, false},
    {"CLIP", kBicubic, false, 224, 224, true, true, kClipMean, kClipStd, false},
    {"ConvNext", kBicubic, false, 384, 0, false, true, kHalf, kHalf, false},
    {"DeiT", kBicubic, true, 256, 224, true, true, kHalf, kHalf, false},
    {"EfficientFormer", kBicubic, true, 224, 224, true, true, kImageNetMean, kImageNetStd, false},
    {"EfficientNet", kNearest, true, 346, 289, false, true, kHalf, kHalf, false},
    {"Levit", kBicubic, false, 224, 224, true, true, kImageNetMean, kImageNetStd, false},
    {"MobileNetV1", kBilinear, false, 256, 224, true, true, kHalf, kHalf, false},
    {"MobileNetV2", kBilinear, false, 256, 224, true, true, kHalf, kHalf, false},
    {"MobileViT", kBilinear, false, 224, 256, true, false, kHalf, kHalf, true},
    {"PoolFormer", kBicubic, false, 224, 224, true, true, kImageNetMean, kImageNetStd, false},
    {"Pvt", kBilinear, true, 224, 0, false, true, kImageNetMean, kImageNetStd, false},
    {"Segformer", kBilinear, true, 512, 0, false, true, kImageNetMean, kImageNetStd, false},
    {"Siglip", kBicubic, true, 224, 0, false, true, kHalf, kHalf, false},
    {"ViT", kBilinear, true, 224, 0, false, true, kHalf, kHalf, false},
};

constexpr std::pair<std::string_view, std::string_view> kModelTypes[] = {
    {"beit", "Beit"},
    {"bit", "Bit"},
    {"clip", "CLIP"},
    {"convnext", "ConvNext"},
    {"convnextv2", "ConvNext"},
    {"cvt", "ConvNext"},
    {"data2vec-vision", "Beit"},
    {"deit", "DeiT"},
    {"dinov2", "Bit"},
    {"dinov2_with_registers", "Bit"},
    {"efficientformer", "EfficientFormer"},
    {"efficientnet", "EfficientNet"},
    {"focalnet", "Bit"},
    {"hiera", "Bit"},
    {"ijepa", "ViT"},
    {"levit", "Levit"},
    {"mobilenet_v1", "MobileNetV1"},
    {"mobilenet_v2", "MobileNetV2"},
    {"mobilevit", "MobileViT"},
    {"mobilevitv2", "MobileViT"},
    {"poolformer", "PoolFormer"},
    {"pvt", "Pvt"},
    {"pvt_v2", "Pvt"},
    {"regnet", "ConvNext"},
    {"resnet", "ConvNext"},
    {"segformer", "Segformer"},
    {"siglip", "Siglip"},
    {"swiftformer", "ViT"},
    {"swin", "ViT"},
    {"swinv2", "ViT"},
    {"van", "ConvNext"},
    {"vit", "ViT"},
    {"vit_msn", "ViT"},
};

std::string_view without_suffix(std::string_view class_name) {
    for (const std::string_view suffix :
         {"ImageProcessorFast", "ImageProcessorPil", "ImageProcessor", "FeatureExtractor"}) {
        if (class_name.ends_with(suffix)) return class_name.substr(0, class_name.size() - suffix.size());
    }
    return class_name;
}

}  // namespace

const ProcessorClass* find_processor_class(std::string_view class_name) {
    const auto found = std::ranges::find(kClasses, without_suffix(class_name), &ProcessorClass::name);
    return found == std::end(kClasses) ? nullptr : found;
}

const ProcessorClass* processor_class_of_model(std::string_view model_type) {
    for (const auto& [type, class_name] : kModelTypes) {
        if (type == model_type) return find_processor_class(class_name);
    }
    return nullptr;
}

std::string known_processor_classes() {
    std::string names;
    for (const ProcessorClass& known : kClasses) {
        if (!names.empty()) names += ", ";
        names += known.name;
    }
    return names;
}

}  // namespace espalier::datasets
