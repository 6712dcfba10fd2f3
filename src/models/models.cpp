#include <array>

#include "models/architecture.h"

namespace espalier::models {
namespace {

constexpr std::array<Architecture, 4> kArchitectures{{
    {"vit", "classifier", vit_image_size, build_vit},
    {"resnet", "classifier.1", resnet_image_size, build_resnet},
    {"mobilenet_v2", "classifier", mobilenet_v2_image_size, build_mobilenet_v2},
    {"convnext", "classifier", convnext_image_size, build_convnext},
}};

}  // namespace

std::span<const Architecture> architectures() { return kArchitectures; }

const Architecture* find_architecture(std::string_view model_type) {
    for (const Architecture& architecture : kArchitectures) {
        if (architecture.model_type == model_type) return &architecture;
    }
    return nullptr;
}

}  // namespace espalier::models
