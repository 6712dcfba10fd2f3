#include <fmt/format.h>

#include "base/error.h"
#include "meters/named/source_error.h"
#include "meters/wall/dialect.h"
#include "meters/wall/fields.h"

namespace espalier::meters::wall {
namespace {

constexpr const char* kEnergy = "/StatusSNS/ENERGY";

/// A field of ENERGY: a number, or one for each channel. Which channel is meant must be said where there are
/// several.
std::optional<double> field(const nlohmann::json& document, const std::string& name, int channel) {
    const std::string pointer = fmt::format("{}/{}", kEnergy, name);
    const nlohmann::json::json_pointer place(pointer);
    if (!document.contains(place) || !document.at(place).is_array())
        return channel <= 0 ? number_at(document, pointer) : std::nullopt;
    const std::size_t channels = document.at(place).size();
    if (channel < 0 && channels != 1) {
        throw SourceError({State::kUnsupported, fmt::format("it measures {} channels", channels),
                           "name one of them: tasmota://HOST/0"});
    }
    return number_at(document, fmt::format("{}/{}", pointer, channel < 0 ? 0 : channel));
}

Sample read(const std::string& body, int channel) {
    const auto document = parse_json(body);
    // What it answers to a wrong or missing login, with status 200.
    if (document.is_object() && document.contains("WARNING")) {
        throw SourceError({State::kNoPermission, "it asks for a login",
                           "name it as tasmota://USER:PASSWORD@HOST, or with ?login=VARIABLE"});
    }
    if (!document.contains(nlohmann::json::json_pointer(kEnergy)))
        throw SourceError({State::kUnsupported, "its status has no ENERGY: it does not measure", ""});
    Sample sample;
    sample.power = in_unit<Watts>(field(document, "Power", channel), 1.0);
    // One total may stand for several channels; then it is not the register of this one.
    const nlohmann::json::json_pointer power(std::string(kEnergy) + "/Power");
    const nlohmann::json::json_pointer total(std::string(kEnergy) + "/Total");
    const bool shared = document.contains(power) && document.at(power).is_array() &&
                        document.at(power).size() > 1 && document.contains(total) &&
                        !document.at(total).is_array();
    if (!shared) sample.energy = in_unit<Joules>(field(document, "Total", channel), 1e3 * kWattHour);
    const nlohmann::json::json_pointer time("/StatusSNS/Time");
    if (document.contains(time) && document.at(time).is_string()) sample.stamp = document.at(time);
    return sample;
}

}  // namespace

Dialect tasmota(const MeterSpec& spec) {
    const int channel = channel_of(spec, -1);
    return {.device = "plug with Tasmota",
            .target = "/cm?cmnd=Status%2010",
            .scope = fmt::format("outlet of {}{}", spec.place,
                                 channel < 0 ? "" : fmt::format(", channel {}", channel)),
            .read = [channel](const std::string& body) { return read(body, channel); },
            .login_in_query = true,
            .power_step = Watts(1.0),
            .register_step = Joules(kWattHour),
            .accuracy = kPlugAccuracy,
            .notes = {kPlugNote, "a plug with Tasmota is as accurate as it was calibrated"}};
}

}  // namespace espalier::meters::wall
