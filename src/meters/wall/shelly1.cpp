#include <fmt/format.h>

#include "meters/named/source_error.h"
#include "meters/wall/dialect.h"
#include "meters/wall/fields.h"

namespace espalier::meters::wall {
namespace {

/// Plugs count in watt-minutes; the energy meters of the same generation (EM, 3EM) in watt-hours.
struct Family {
    const char* key;
    double joules;
};
constexpr Family kFamilies[] = {{"meters", 60.0}, {"emeters", kWattHour}};

Sample read(const std::string& body, int channel) {
    const auto document = parse_json(body);
    for (const Family& family : kFamilies) {
        const std::string place = fmt::format("/{}/{}", family.key, channel);
        if (!document.contains(nlohmann::json::json_pointer(place))) continue;
        const auto valid =
            document.at(nlohmann::json::json_pointer(place)).value("is_valid", nlohmann::json(true));
        if (valid == false) broken("the device says that its own value is not valid");
        Sample sample;
        sample.power = in_unit<Watts>(number_at(document, place + "/power"), 1.0);
        sample.energy = in_unit<Joules>(number_at(document, place + "/total"), family.joules);
        sample.uptime = in_unit<Seconds>(number_at(document, "/uptime"), 1.0);
        // 0 until it got the time from the network.
        if (const auto time = number_at(document, "/unixtime"); time > 0.0) sample.unix_time = Seconds(*time);
        if (sample.uptime) sample.stamp = fmt::format("{}", sample.uptime->value());
        return sample;
    }
    throw SourceError({State::kUnsupported, fmt::format("it has no meter number {}", channel), ""});
}

}  // namespace

Dialect shelly1(const MeterSpec& spec) {
    const int channel = channel_of(spec, 0);
    return {.device = "Shelly, first generation",
            .target = "/status",
            .scope = fmt::format("outlet of {}, channel {}", spec.place, channel),
            .read = [channel](const std::string& body) { return read(body, channel); },
            .register_refresh = Seconds(60),
            .power_step = Watts(0.01),
            .register_step = Joules(60.0),
            .accuracy = kPlugAccuracy,
            .notes = {kPlugNote}};
}

}  // namespace espalier::meters::wall
