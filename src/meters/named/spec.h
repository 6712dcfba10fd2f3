#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/units.h"
#include "meters/meter.h"

namespace espalier::meters {

/// The name of a meter, taken apart. One of
///     SCHEME://HOST[:PORT][/PART][?OPTION=VALUE&...]
///     SCHEME:URL[#PART][?OPTION=VALUE&...]                 http-json, prometheus
///     SCHEME[?OPTION=VALUE&...]:PROGRAM ARGUMENTS          command
///     SCHEME[?OPTION=VALUE&...]                            ipmi, slurm: there is one such thing
struct MeterSpec {
    std::string scheme;
    /// Host and port, URL, or program with its arguments; without credentials. Empty where there is one thing
    /// only.
    std::string place;
    std::string part;  ///< of what is there: a channel, a JSON pointer, a metric; may be empty
    std::map<std::string, std::string> options;
    std::string credentials;  ///< that stood before the host

    /// Whether the name is that of a program; then it may not come from a file that others wrote.
    bool runs_program() const { return scheme == "command"; }
    std::string option(const std::string& name, const std::string& otherwise = "") const;
    /// "10s", "500ms" or "2min". Throws a usage Error when it is no duration above 0.
    std::optional<Seconds> duration(const std::string& name) const;
    /// "1.5%" as 0.015. Throws a usage Error when it is no share from 0 to 100 %.
    std::optional<double> share(const std::string& name) const;
    /// Throws a usage Error when there is no such option.
    std::string required(const std::string& name) const;
};

/// Takes a name apart. Throws a usage Error when it has none of the forms. What kinds and options there are
/// is checked by name_meter().
MeterSpec parse_spec(std::string_view text);

/// Host and port of a place. Throws a usage Error when there is no host, or the port is none.
struct HostPort {
    std::string host;
    int port = 0;
};
HostPort host_and_port(const MeterSpec& spec, int usual_port);

/// A unit of power or energy, and what a number in it is in watts or joules.
struct Unit {
    std::string_view name;
    UnitKind kind = UnitKind::kPower;
    double factor = 1.0;
};

/// W, kW, mW, J, kJ, mJ, uJ, Wh, kWh, mWh or Wmin: the option "unit". Throws a usage Error with a suggestion
/// for another one, or none.
Unit unit_of(const MeterSpec& spec);

}  // namespace espalier::meters
