#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace espalier::datasets {

/// Resampling filters, with Pillow's numbers as they stand in processor files.
enum class Filter { kNearest = 0, kLanczos = 1, kBilinear = 2, kBicubic = 3, kBox = 4, kHamming = 5 };

/// Height and width in pixels.
struct Extent {
    int height = 0;
    int width = 0;
    bool operator==(const Extent&) const = default;
};

/// How an image is turned into pixel values: a Hugging Face image processor (the slow, Pillow-based classes
/// of transformers 4.48) or a timm evaluation transform, with every default and legacy key resolved. Steps,
/// in order: convert -> resize -> centre crop -> rescale -> flip channels -> normalise.
struct ProcessorConfig {
    std::string type;  ///< class without its suffix, e.g. "ViT", "ConvNext", "TimmWrapper"

    bool convert_rgb = true;  ///< false leaves the decision to the model's number of channels, as does true

    bool resize = false;
    /// Set: the shorter edge becomes this long and the aspect ratio is kept. Unset: `resize_extent` is
    /// forced.
    std::optional<int> shortest_edge;
    Extent resize_extent;
    Filter filter = Filter::kBilinear;

    std::optional<Extent> crop;          ///< centre crop, zero padding where the image is smaller
    bool crop_rounds_half_even = false;  ///< torchvision's offset round((H-h)/2) instead of (H-h)//2

    bool rescale = false;
    double rescale_factor = 1.0 / 255.0;
    bool rescale_divides = false;  ///< (float)p / 255.0f (timm) instead of (float)(p * factor)
    bool rescale_offset = false;   ///< subtract 1 after rescaling (EfficientNet)

    bool flip_channels = false;  ///< RGB -> BGR

    bool normalize = false;
    std::vector<float> mean;  ///< one value, or one per channel of the output
    std::vector<float> std;
    bool divide_by_std_again = false;  ///< EfficientNet with include_top

    std::string json;  ///< what this was parsed from; empty for a configuration made by hand
};

/// Reads preprocessor_config.json, or the pretrained_cfg of a timm config.json. `source` names the file in
/// errors. The class comes from image_processor_type, feature_extractor_type or, where both are absent, from
/// `model_type` (may be empty). Throws Error for malformed JSON, an unknown class, or values out of range.
ProcessorConfig parse_processor(std::string_view json_text, const std::string& source,
                                const std::string& model_type);

/// JSON text from which parse_processor() gives the same configuration: what it was parsed from, with the
/// class added where the model type had implied it. Throws Error for a configuration made by hand that uses
/// options for which processor files have no key.
std::string to_json_text(const ProcessorConfig& config);

}  // namespace espalier::datasets
