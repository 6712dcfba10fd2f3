#include <fmt/format.h>

#include "base/error.h"
#include "meters/named/source_error.h"
#include "meters/wall/dialect.h"
#include "meters/wall/fields.h"

namespace espalier::meters::wall {
namespace {

/// Where products keep their channels, and how they call power and energy in Wh. The register of em1 is in a
/// component of its own.
struct Component {
    const char* name;
    const char* power;
    const char* energy;  ///< pointer from the top, {} is the channel
};
constexpr Component kComponents[] = {{"switch", "/apower", "/switch:{}/aenergy/total"},
                                     {"pm1", "/apower", "/pm1:{}/aenergy/total"},
                                     {"cover", "/apower", "/cover:{}/aenergy/total"},
                                     {"em1", "/act_power", "/em1data:{}/total_act_energy"}};

Sample read(const std::string& body, int channel) {
    const auto document = parse_json(body);
    for (const Component& component : kComponents) {
        const std::string key = fmt::format("{}:{}", component.name, channel);
        if (!document.contains(key)) continue;
        Sample sample;
        sample.power = in_unit<Watts>(number_at(document, "/" + key + component.power), 1.0);
        if (!sample.power) {
            throw SourceError({State::kUnsupported,
                               fmt::format("its component {} says no power: a relay without a meter", key),
                               "name a channel that is measured"});
        }
        sample.energy = in_unit<Joules>(
            number_at(document, fmt::format(fmt::runtime(component.energy), channel)), kWattHour);
        sample.uptime = in_unit<Seconds>(number_at(document, "/sys/uptime"), 1.0);
        sample.unix_time = in_unit<Seconds>(number_at(document, "/sys/unixtime"), 1.0);
        const auto minute = number_at(document, "/" + key + "/aenergy/minute_ts");
        if (sample.uptime || minute)
            sample.stamp =
                fmt::format("{} {}", minute.value_or(0), sample.uptime.value_or(Seconds(0)).value());
        return sample;
    }
    throw SourceError({State::kUnsupported, fmt::format("it has no meter number {}", channel), ""});
}

}  // namespace

/// The status of the whole device rather than that of one switch: it tells how long the device has run, and
/// the same request serves every product.
Dialect shelly2(const MeterSpec& spec) {
    const int channel = channel_of(spec, 0);
    return {.device = "Shelly, second generation or later",
            .target = "/rpc/Shelly.GetStatus",
            .scope = fmt::format("outlet of {}, channel {}", spec.place, channel),
            .read = [channel](const std::string& body) { return read(body, channel); },
            .login = net::Login::kDigest,
            .register_refresh = Seconds(60),
            .power_step = Watts(0.1),
            .register_step = Joules(0.001 * kWattHour),
            .accuracy = kPlugAccuracy,
            .notes = {kPlugNote}};
}

}  // namespace espalier::meters::wall
