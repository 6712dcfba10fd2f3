#include <algorithm>
#include <functional>
#include <iterator>

#include "models/architecture.h"

namespace espalier::models {
namespace {

/// By model_type, in alphabetical order.
constexpr Architecture kArchitectures[] = {
    {"beit", "classifier", beit_image_size, build_beit},
    {"bit", "classifier.1", bit_image_size, build_bit},
    {"convnext", "classifier", convnext_image_size, build_convnext},
    {"convnextv2", "classifier", convnextv2_image_size, build_convnextv2},
    {"cvt", "classifier", cvt_image_size, build_cvt},
    {"data2vec-vision", "classifier", beit_image_size, build_data2vec_vision},
    {"deit", "cls_classifier", deit_image_size, build_deit},
    {"dinov2", "classifier", dinov2_image_size, build_dinov2},
    {"dinov2_with_registers", "classifier", dinov2_image_size, build_dinov2_with_registers},
    {"efficientformer", "classifier", efficientformer_image_size, build_efficientformer},
    {"efficientnet", "classifier", efficientnet_image_size, build_efficientnet},
    {"focalnet", "classifier", focalnet_image_size, build_focalnet},
    {"hiera", "classifier", hiera_image_size, build_hiera},
    {"levit", "classifier.linear", levit_image_size, build_levit},
    {"mobilenet_v1", "classifier", mobilenet_v1_image_size, build_mobilenet_v1},
    {"mobilenet_v2", "classifier", mobilenet_v2_image_size, build_mobilenet_v2},
    {"mobilevit", "classifier", mobilevit_image_size, build_mobilevit},
    {"mobilevitv2", "classifier", mobilevitv2_image_size, build_mobilevitv2},
    {"poolformer", "classifier", poolformer_image_size, build_poolformer},
    {"pvt", "classifier", pvt_image_size, build_pvt},
    {"pvt_v2", "classifier", pvt_v2_image_size, build_pvt_v2},
    {"regnet", "classifier.1", regnet_image_size, build_regnet},
    {"resnet", "classifier.1", resnet_image_size, build_resnet},
    {"segformer", "classifier", segformer_image_size, build_segformer},
    {"swiftformer", "head", swiftformer_image_size, build_swiftformer},
    {"swin", "classifier", swin_image_size, build_swin},
    {"swinv2", "classifier", swinv2_image_size, build_swinv2},
    {"timm_wrapper", "", timm_wrapper_image_size, build_timm_wrapper},
    {"van", "classifier", van_image_size, build_van},
    {"vit", "classifier", vit_image_size, build_vit},
};

static_assert(std::ranges::adjacent_find(kArchitectures, std::ranges::greater_equal{},
                                         &Architecture::model_type) == std::end(kArchitectures));

}  // namespace

std::span<const Architecture> architectures() { return kArchitectures; }

const Architecture* find_architecture(std::string_view model_type) {
    for (const Architecture& architecture : kArchitectures) {
        if (architecture.model_type == model_type) return &architecture;
    }
    return nullptr;
}

}  // namespace espalier::models
