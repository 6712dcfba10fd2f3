#include "meters/redfish/redfish.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "meters/named/controller.h"
#include "meters/named/http_access.h"
#include "meters/named/source_error.h"
#include "meters/wall/fields.h"
#include "meters/wall/wall.h"

namespace espalier::meters::redfish {
namespace {

using nlohmann::json;

constexpr const char* kChassis = "/redfish/v1/Chassis";
constexpr Seconds kRefresh{10};

/// A resource that may say power, and where in it.
struct Place {
    const char* resource;
    const char* power;
    const char* energy;  ///< empty: it has none
};
constexpr Place kPlaces[] = {{"/Power", "/PowerControl/0/PowerConsumedWatts", ""},
                             {"/EnvironmentMetrics", "/PowerWatts/Reading", "/EnergykWh/Reading"}};

/// A place of a chassis that was seen to have a number.
struct Found {
    std::string chassis;
    const Place* place;
    std::optional<double> interval_min;  ///< over which the controller forms its averages, where it says so
};

/// The document, or nothing where there is none; a controller that cannot be asked at all is an error.
std::optional<json> try_get(HttpAccess& access, const std::string& target) {
    try {
        return wall::parse_json(access.get(target));
    } catch (const SourceError& problem) {
        if (problem.why().state == State::kBroken) return std::nullopt;
        throw;
    }
}

std::vector<std::string> list_chassis(HttpAccess& access, const MeterSpec& spec) {
    if (!spec.part.empty()) return {fmt::format("{}/{}", kChassis, spec.part)};
    const json list = wall::parse_json(access.get(kChassis));
    std::vector<std::string> paths;
    const json members = list.is_object() ? list.value("Members", json::array()) : json::array();
    for (const json& member : members) {
        const json path = member.is_object() ? member.value("@odata.id", json()) : json();
        if (path.is_string() && path.get<std::string>().starts_with('/')) paths.push_back(path);
    }
    return paths;
}

std::optional<Found> look_at(HttpAccess& access, const std::string& chassis) {
    for (const Place& place : kPlaces) {
        const auto document = try_get(access, chassis + place.resource);
        if (document && wall::number_at(*document, place.power))
            return Found{chassis, &place,
                         wall::number_at(*document, "/PowerControl/0/PowerMetrics/IntervalInMin")};
    }
    return std::nullopt;
}

Found find(HttpAccess& access, const MeterSpec& spec) {
    std::vector<Found> found;
    for (const std::string& chassis : list_chassis(access, spec)) {
        if (const auto here = look_at(access, chassis)) found.push_back(*here);
    }
    if (found.empty())
        throw SourceError({State::kUnsupported, access.base() + " says no power of any chassis",
                           "name another chassis, or use the vendor's licence that enables it"});
    if (found.size() == 1) return found.front();
    std::string names;
    for (const Found& one : found)
        names += (names.empty() ? "" : ", ") + one.chassis.substr(one.chassis.rfind('/') + 1);
    throw SourceError({State::kUnsupported,
                       fmt::format("{} says power of several chassis: {}", access.base(), names),
                       "name one of them: redfish://HOST/CHASSIS"});
}

wall::Sample read(const std::string& body, const Place& place) {
    const json document = wall::parse_json(body);
    wall::Sample sample;
    sample.power = wall::in_unit<Watts>(wall::number_at(document, place.power), 1.0);
    if (*place.energy != '\0')
        sample.energy = wall::in_unit<Joules>(wall::number_at(document, place.energy), 1e3 * wall::kWattHour);
    return sample;
}

std::string averaging_note(const NamedRequest& request, const Found& found) {
    std::string note = controller_averaging_note(request.spec);
    if (found.interval_min) note += fmt::format("; its own averages span {:.0f} min", *found.interval_min);
    return note;
}

wall::Dialect dialect(const NamedRequest& request, const Found& found) {
    return {.device = "baseboard management controller (Redfish)",
            .target = found.chassis + found.place->resource,
            .scope = fmt::format("chassis {} of {}", found.chassis.substr(found.chassis.rfind('/') + 1),
                                 request.spec.place),
            .read = [place = found.place](const std::string& body) { return read(body, *place); },
            .tier = Tier::kIntegratedSensor,
            .refresh = request.refresh_period(kRefresh),
            .register_refresh = std::max(kControllerAveraging, request.refresh_period(kRefresh)),
            .averaging = controller_averaging(request.spec),
            .power_step = Watts(1.0),
            .register_step = Joules(wall::kWattHour),
            .accuracy = request.spec.share("accuracy").value_or(0.0),
            .notes = {averaging_note(request, found), kControllerTimeNote}};
}

}  // namespace

Meters make(const NamedRequest& request) {
    const Tls tls = tls_of(request.spec, Tls::kOn);
    HttpAccess access(HttpAccess::origin(request.spec, tls), request.named.credentials, net::Login::kBasic,
                      tls != Tls::kUnverified);
    wall::Dialect known = dialect(request, find(access, request.spec));
    if (tls == Tls::kUnverified)
        known.notes.emplace_back("its certificate was not verified, as the user wished");
    return wall::make_meters(request.name, std::make_shared<wall::Source>(std::move(known), std::move(access),
                                                                          request.clock, wall::system_time));
}

void check(const MeterSpec& spec) {
    host_and_port(spec, 443);
    tls_of(spec, Tls::kOn);
    spec.duration("period");
    spec.duration("averaging");
    spec.share("accuracy");
}

}  // namespace espalier::meters::redfish
