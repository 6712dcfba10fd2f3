#include "models/family.h"

#include <algorithm>

namespace espalier::models {
namespace {

constexpr std::string_view kConvolution = "convolution";
constexpr std::string_view kTransformer = "transformer";
constexpr std::string_view kHybrid = "hybrid";

struct Row {
    std::string_view model_type;
    std::string_view family;
};

/// By model_type, in alphabetical order.
constexpr Row kRows[] = {
    {"beit", kTransformer},
    {"bit", kConvolution},
    {"convnext", kConvolution},
    {"convnextv2", kConvolution},
    {"cvt", kHybrid},
    {"data2vec-vision", kTransformer},
    {"deit", kTransformer},
    {"dinov2", kTransformer},
    {"dinov2_with_registers", kTransformer},
    {"efficientformer", kHybrid},
    {"efficientnet", kConvolution},
    {"focalnet", kConvolution},
    {"hiera", kTransformer},
    {"levit", kHybrid},
    {"mobilenet_v1", kConvolution},
    {"mobilenet_v2", kConvolution},
    {"mobilevit", kHybrid},
    {"mobilevitv2", kHybrid},
    {"poolformer", kConvolution},
    {"pvt", kTransformer},
    {"pvt_v2", kTransformer},
    {"regnet", kConvolution},
    {"resnet", kConvolution},
    {"segformer", kTransformer},
    {"swiftformer", kHybrid},
    {"swin", kTransformer},
    {"swinv2", kTransformer},
    {"timm_wrapper", ""},
    {"van", kConvolution},
    {"vit", kTransformer},
};

}  // namespace

std::string_view family(std::string_view model_type) {
    const auto* found = std::find_if(std::begin(kRows), std::end(kRows),
                                     [&](const Row& row) { return row.model_type == model_type; });
    return found == std::end(kRows) ? std::string_view() : found->family;
}

}  // namespace espalier::models
