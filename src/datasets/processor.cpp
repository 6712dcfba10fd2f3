#include "datasets/processor.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "datasets/processor_classes.h"
#include "datasets/timm_processor.h"

namespace espalier::datasets {
namespace {

using Json = nlohmann::json;

constexpr int kLargestEdge = 1 << 16;

/// Typed access to the keys of a processor file; every error names the file and the key.
class Keys {
  public:
    Keys(const Json& json, const std::string& source) : json_(json), source_(source) {}

    const Json* find(const char* key) const {
        const auto found = json_.find(key);
        return found == json_.end() || found->is_null() ? nullptr : &*found;
    }

    bool flag(const char* key, bool otherwise) const {
        const Json* value = find(key);
        if (!value) return otherwise;
        if (!value->is_boolean()) wrong(key, "true or false", *value);
        return value->get<bool>();
    }

    std::optional<double> number(const char* key) const {
        const Json* value = find(key);
        if (!value) return std::nullopt;
        if (!value->is_number() || !std::isfinite(value->get<double>())) wrong(key, "a number", *value);
        return value->get<double>();
    }

    std::string text(const char* key) const {
        const Json* value = find(key);
        if (!value) return {};
        if (!value->is_string()) wrong(key, "a text", *value);
        return value->get<std::string>();
    }

    int edge(const char* key, const Json& value) const {
        if (!value.is_number_integer() || value < 1 || value > kLargestEdge) {
            wrong(key, fmt::format("whole pixels from 1 to {}", kLargestEdge), value);
        }
        return value.get<int>();
    }

    /// One value, or one per channel.
    std::vector<float> channels(const char* key, std::vector<float> otherwise) const {
        const Json* value = find(key);
        if (!value) return otherwise;
        const Json list = value->is_array() ? *value : Json::array({*value});
        std::vector<float> result;
        for (const Json& item : list) {
            if (!item.is_number() || !std::isfinite(item.get<double>())) wrong(key, "numbers", *value);
            result.push_back(static_cast<float>(item.get<double>()));
        }
        if (result.size() != 1 && result.size() != 3) wrong(key, "one or three numbers", *value);
        return result;
    }

    [[noreturn]] void wrong(const char* key, const std::string& expected, const Json& came) const {
        fail("{}: \"{}\" must be {}, not {}", source_, key, expected, came.dump().substr(0, 80));
    }

    const std::string& source() const { return source_; }

