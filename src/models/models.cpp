#include "models/architecture.h"

namespace espalier::models {
namespace {

/// By model_type, in alphabetical order.
constexpr Architecture kArchitectures[] = {
    {"convnext", "classifier", convnext_image_size, build_convnext},
    {"efficientnet", "classifier", efficientnet_image_size, build_efficientnet},
    {"mobilenet_v1", "classifier", mobilenet_v1_image_size, build_mobilenet_v1},
    {"mobilenet_v2", "classifier", mobilenet_v2_image_size, build_mobilenet_v2},
    {"mobilevit", "classifier", mobilevit_image_size, build_mobilevit},
    {"mobilevitv2", "classifier", mobilevitv2_image_size, build_mobilevitv2},
    {"resnet", "classifier.1", resnet_image_size, build_resnet},
    {"timm_wrapper", "", timm_wrapper_image_size, build_timm_wrapper},
    {"vit", "classifier", vit_image_size, build_vit},
};

}  // namespace

std::span<const Architecture> architectures() { return kArchitectures; }

const Architecture* find_architecture(std::string_view model_type) {
    for (const Architecture& architecture : kArchitectures) {
        if (architecture.model_type == model_type) return &architecture;
    }
    return nullptr;
}

}  // namespace espalier::models
