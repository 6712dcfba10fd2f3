#pragma once

#include <initializer_list>

#include "models/config.h"
#include "models/scope.h"

namespace espalier::models {

/// What config.json says of a network of timm.
struct TimmNetwork {
    std::string name;  ///< "architecture": "resnet50"
    Config arguments;  ///< "model_args": what the network's constructor gets beyond what its name implies
};

/// How to build the networks of one family of timm. Depth and width are implied by the name, so that each
/// name has its specification in the family's file.
struct TimmFamily {
    std::string_view names;  ///< for messages
    bool (*knows)(std::string_view name);
    /// As Architecture::build.
    graph::NodeId (*build)(const TimmNetwork& network, const Scope& root, graph::NodeId pixels,
                           std::int64_t classes);
};

extern const TimmFamily kTimmEfficientNet;
extern const TimmFamily kTimmMobileNetV3;
extern const TimmFamily kTimmResNet;
extern const TimmFamily kTimmVit;

/// Throws Error naming an argument that is neither `known` nor a matter of training alone.
void check_arguments(const TimmNetwork& network, std::initializer_list<std::string_view> known);

}  // namespace espalier::models
