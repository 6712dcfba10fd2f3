#include "meters/wall/fields.h"

#include <charconv>
#include <cmath>

#include "meters/named/source_error.h"

namespace espalier::meters::wall {

using nlohmann::json;

json parse_json(const std::string& body) {
    json document = json::parse(body, nullptr, false);
    if (document.is_discarded())
        broken(fmt::format("it answered {} bytes that are no JSON document", body.size()));
    return document;
}

std::optional<double> number_at(const json& document, const std::string& pointer) {
    const json::json_pointer place(pointer);
    if (!document.contains(place)) return std::nullopt;
    const json& value = document.at(place);
    if (!value.is_number() || !std::isfinite(value.get<double>())) return std::nullopt;
    return value.get<double>();
}

int channel_of(const MeterSpec& spec, int otherwise) {
    if (spec.part.empty()) return otherwise;
    int channel = -1;
    const char* end = spec.part.data() + spec.part.size();
    const auto [stop, problem] = std::from_chars(spec.part.data(), end, channel);
    if (problem == std::errc() && stop == end && channel >= 0 && channel < 1000) return channel;
    fail_usage("'{}' is no channel of a meter of kind '{}': it is a number", spec.part, spec.scheme);
}

}  // namespace espalier::meters::wall
