#include "meters/ptdaemon/ptdaemon.h"

#include <charconv>

#include "base/error.h"
#include "meters/ptdaemon/analyser.h"

namespace espalier::meters::ptdaemon {
namespace {

constexpr int kPort = 8888;

std::optional<double> positive(const MeterSpec& spec, const char* option) {
    const std::string text = spec.option(option);
    if (text.empty()) return std::nullopt;
    double value = 0.0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem == std::errc() && end == text.data() + text.size() && value > 0.0 && value < 1e5)
        return value;
    fail_usage("option '{}' of a power analyser is a range such as 300; got '{}'", option, text);
}

Settings settings(const MeterSpec& spec) {
    Settings result;
    result.ranges = {positive(spec, "amps"), positive(spec, "volts")};
    if (result.ranges.amps.has_value() != result.ranges.volts.has_value())
        fail_usage("state both ranges of a power analyser, volts=... and amps=..., or none");
    result.settle = spec.duration("settle").value_or(result.settle);
    return result;
}

}  // namespace

Meters make(const NamedRequest& request) {
    const HostPort at = host_and_port(request.spec, kPort);
    Meters meters;
    meters.push_back(std::make_unique<Analyser>(request.name, request.spec.place, Session(at.host, at.port),
                                                settings(request.spec), request.clock));
    return meters;
}

void check(const MeterSpec& spec) {
    host_and_port(spec, kPort);
    settings(spec);
}

}  // namespace espalier::meters::ptdaemon
