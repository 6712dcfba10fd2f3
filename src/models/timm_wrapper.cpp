// Networks of timm (PyTorch Image Models, Wightman 2019), as timm writes them to the Hub and transformers
// wraps them. Checkpoints of reference: timm/resnet50.a1_in1k, timm/resnet18.a1_in1k,
// timm/mobilenetv3_small_100.lamb_in1k, timm/vit_base_patch16_224.augreg2_in21k_ft_in1k.

#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/suggest.h"
#include "models/architecture.h"
#include "models/timm.h"

namespace espalier::models {

using namespace graph;

namespace {

const TimmFamily& family_of(const Config& config, const std::string& name) {
    static constexpr std::array kFamilies{&kTimmEfficientNet, &kTimmMobileNetV3, &kTimmResNet, &kTimmVit};
    std::vector<std::string_view> known;
    for (const TimmFamily* family : kFamilies) {
        if (family->knows(name)) return *family;
        known.push_back(family->names);
    }
    fail(
        "{}: timm's architecture '{}' is not supported. Supported are {}; any other model loads from an ONNX "
        "export named model.onnx beside it",
        config.source(), name, fmt::join(known, ", "));
}

}  // namespace

void check_arguments(const TimmNetwork& network, std::initializer_list<std::string_view> known) {
    constexpr std::array<std::string_view, 9> kTraining{
        "attn_drop_rate",  "drop_block_rate", "drop_path_rate", "drop_rate",     "fix_init",
        "patch_drop_rate", "pos_drop_rate",   "proj_drop_rate", "zero_init_last"};
    for (const std::string& key : network.arguments.keys()) {
        if (std::find(known.begin(), known.end(), key) != known.end()) continue;
        if (std::find(kTraining.begin(), kTraining.end(), key) != kTraining.end()) continue;
        const std::vector<std::string> names(known.begin(), known.end());
        fail("{}: the argument '{}' is not supported for {}.{}", network.arguments.source(), key,
             network.name, suggestion(key, names));
    }
}

Pixels timm_wrapper_image_size(const Config& config) {
    const auto size =
        config.object("pretrained_cfg").integers("input_size", {3, 224, 224}, {1, 8192}, {3, 3});
    return {size[1], size[2]};
}

NodeId build_timm_wrapper(const Config& config, const Scope& root, NodeId pixels, std::int64_t classes) {
    const std::string name = config.text("architecture", "");
    return family_of(config, name).build({name, config.object("model_args")}, root, pixels, classes);
}

}  // namespace espalier::models
