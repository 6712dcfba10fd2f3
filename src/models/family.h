#pragma once

#include <string_view>

namespace espalier::models {

/// What mixes the positions of an image in networks of that model_type: "convolution" (pooling and modulation
/// by convolutions among it), "transformer" (attention), "hybrid" (both, in stages of their own or side by
/// side); empty where that is not known, as of an ONNX graph or a wrapper of several kinds.
std::string_view family(std::string_view model_type);

}  // namespace espalier::models
