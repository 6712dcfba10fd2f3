#pragma once

#include <span>
#include <string_view>

#include "models/config.h"
#include "models/scope.h"

namespace espalier::models {

/// The size of images a network was configured for, where nothing else tells.
using ImageSize = Pixels(const Config& config);

/// Builds a network on `pixels` f32 [n, channels, height, width] and returns the logits f32 [n, classes].
/// Throws Error naming the configuration's key or the tensor that does not fit.
using BuildNetwork = graph::NodeId(const Config& config, const Scope& root, graph::NodeId pixels,
                                   std::int64_t classes);

/// How to build one family of networks from a Hugging Face config.json and its tensor names.
struct Architecture {
    std::string_view model_type;  ///< config.json's model_type
    std::string_view head;  ///< scope of the last linear layer; empty where it depends on the configuration
    ImageSize* image_size;
    BuildNetwork* build;
};

/// Every architecture there is.
std::span<const Architecture> architectures();

/// The architecture of that model_type, or nullptr.
const Architecture* find_architecture(std::string_view model_type);

/// One pair of functions for each architecture, in the .cpp of its name.
ImageSize beit_image_size;
BuildNetwork build_beit;
ImageSize bit_image_size;
BuildNetwork build_bit;
ImageSize convnext_image_size;
BuildNetwork build_convnext;
ImageSize convnextv2_image_size;
BuildNetwork build_convnextv2;
ImageSize cvt_image_size;
BuildNetwork build_cvt;
BuildNetwork build_data2vec_vision;  // in beit.cpp
ImageSize deit_image_size;
BuildNetwork build_deit;
ImageSize dinov2_image_size;
BuildNetwork build_dinov2;
BuildNetwork build_dinov2_with_registers;  // in dinov2.cpp
ImageSize efficientformer_image_size;
BuildNetwork build_efficientformer;
ImageSize efficientnet_image_size;
BuildNetwork build_efficientnet;
ImageSize focalnet_image_size;
BuildNetwork build_focalnet;
ImageSize hiera_image_size;
BuildNetwork build_hiera;
ImageSize levit_image_size;
BuildNetwork build_levit;
ImageSize mobilenet_v1_image_size;
BuildNetwork build_mobilenet_v1;
ImageSize mobilenet_v2_image_size;
BuildNetwork build_mobilenet_v2;
ImageSize mobilevit_image_size;
BuildNetwork build_mobilevit;
ImageSize mobilevitv2_image_size;
BuildNetwork build_mobilevitv2;
ImageSize poolformer_image_size;
BuildNetwork build_poolformer;
ImageSize pvt_image_size;
BuildNetwork build_pvt;
ImageSize pvt_v2_image_size;
BuildNetwork build_pvt_v2;
ImageSize regnet_image_size;
BuildNetwork build_regnet;
ImageSize resnet_image_size;
BuildNetwork build_resnet;
ImageSize segformer_image_size;
BuildNetwork build_segformer;
ImageSize swiftformer_image_size;
BuildNetwork build_swiftformer;
ImageSize swin_image_size;
BuildNetwork build_swin;
ImageSize swinv2_image_size;
BuildNetwork build_swinv2;
ImageSize timm_wrapper_image_size;
BuildNetwork build_timm_wrapper;
ImageSize van_image_size;
BuildNetwork build_van;
ImageSize vit_image_size;
BuildNetwork build_vit;

}  // namespace espalier::models
