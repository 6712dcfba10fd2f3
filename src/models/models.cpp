#include "models/architecture.h"

namespace espalier::models {
namespace {

/// By model_type, in alphabetical order.
constexpr Architecture kArchitectures[] = {
    {"beit", "classifier", beit_image_size, build_beit},
    {"convnext", "classifier", convnext_image_size, build_convnext},
    {"data2vec-vision", "classifier", beit_image_size, build_data2vec_vision},
    {"deit", "cls_classifier", deit_image_size, build_deit},
    {"dinov2", "classifier", dinov2_image_size, build_dinov2},
    {"dinov2_with_registers", "classifier", dinov2_image_size, build_dinov2_with_registers},
    {"hiera", "classifier", hiera_image_size, build_hiera},
    {"mobilenet_v2", "classifier", mobilenet_v2_image_size, build_mobilenet_v2},
    {"resnet", "classifier.1", resnet_image_size, build_resnet},
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
