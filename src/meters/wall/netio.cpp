#include <fmt/format.h>

#include "base/error.h"
#include "meters/named/source_error.h"
#include "meters/wall/dialect.h"
#include "meters/wall/fields.h"

namespace espalier::meters::wall {
namespace {

/// Where the document keeps that output; all of them together for 0.
struct Place {
    std::string power;
    std::string energy;
};

Place find(const nlohmann::json& document, int output) {
    if (output == 0) return {"/GlobalMeasure/TotalLoad", "/GlobalMeasure/TotalEnergy"};
    const auto outputs = document.value("Outputs", nlohmann::json::array());
    for (std::size_t i = 0; outputs.is_array() && i < outputs.size(); ++i) {
        if (number_at(outputs[i], "/ID") == output)
            return {fmt::format("/Outputs/{}/Load", i), fmt::format("/Outputs/{}/Energy", i)};
    }
    throw SourceError(
        {State::kUnsupported, fmt::format("it has no output {}", output), "name one that it has"});
}

Sample read(const std::string& body, int output) {
    const auto document = parse_json(body);
    if (!document.is_object()) broken("it answered with something that is no NETIO document");
    const Place place = find(document, output);
    Sample sample;
    sample.power = in_unit<Watts>(number_at(document, place.power), 1.0);
    sample.energy = in_unit<Joules>(number_at(document, place.energy), kWattHour);
    sample.uptime = in_unit<Seconds>(number_at(document, "/Agent/Uptime"), 1.0);
    if (sample.uptime) sample.stamp = fmt::format("{}", sample.uptime->value());
    return sample;
}

}  // namespace

Dialect netio(const MeterSpec& spec) {
    const int output = channel_of(spec, 0);
    return {.device = "NETIO socket",
            .target = "/netio.json",
            .scope = output == 0 ? fmt::format("all outlets of {}", spec.place)
                                 : fmt::format("outlet {} of {}", output, spec.place),
            .read = [output](const std::string& body) { return read(body, output); },
            .power_step = Watts(1.0),
            .register_step = Joules(kWattHour),
            .accuracy = kPlugAccuracy,
            .notes = {kPlugNote}};
}

}  // namespace espalier::meters::wall
