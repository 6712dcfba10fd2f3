#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "meters/named/spec.h"

namespace espalier::meters::wall {

/// The document. Throws SourceError when the text is no JSON, e.g. because it was cut off.
nlohmann::json parse_json(const std::string& body);

/// A finite number at a JSON pointer; nothing where there is none. A text is no number.
std::optional<double> number_at(const nlohmann::json& document, const std::string& pointer);

/// What a number in that unit is in watts or joules.
template <typename Quantity>
std::optional<Quantity> in_unit(const std::optional<double>& value, double factor) {
    return value ? std::optional(Quantity(*value * factor)) : std::nullopt;
}

/// The channel that a name asks for, `otherwise` where it asks for none. Throws a usage Error when it is no
/// whole number.
int channel_of(const MeterSpec& spec, int otherwise);

/// The watt-hour in joules.
inline constexpr double kWattHour = 3600.0;

}  // namespace espalier::meters::wall
