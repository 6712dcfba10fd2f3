#pragma once

#include <span>
#include <string_view>

#include "models/config.h"
#include "models/scope.h"

namespace espalier::models {

/// How to build one family of networks from a Hugging Face config.json and its tensor names.
struct Architecture {
    std::string_view model_type;  ///< config.json's model_type
    std::string_view head;  ///< scope of the last linear layer; empty where it depends on the configuration
    /// The size of images the network was configured for, where nothing else tells.
    Pixels (*image_size)(const Config& config);
    /// Builds the network on `pixels` f32 [n, channels, height, width] and returns the logits f32 [n,
    /// classes]. Throws Error naming the configuration's key or the tensor that does not fit.
    graph::NodeId (*build)(const Config& config, const Scope& root, graph::NodeId pixels,
                           std::int64_t classes);
};

/// Every architecture there is.
std::span<const Architecture> architectures();

/// The architecture of that model_type, or nullptr.
const Architecture* find_architecture(std::string_view model_type);

/// One function pair per architecture; see the .cpp of its name.
Pixels beit_image_size(const Config& config);
graph::NodeId build_beit(const Config& config, const Scope& root, graph::NodeId pixels, std::int64_t classes);
/// In beit.cpp.
graph::NodeId build_data2vec_vision(const Config& config, const Scope& root, graph::NodeId pixels,
                                    std::int64_t classes);
Pixels deit_image_size(const Config& config);
graph::NodeId build_deit(const Config& config, const Scope& root, graph::NodeId pixels, std::int64_t classes);
Pixels dinov2_image_size(const Config& config);
graph::NodeId build_dinov2(const Config& config, const Scope& root, graph::NodeId pixels,
                           std::int64_t classes);
/// In dinov2.cpp.
graph::NodeId build_dinov2_with_registers(const Config& config, const Scope& root, graph::NodeId pixels,
                                          std::int64_t classes);
Pixels hiera_image_size(const Config& config);
graph::NodeId build_hiera(const Config& config, const Scope& root, graph::NodeId pixels,
                          std::int64_t classes);
Pixels vit_image_size(const Config& config);
graph::NodeId build_vit(const Config& config, const Scope& root, graph::NodeId pixels, std::int64_t classes);
Pixels resnet_image_size(const Config& config);
graph::NodeId build_resnet(const Config& config, const Scope& root, graph::NodeId pixels,
                           std::int64_t classes);
Pixels mobilenet_v2_image_size(const Config& config);
graph::NodeId build_mobilenet_v2(const Config& config, const Scope& root, graph::NodeId pixels,
                                 std::int64_t classes);
Pixels convnext_image_size(const Config& config);
graph::NodeId build_convnext(const Config& config, const Scope& root, graph::NodeId pixels,
                             std::int64_t classes);
Pixels regnet_image_size(const Config& config);
graph::NodeId build_regnet(const Config& config, const Scope& root, graph::NodeId pixels, std::int64_t classes);
Pixels convnextv2_image_size(const Config& config);
graph::NodeId build_convnextv2(const Config& config, const Scope& root, graph::NodeId pixels, std::int64_t classes);
Pixels van_image_size(const Config& config);
graph::NodeId build_van(const Config& config, const Scope& root, graph::NodeId pixels, std::int64_t classes);
Pixels poolformer_image_size(const Config& config);
graph::NodeId build_poolformer(const Config& config, const Scope& root, graph::NodeId pixels, std::int64_t classes);
Pixels focalnet_image_size(const Config& config);
graph::NodeId build_focalnet(const Config& config, const Scope& root, graph::NodeId pixels, std::int64_t classes);
Pixels segformer_image_size(const Config& config);
graph::NodeId build_segformer(const Config& config, const Scope& root, graph::NodeId pixels, std::int64_t classes);
Pixels pvt_image_size(const Config& config);
graph::NodeId build_pvt(const Config& config, const Scope& root, graph::NodeId pixels, std::int64_t classes);
Pixels pvt_v2_image_size(const Config& config);
graph::NodeId build_pvt_v2(const Config& config, const Scope& root, graph::NodeId pixels, std::int64_t classes);
Pixels bit_image_size(const Config& config);
graph::NodeId build_bit(const Config& config, const Scope& root, graph::NodeId pixels, std::int64_t classes);
Pixels cvt_image_size(const Config& config);
graph::NodeId build_cvt(const Config& config, const Scope& root, graph::NodeId pixels, std::int64_t classes);
Pixels efficientformer_image_size(const Config& config);
graph::NodeId build_efficientformer(const Config& config, const Scope& root, graph::NodeId pixels,
                                    std::int64_t classes);
Pixels levit_image_size(const Config& config);
graph::NodeId build_levit(const Config& config, const Scope& root, graph::NodeId pixels,
                          std::int64_t classes);
Pixels swiftformer_image_size(const Config& config);
graph::NodeId build_swiftformer(const Config& config, const Scope& root, graph::NodeId pixels,
                                std::int64_t classes);
Pixels swin_image_size(const Config& config);
graph::NodeId build_swin(const Config& config, const Scope& root, graph::NodeId pixels, std::int64_t classes);
Pixels swinv2_image_size(const Config& config);
graph::NodeId build_swinv2(const Config& config, const Scope& root, graph::NodeId pixels,
                           std::int64_t classes);
Pixels mobilenet_v1_image_size(const Config& config);
graph::NodeId build_mobilenet_v1(const Config& config, const Scope& root, graph::NodeId pixels,
                                 std::int64_t classes);
Pixels efficientnet_image_size(const Config& config);
graph::NodeId build_efficientnet(const Config& config, const Scope& root, graph::NodeId pixels,
                                 std::int64_t classes);
Pixels mobilevit_image_size(const Config& config);
graph::NodeId build_mobilevit(const Config& config, const Scope& root, graph::NodeId pixels,
                              std::int64_t classes);
Pixels mobilevitv2_image_size(const Config& config);
graph::NodeId build_mobilevitv2(const Config& config, const Scope& root, graph::NodeId pixels,
                                std::int64_t classes);
Pixels timm_wrapper_image_size(const Config& config);
graph::NodeId build_timm_wrapper(const Config& config, const Scope& root, graph::NodeId pixels,
                                 std::int64_t classes);

}  // namespace espalier::models