  private:
    const Json& json_;
    const std::string& source_;
};

/// Copying and printing recurse into a value, so hostile nesting must not get beyond the parser.
Json parse_json(std::string_view text, const std::string& source) {
    constexpr int kDeepest = 64;
    bool too_deep = false;
    const auto shallow = [&](int depth, Json::parse_event_t, Json&) {
        too_deep = too_deep || depth > kDeepest;
        return depth <= kDeepest;
    };
    Json json = Json::parse(text, shallow, false);
    if (too_deep) fail("{} is nested more than {} levels deep", source, kDeepest);
    if (json.is_discarded()) fail("{} is not valid JSON", source);
    return json;
}

const ProcessorClass& class_of(const Keys& keys, const std::string& model_type) {
    for (const char* key : {"image_processor_type", "feature_extractor_type"}) {
        const std::string name = keys.text(key);
        if (name.empty()) continue;
        if (const ProcessorClass* known = find_processor_class(name)) return *known;
        fail("{}: the image processor {} is not known; known are {}", keys.source(), name,
             known_processor_classes());
    }
    if (const ProcessorClass* known = processor_class_of_model(model_type)) return *known;
    fail("{}: \"image_processor_type\" is missing and the model type \"{}\" implies none; add one of {}",
         keys.source(), model_type, known_processor_classes());
}

/// `size` in any of its forms: 224, [256, 224], {"height": .., "width": ..}, {"shortest_edge": ..}.
struct Size {
    std::optional<int> shortest_edge;
    Extent extent;
};

Size read_size(const Keys& keys, const char* key, bool square, int otherwise) {
    const auto single = [&](int edge) { return square ? Size{std::nullopt, {edge, edge}} : Size{edge, {}}; };
    const Json* value = keys.find(key);
    if (!value) return single(otherwise);
    if (value->is_number()) return single(keys.edge(key, *value));
    if (value->is_array() && value->size() == 2) {
        return {std::nullopt, {keys.edge(key, (*value)[0]), keys.edge(key, (*value)[1])}};
    }
    if (value->is_object() && value->contains("height") && value->contains("width")) {
        return {std::nullopt, {keys.edge(key, (*value)["height"]), keys.edge(key, (*value)["width"])}};
    }
    if (value->is_object() && value->contains("shortest_edge") && !value->contains("longest_edge")) {
        return {keys.edge(key, (*value)["shortest_edge"]), {}};
    }
    keys.wrong(key, "a number of pixels, {\"height\", \"width\"} or {\"shortest_edge\"}", *value);
}

Filter read_filter(const Keys& keys, Filter otherwise) {
    const Json* value = keys.find("resample");
    if (!value) return otherwise;
    if (!value->is_number_integer() || *value < 0 || *value > 5) {
        keys.wrong("resample", "a Pillow filter from 0 to 5", *value);
    }
    return static_cast<Filter>(value->get<int>());
}

int divided(const Keys& keys, int edge, double percentage) {
    const double result = edge / percentage;
    if (!(percentage > 0.0) || result > kLargestEdge) {
        fail("{}: \"crop_pct\" {} gives no usable size", keys.source(), percentage);
    }
    return static_cast<int>(result);
}

/// ConvNeXt below 384 pixels shrinks to shortest edge / crop_pct and crops; from 384 on it warps.
void apply_convnext_rule(const Keys& keys, ProcessorConfig& config) {
    if (!config.resize) return;
    if (!config.shortest_edge)
        fail("{}: ConvNext needs \"size\" as {{\"shortest_edge\": ..}}", keys.source());
    const int edge = *config.shortest_edge;
    constexpr int kFirstWarped = 384;
    if (edge >= kFirstWarped) {
        config.shortest_edge.reset();
        config.resize_extent = {edge, edge};
        return;
    }
    config.shortest_edge = divided(keys, edge, keys.number("crop_pct").value_or(224.0 / 256.0));
    config.crop = Extent{edge, edge};
}

/// PoolFormer resizes to size / crop_pct keeping the aspect ratio; an explicit null switches the division
/// off.
void apply_poolformer_rule(const Keys& keys, bool crop_pct_is_null, ProcessorConfig& config) {
    if (!config.resize || crop_pct_is_null) return;
    const double percentage = keys.number("crop_pct").value_or(0.9);
    const Extent extent = config.resize_extent;
    if (config.shortest_edge) {
        config.shortest_edge = divided(keys, *config.shortest_edge, percentage);
    } else if (extent.height == extent.width) {
        config.shortest_edge = divided(keys, extent.height, percentage);
    } else {
        config.resize_extent = {divided(keys, extent.height, percentage),
                                divided(keys, extent.width, percentage)};
    }
}

void apply_class_rules(const Keys& keys, const Json& json, ProcessorConfig& config) {
    if (config.type == "ConvNext") apply_convnext_rule(keys, config);
    if (config.type == "PoolFormer") {
        apply_poolformer_rule(keys, json.contains("crop_pct") && json["crop_pct"].is_null(), config);
    }
    if (config.type == "Levit" && config.shortest_edge) {
        config.shortest_edge = static_cast<int>((256.0 / 224.0) * *config.shortest_edge);
    }
    if (config.type == "EfficientNet") config.divide_by_std_again = keys.flag("include_top", true);
}

void read_geometry(const Keys& keys, const ProcessorClass& defaults, ProcessorConfig& config) {
    config.resize = keys.flag("do_resize", true);
    if (config.resize) {
        const Size size = read_size(keys, "size", defaults.square, defaults.size);
        config.shortest_edge = size.shortest_edge;
        config.resize_extent = size.extent;
        config.filter = read_filter(keys, defaults.filter);
    }
    if (defaults.crop > 0 && keys.flag("do_center_crop", defaults.center_crop)) {
        const Size crop = read_size(keys, "crop_size", true, defaults.crop);
        config.crop = crop.shortest_edge ? Extent{*crop.shortest_edge, *crop.shortest_edge} : crop.extent;
    }
    if (keys.flag("do_pad", false)) fail("{}: \"do_pad\" is not supported for classification", keys.source());
}

void read_values(const Keys& keys, const ProcessorClass& defaults, ProcessorConfig& config) {
    config.convert_rgb = keys.flag("do_convert_rgb", true);
    config.rescale = keys.flag("do_rescale", true);
    config.rescale_factor = keys.number("rescale_factor").value_or(1.0 / 255.0);
    config.rescale_offset = keys.flag("rescale_offset", false);
    config.flip_channels =
        keys.flag("do_flip_channel_order", keys.flag("do_flip_channels", defaults.flip_channels));
    config.normalize = keys.flag("do_normalize", defaults.normalize);
    config.mean = keys.channels("image_mean", {defaults.mean.begin(), defaults.mean.end()});
    config.std = keys.channels("image_std", {defaults.std.begin(), defaults.std.end()});
    for (const float value : config.std) {
        if (config.normalize && value == 0.0f) fail("{}: \"image_std\" contains 0", keys.source());
    }
}

Json size_json(const ProcessorConfig& config) {
    if (config.shortest_edge) return {{"shortest_edge", *config.shortest_edge}};
    return {{"height", config.resize_extent.height}, {"width", config.resize_extent.width}};
}

}  // namespace

ProcessorConfig parse_processor(std::string_view json_text, const std::string& source,
                                const std::string& model_type) {
    Json json = parse_json(json_text, source);
    if (!json.is_object()) fail("{} must hold a JSON object that describes an image processor", source);
    ProcessorConfig config;
    if (is_timm_config(json)) {
        config = parse_timm_processor(json, source);
    } else {
        const Keys keys(json, source);
        const ProcessorClass& defaults = class_of(keys, model_type);
        config.type = defaults.name;
        read_geometry(keys, defaults, config);
        read_values(keys, defaults, config);
        apply_class_rules(keys, json, config);
        // What the model type implied must survive in a copy of the file that lies beside another model type.
        if (!json.contains("image_processor_type"))
            json["image_processor_type"] = config.type + "ImageProcessor";
    }
    config.json = json.dump(2);
    return config;
}

std::string to_json_text(const ProcessorConfig& config) {
    if (!config.json.empty()) return config.json;
    if (config.crop_rounds_half_even || config.rescale_divides || config.divide_by_std_again) {
        fail("a {} processor that was not read from a file cannot be written to one", config.type);
    }
    Json json{{"image_processor_type", "BitImageProcessor"},
              {"do_convert_rgb", config.convert_rgb},
              {"do_resize", config.resize},
              {"do_center_crop", config.crop.has_value()},
              {"do_rescale", config.rescale},
              {"rescale_factor", config.rescale_factor},
              {"rescale_offset", config.rescale_offset},
              {"do_flip_channel_order", config.flip_channels},
              {"do_normalize", config.normalize}};
    if (config.resize) {
        json["size"] = size_json(config);
        json["resample"] = static_cast<int>(config.filter);
    }
    if (config.crop) json["crop_size"] = {{"height", config.crop->height}, {"width", config.crop->width}};
    if (config.normalize) {
        json["image_mean"] = config.mean;
        json["image_std"] = config.std;
    }
    return json.dump(2);
}

}  // namespace espalier::datasets
