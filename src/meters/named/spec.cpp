#include "meters/named/spec.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/suggest.h"

namespace espalier::meters {
namespace {

constexpr std::array<Unit, 11> kUnits = {{{"W", UnitKind::kPower, 1.0},
                                          {"kW", UnitKind::kPower, 1e3},
                                          {"mW", UnitKind::kPower, 1e-3},
                                          {"J", UnitKind::kCumulativeEnergy, 1.0},
                                          {"kJ", UnitKind::kCumulativeEnergy, 1e3},
                                          {"mJ", UnitKind::kCumulativeEnergy, 1e-3},
                                          {"uJ", UnitKind::kCumulativeEnergy, 1e-6},
                                          {"Wh", UnitKind::kCumulativeEnergy, 3600.0},
                                          {"kWh", UnitKind::kCumulativeEnergy, 3.6e6},
                                          {"mWh", UnitKind::kCumulativeEnergy, 3.6},
                                          {"Wmin", UnitKind::kCumulativeEnergy, 60.0}}};

constexpr std::array<std::pair<std::string_view, double>, 4> kDurations = {
    {{"ms", 1e-3}, {"min", 60.0}, {"s", 1.0}, {"", 1.0}}};

/// Splits at the first `mark`; the second part is nothing where there is none.
std::pair<std::string_view, std::optional<std::string_view>> split(std::string_view text, char mark) {
    const auto at = text.find(mark);
    if (at == std::string_view::npos) return {text, std::nullopt};
    return {text.substr(0, at), text.substr(at + 1)};
}

void read_options(std::string_view text, MeterSpec& spec) {
    while (!text.empty()) {
        const auto [one, rest] = split(text, '&');
        const auto [key, value] = split(one, '=');
        if (!value || key.empty())
            fail_usage("options of a meter are written NAME=VALUE, joined by &; '{}' is not", one);
        if (!spec.options.emplace(key, *value).second)
            fail_usage("option '{}' of a meter is given twice", key);
        text = rest.value_or("");
    }
}

/// Moves "user:password" out of "//user:password@host/...".
std::string without_credentials(std::string_view url, std::string& credentials) {
    const auto authority = url.find("//");
    if (authority == std::string_view::npos) return std::string(url);
    const auto begin = authority + 2;
    const auto end = std::min(url.find_first_of("/?#", begin), url.size());
    const auto at = url.substr(0, end).rfind('@');
    if (at == std::string_view::npos || at < begin) {
        // Otherwise half a password might be taken for a path, and shown.
        if (url.starts_with("://") && url.find('@') != std::string_view::npos)
            fail_usage(
                "write / ? and # in the login of a meter as %2F %3F %23, or use the option login=VARIABLE");
        return std::string(url);
    }
    credentials = url.substr(begin, at - begin);
    return std::string(url.substr(0, begin)) + std::string(url.substr(at + 1));
}

void read_command(std::string_view rest, MeterSpec& spec) {
    const auto [options, program] = split(rest, ':');
    if (!program) fail_usage("a command meter is written command?unit=W:PROGRAM ARGUMENTS");
    if (options.starts_with('?')) read_options(options.substr(1), spec);
    spec.place = *program;
}

void read_alone(std::string_view rest, MeterSpec& spec) {
    if (!rest.empty()) read_options(rest.substr(1), spec);
}

void read_host(std::string_view rest, MeterSpec& spec) {
    const auto [address, options] = split(rest, '?');
    if (options) read_options(*options, spec);
    const auto [host, part] = split(address, '/');
    spec.place = host;
    spec.part = part.value_or("");
}

/// The URL keeps a query of its own; the options stand behind the part, which may hold a question mark.
void read_url(std::string_view rest, MeterSpec& spec) {
    const auto [url, fragment] = split(rest, '#');
    spec.place = url;
    if (!fragment) return;
    const auto mark = fragment->rfind('?');
    spec.part = fragment->substr(0, mark);
    if (mark != std::string_view::npos) read_options(fragment->substr(mark + 1), spec);
}

double number(std::string_view text, std::string_view* rest) {
    double value = 0.0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    *rest = text.substr(static_cast<std::size_t>(end - text.data()));
    return problem == std::errc() ? value : -1.0;
}

}  // namespace

std::string MeterSpec::option(const std::string& name, const std::string& otherwise) const {
    const auto found = options.find(name);
    return found == options.end() ? otherwise : found->second;
}

std::string MeterSpec::required(const std::string& name) const {
    const auto found = options.find(name);
    if (found == options.end() || found->second.empty())
        fail_usage("a meter of kind '{}' needs the option {}=...", scheme, name);
    return found->second;
}

std::optional<Seconds> MeterSpec::duration(const std::string& name) const {
    const auto found = options.find(name);
    if (found == options.end()) return std::nullopt;
    std::string_view suffix;
    const double value = number(found->second, &suffix);
    for (const auto& [unit, seconds] : kDurations) {
        if (value > 0.0 && value < 1e6 && suffix == unit) return Seconds(value * seconds);
    }
    fail_usage("option '{}' of a meter is a duration such as 10s or 500ms; got '{}'", name, found->second);
}

std::optional<double> MeterSpec::share(const std::string& name) const {
    const auto found = options.find(name);
    if (found == options.end()) return std::nullopt;
    std::string_view suffix;
    const double percent = number(found->second, &suffix);
    if (percent >= 0.0 && percent <= 100.0 && suffix == "%") return percent / 100.0;
    fail_usage("option '{}' of a meter is a share such as 1.5%; got '{}'", name, found->second);
}

MeterSpec parse_spec(std::string_view text) {
    MeterSpec spec;
    const auto end = text.find_first_of(":?");
    spec.scheme = text.substr(0, end);
    const std::string rest =
        end == std::string_view::npos ? "" : without_credentials(text.substr(end), spec.credentials);
    if (spec.runs_program()) {
        // A program's arguments are its own business, whatever looks like a login in them.
        spec.credentials.clear();
        read_command(text.substr(std::min(end, text.size())), spec);
    } else if (rest.starts_with("://")) {
        read_host(std::string_view(rest).substr(3), spec);
    } else if (rest.starts_with(":http://") || rest.starts_with(":https://")) {
        read_url(std::string_view(rest).substr(1), spec);
    } else if (!spec.scheme.empty() && (rest.empty() || rest.starts_with('?'))) {
        read_alone(rest, spec);
        return spec;
    } else {
        fail_usage("'{}' names no meter: it is written KIND, KIND://HOST, KIND:URL or command:PROGRAM",
                   spec.scheme);
    }
    if (spec.place.empty()) fail_usage("a meter of kind '{}' is named without what to ask", spec.scheme);
    return spec;
}

HostPort host_and_port(const MeterSpec& spec, int usual_port) {
    const std::string& place = spec.place;
    // The colons of an IPv6 address stand in brackets.
    const auto colon = place.find(':', place.starts_with('[') ? std::min(place.find(']'), place.size()) : 0);
    HostPort result{place.substr(0, colon), usual_port};
    if (colon != std::string::npos) {
        const std::string port = place.substr(colon + 1);
        const auto [end, problem] = std::from_chars(port.data(), port.data() + port.size(), result.port);
        if (problem != std::errc() || end != port.data() + port.size() || result.port < 1 ||
            result.port > 65535)
            fail_usage("'{}' is no port of {}", port, result.host);
    }
    if (result.host.starts_with('[') && result.host.ends_with(']'))
        result.host = result.host.substr(1, result.host.size() - 2);
    if (result.host.empty()) fail_usage("a meter of kind '{}' is named without a host", spec.scheme);
    return result;
}

Unit unit_of(const MeterSpec& spec) {
    const std::string text = spec.required("unit");
    std::vector<std::string> names;
    for (const Unit& unit : kUnits) {
        if (unit.name == text) return unit;
        names.emplace_back(unit.name);
    }
    fail_usage("'{}' is no unit of power or energy that a meter can have (W, kWh, J, ...).{}", text,
               suggestion(text, names));
}

}  // namespace espalier::meters
