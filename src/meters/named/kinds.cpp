#include "meters/named/kinds.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/suggest.h"
#include "meters/command/command.h"
#include "meters/ipmi/ipmi.h"
#include "meters/ptdaemon/ptdaemon.h"
#include "meters/redfish/redfish.h"
#include "meters/slurm/slurm.h"
#include "meters/wall/wall.h"
#include "net/url.h"

namespace espalier::meters {
namespace {

using Options = std::string_view[];

constexpr Options kPlug = {"login", "period", "accuracy", "tls"};
constexpr Options kValue = {"login", "period",    "accuracy", "unit", "tier",
                            "scope", "averaging", "time",     "tls"};
constexpr Options kMetric = {"login", "period", "accuracy", "unit", "tier", "scope", "averaging", "tls"};
constexpr Options kBmc = {"login", "period", "accuracy", "averaging", "tls"};
constexpr Options kLocalBmc = {"period", "accuracy", "averaging"};
constexpr Options kCluster = {"accuracy"};
constexpr Options kAnalyser = {"volts", "amps", "settle"};
constexpr Options kCommand = {"unit", "tier", "scope", "period", "accuracy", "averaging", "mode", "pointer"};

constexpr std::array<NamedKind, 11> kKinds = {
    {{"shelly1", "shelly1://HOST[:PORT][/CHANNEL]", "Shelly plug of the first generation", Tier::kWallMeter,
      kPlug, wall::make_shelly1, wall::check_plug},
     {"shelly2", "shelly2://HOST[:PORT][/CHANNEL]", "Shelly plug of the second generation or later",
      Tier::kWallMeter, kPlug, wall::make_shelly2, wall::check_plug},
     {"tasmota", "tasmota://HOST[:PORT][/CHANNEL]", "plug with Tasmota", Tier::kWallMeter, kPlug,
      wall::make_tasmota, wall::check_plug},
     {"netio", "netio://HOST[:PORT][/OUTPUT]", "NETIO socket", Tier::kWallMeter, kPlug, wall::make_netio,
      wall::check_plug},
     {"http-json", "http-json:URL#/POINTER?unit=W", "a number in a JSON document", Tier::kIntegratedSensor,
      kValue, wall::make_http_json, wall::check_value},
     {"prometheus", "prometheus:URL#METRIC{LABEL=\"VALUE\"}?unit=W", "a metric of a Prometheus exporter",
      Tier::kIntegratedSensor, kMetric, wall::make_prometheus, wall::check_metric},
     {"redfish", "redfish://HOST[:PORT][/CHASSIS]", "baseboard management controller (Redfish)",
      Tier::kIntegratedSensor, kBmc, redfish::make, redfish::check},
     {"ipmi", "ipmi", "baseboard management controller (IPMI)", Tier::kIntegratedSensor, kLocalBmc,
      ipmi::make, ipmi::check},
     {"slurm", "slurm", "energy that Slurm counts of this job's node", Tier::kIntegratedSensor, kCluster,
      slurm::make, slurm::check},
     {"ptdaemon", "ptdaemon://HOST[:PORT]", "power analyser (SPEC PTDaemon)", Tier::kWallMeter, kAnalyser,
      ptdaemon::make, ptdaemon::check},
     {"command", "command?unit=W:PROGRAM ARGUMENTS", "a program that prints numbers", Tier::kIntegratedSensor,
      kCommand, command::make, command::check}}};

void check_place(const MeterSpec& spec, const NamedKind& kind) {
    const bool alone = kind.form == kind.scheme;
    if (alone != spec.place.empty()) fail_usage("a meter of kind '{}' is written {}", kind.scheme, kind.form);
}

void check_options(const MeterSpec& spec, const NamedKind& kind) {
    for (const auto& [option, value] : spec.options) {
        if (std::find(kind.options.begin(), kind.options.end(), option) != kind.options.end()) continue;
        const std::vector<std::string> known(kind.options.begin(), kind.options.end());
        fail_usage("a meter of kind '{}' has no option '{}'.{} It is written {}", kind.scheme, option,
                   suggestion(option, known), kind.form);
    }
}

}  // namespace

Seconds NamedRequest::refresh_period(Seconds usual) const {
    if (named.refresh_period) return *named.refresh_period;
    return spec.duration("period").value_or(usual);
}

std::span<const NamedKind> named_kinds() { return kKinds; }

const NamedKind& kind_of(const MeterSpec& spec) {
    std::vector<std::string> known;
    for (const NamedKind& kind : kKinds) {
        if (kind.scheme == spec.scheme) {
            check_place(spec, kind);
            check_options(spec, kind);
            return kind;
        }
        known.emplace_back(kind.scheme);
    }
    std::string all;
    for (const std::string& scheme : known) all += (all.empty() ? "" : ", ") + scheme;
    fail_usage("there is no kind of meter '{}'.{} Kinds: {}", spec.scheme, suggestion(spec.scheme, known),
               all);
}

NamedMeter name_meter(const std::string& text, const Variable& variable) {
    const MeterSpec spec = parse_spec(text);
    const NamedKind& kind = kind_of(spec);
    kind.check(spec);
    NamedMeter named{text, net::decode(spec.credentials)};
    if (!spec.credentials.empty()) {
        const std::string apart = spec.credentials + "@";
        named.text.erase(named.text.find(apart), apart.size());
    }
    const std::string login = spec.option("login");
    if (login.empty()) return named;
    const auto value = variable(login);
    if (!value || value->find(':') == std::string::npos) {
        fail_usage("the meter {} takes its login from the variable {}, which {}; set it to USER:PASSWORD",
                   named.text, login, value ? "holds no USER:PASSWORD" : "is not set");
    }
    named.credentials = *value;
    return named;
}

}  // namespace espalier::meters
