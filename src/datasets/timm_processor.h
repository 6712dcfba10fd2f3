#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "datasets/processor.h"

namespace espalier::datasets {

/// True for a timm config.json (it has "pretrained_cfg"), which carries its preprocessing itself.
bool is_timm_config(const nlohmann::json& json);

/// timm's evaluation transform: resize the shorter edge to floor(input / crop_pct) (crop_mode "center") or
/// warp to it ("squash"), centre crop with torchvision's rounding, p / 255, normalise. The test_* values are
/// not used. Throws Error naming `source` and the key that is missing, out of range or not supported.
ProcessorConfig parse_timm_processor(const nlohmann::json& json, const std::string& source);

}  // namespace espalier::datasets
