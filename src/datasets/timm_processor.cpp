#include "datasets/timm_processor.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace espalier::datasets {
namespace {

using Json = nlohmann::json;

constexpr double kDefaultCropPercentage = 0.875;

Filter filter_of(const std::string& name, const std::string& source) {
    if (name == "nearest") return Filter::kNearest;
    if (name == "lanczos") return Filter::kLanczos;
    if (name == "bilinear") return Filter::kBilinear;
    if (name == "bicubic") return Filter::kBicubic;
    if (name == "box") return Filter::kBox;
    if (name == "hamming") return Filter::kHamming;
    fail("{}: the interpolation \"{}\" is not known", source, name);
}

std::vector<float> floats_of(const Json& config, const char* key, std::vector<float> otherwise) {
    return config.contains(key) ? config.at(key).get<std::vector<float>>() : otherwise;
}

ProcessorConfig parse(const Json& pretrained, const std::string& source) {
    ProcessorConfig config;
    config.type = "TimmWrapper";
    const auto input = pretrained.at("input_size").get<std::vector<int>>();
    const double percentage = pretrained.value("crop_pct", kDefaultCropPercentage);
    if (input.size() != 3 || input[1] < 1 || input[2] < 1 || !(percentage >= 0.01 && percentage <= 1.0)) {
        fail("{}: \"input_size\" must be [channels, height, width] and \"crop_pct\" lie between 0.01 and 1",
             source);
    }
    const Extent scaled{static_cast<int>(std::floor(input[1] / percentage)),
                        static_cast<int>(std::floor(input[2] / percentage))};
    const std::string mode = pretrained.value("crop_mode", "center");
    config.resize = true;
    config.filter = filter_of(pretrained.value("interpolation", "bicubic"), source);
    if (mode == "squash") {
        config.resize_extent = scaled;
    } else if (mode == "center" && scaled.height == scaled.width) {
        config.shortest_edge = scaled.height;
    } else {
        fail("{}: the crop mode \"{}\" with an input of {} x {} pixels is not supported", source, mode,
             input[2], input[1]);
    }
    config.crop = Extent{input[1], input[2]};
    config.crop_rounds_half_even = true;
    config.rescale = true;
    config.rescale_divides = true;
    config.normalize = true;
    config.mean = floats_of(pretrained, "mean", {0.485f, 0.456f, 0.406f});
    config.std = floats_of(pretrained, "std", {0.229f, 0.224f, 0.225f});
    for (const float value : config.std) {
        if (value == 0.0f) fail("{}: \"std\" contains 0", source);
    }
    return config;
}

}  // namespace

bool is_timm_config(const Json& json) { return json.is_object() && json.contains("pretrained_cfg"); }

ProcessorConfig parse_timm_processor(const Json& json, const std::string& source) {
    try {
        return parse(json.at("pretrained_cfg"), source);
    } catch (const Json::exception& problem) {
        fail("{}: \"pretrained_cfg\" cannot be used: {}", source, problem.what());
    }
}

}  // namespace espalier::datasets
