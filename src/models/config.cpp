#include "models/config.h"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "formats/json_document.h"

namespace espalier::models {
namespace {

using nlohmann::json;

/// The index that a key of id2label stands for, or -1.
std::int64_t index_of(const std::string& key) {
    std::int64_t index = -1;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
    return error == std::errc() && end == key.data() + key.size() ? index : -1;
}

}  // namespace

Config::Config(std::string_view text, std::string source)
    : source_(std::move(source)), json_(std::make_shared<const json>(formats::parse_json(text, source_))) {
    if (!json_->is_object()) fail("{} must hold a JSON object", source_);
}

const json* Config::find(std::string_view key) const {
    const auto found = json_->find(key);
    return found == json_->end() || found->is_null() ? nullptr : &*found;
}

bool Config::has(std::string_view key) const { return find(key) != nullptr; }

std::vector<std::string> Config::keys() const {
    std::vector<std::string> keys;
    for (const auto& [key, value] : json_->items()) keys.push_back(key);
    return keys;
}

void Config::wrong(std::string_view key, std::string_view expected) const {
    const json* value = find(key);
    std::string text = value ? value->dump(-1, ' ', false, json::error_handler_t::replace)
                             : "absent (and its default does not fit)";
    if (text.size() > 80) text = text.substr(0, 77) + "...";
    fail("{}: '{}' must be {}, but is {}", source_, key, expected, text);
}

std::int64_t Config::integer(std::string_view key, std::int64_t otherwise, Limits limits) const {
    const json* value = find(key);
    if (!value) return otherwise;
    if (!value->is_number_integer() || *value < limits.least || *value > limits.most) {
        wrong(key, fmt::format("an integer from {} to {}", limits.least, limits.most));
    }
    return value->get<std::int64_t>();
}

double Config::number(std::string_view key, double otherwise, double least, double most) const {
    const json* value = find(key);
    if (!value) return otherwise;
    if (!value->is_number() || !(value->get<double>() >= least) || !(value->get<double>() <= most)) {
        wrong(key, fmt::format("a number from {} to {}", least, most));
    }
    return value->get<double>();
}

bool Config::flag(std::string_view key, bool otherwise) const {
    const json* value = find(key);
    if (!value) return otherwise;
    if (!value->is_boolean()) wrong(key, "true or false");
    return value->get<bool>();
}

std::string Config::text(std::string_view key, std::string_view otherwise) const {
    const json* value = find(key);
    if (!value) return std::string(otherwise);
    if (!value->is_string()) wrong(key, "a text");
    return value->get<std::string>();
}

const json* Config::list(std::string_view key, Count count) const {
    const json* value = find(key);
    if (!value) return nullptr;
    if (!value->is_array() || value->size() < count.least || value->size() > count.most) {
        wrong(key, fmt::format("a list of {} to {} elements", count.least, count.most));
    }
    return value;
}

std::vector<std::int64_t> Config::integers(std::string_view key, std::vector<std::int64_t> otherwise,
                                           Limits limits, Count count) const {
    const json* value = list(key, count);
    if (!value) return otherwise;
    std::vector<std::int64_t> result;
    for (const auto& element : *value) {
        if (!element.is_number_integer() || element < limits.least || element > limits.most) {
            wrong(key, fmt::format("a list of integers from {} to {}", limits.least, limits.most));
        }
        result.push_back(element.get<std::int64_t>());
    }
    return result;
}

std::vector<double> Config::numbers(std::string_view key, std::vector<double> otherwise, double least,
                                    double most, Count count) const {
    const json* value = list(key, count);
    if (!value) return otherwise;
    std::vector<double> result;
    for (const auto& element : *value) {
        if (!element.is_number() || !(element.get<double>() >= least) || !(element.get<double>() <= most)) {
            wrong(key, fmt::format("a list of numbers from {} to {}", least, most));
        }
        result.push_back(element.get<double>());
    }
    return result;
}

std::vector<bool> Config::flags(std::string_view key, std::vector<bool> otherwise, Count count) const {
    const json* value = list(key, count);
    if (!value) return otherwise;
    std::vector<bool> result;
    for (const auto& element : *value) {
        if (!element.is_boolean()) wrong(key, "a list of true and false");
        result.push_back(element.get<bool>());
    }
    return result;
}

std::vector<std::string> Config::texts(std::string_view key, std::vector<std::string> otherwise,
                                       Count count) const {
    const json* value = list(key, count);
    if (!value) return otherwise;
    std::vector<std::string> result;
    for (const auto& element : *value) {
        if (!element.is_string()) wrong(key, "a list of texts");
        result.push_back(element.get<std::string>());
    }
    return result;
}

std::string Config::architecture() const {
    const auto classes = texts("architectures", {}, {0, 16});
    return classes.empty() ? "" : classes.front();
}

Config Config::object(std::string_view key) const {
    Config inner;
    inner.source_ = fmt::format("{}, '{}'", source_, key);
    const json* value = find(key);
    if (value && !value->is_object()) wrong(key, "an object");
    inner.json_ =
        value ? std::shared_ptr<const json>(json_, value) : std::make_shared<const json>(json::object());
    return inner;
}

Pixels Config::pixels(std::string_view key, std::int64_t otherwise) const {
    const json* value = find(key);
    constexpr std::int64_t kMostPixels = 8192;
    if (value && value->is_array() && value->size() == 2) {
        const auto both = integers(key, {});
        if (both[0] > kMostPixels || both[1] > kMostPixels) wrong(key, "at most 8192 pixels");
        return {both[0], both[1]};
    }
    const std::int64_t edge = integer(key, otherwise, {1, kMostPixels});
    return {edge, edge};
}

std::optional<std::vector<std::string>> Config::labels() const {
    constexpr std::int64_t kMostLabels = 1 << 20;
    const json* map = find("id2label");
    if (!map && has("label_names")) return texts("label_names", {}, {1, kMostLabels});
    if (!map) {
        const std::string_view count = has("num_labels") ? "num_labels" : "num_classes";
        if (!has(count)) return std::nullopt;
        std::vector<std::string> labels(static_cast<std::size_t>(integer(count, 2, {1, kMostLabels})));
        for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = fmt::format("LABEL_{}", i);
        return labels;
    }
    if (!map->is_object() || map->empty()) wrong("id2label", "an object of index and name");
    std::vector<std::string> labels(map->size());
    std::vector<bool> seen(map->size(), false);
    for (const auto& [key, name] : map->items()) {
        const std::int64_t index = index_of(key);
        const auto at = static_cast<std::size_t>(index);
        if (index < 0 || at >= labels.size() || seen[at]) {
            fail("{}: id2label has {} labels, so its keys must be 0 to {} without a gap, but one is '{}'",
                 source_, labels.size(), labels.size() - 1, key);
        }
        if (!name.is_string()) fail("{}: the label {} in id2label must be a text", source_, key);
        seen[at] = true;
        labels[at] = name.get<std::string>();
    }
    return labels;
}

}  // namespace espalier::models
