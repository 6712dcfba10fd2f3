#include "meters/json.h"

#include <nlohmann/json.hpp>

namespace espalier::meters {
namespace {

nlohmann::json zone_json(const Zone& zone) {
    return {{"id", zone.id}, {"scope", zone.scope}, {"role", std::string(name(zone.role))}};
}

nlohmann::json factor_json(const std::optional<FactorInterval>& factor) {
    if (!factor) return nullptr;
    return {{"low", factor->low}, {"high", factor->high}};
}

/// "energy_j", "time_s", "utilization", "memory_bytes" by the unit of a window's amounts.
std::string amount_key(UnitKind unit) {
    switch (unit) {
        case UnitKind::kCumulativeEnergy:
            return "energy_j";
        case UnitKind::kPower:
            return "power_w";
        case UnitKind::kCumulativeTime:
            return "time_s";
        case UnitKind::kUtilization:
            return "utilization";
        case UnitKind::kMemory:
            break;
    }
    return "memory_bytes";
}

nlohmann::json zone_window_json(const ZoneWindow& window, UnitKind unit) {
    nlohmann::json json = zone_json(window.zone);
    json[amount_key(unit)] = nullptr;
    if (window.amount && unit == UnitKind::kMemory) {
        json[amount_key(unit)] = std::get<Bytes>(*window.amount).value;
    } else if (window.amount) {
        json[amount_key(unit)] = number(*window.amount);
    }
    if (!window.problem.empty()) json["problem"] = window.problem;
    return json;
}

nlohmann::json uncertainty_json(const Uncertainty& uncertainty) {
    nlohmann::json lines = nlohmann::json::array();
    for (const BudgetLine& line : uncertainty.lines) {
        lines.push_back({{"component", line.component},
                         {"standard_uncertainty_j", line.standard.value()},
                         {"bound_j", line.bound.value()}});
    }
    return {{"budget", lines},
            {"standard_uncertainty_j",
             uncertainty.factor ? nlohmann::json(nullptr) : nlohmann::json(uncertainty.standard().value())},
            {"factor", factor_json(uncertainty.factor)}};
}

}  // namespace

nlohmann::json to_json(const Description& description) {
    nlohmann::json zones = nlohmann::json::array();
    for (const Zone& zone : description.zones) zones.push_back(zone_json(zone));
    return {{"name", description.name},
            {"source", description.source},
            {"scope", description.scope},
            {"tier", std::string(1, letter(description.tier))},
            {"unit", std::string(name(description.unit))},
            {"part", std::string(name(description.part))},
            {"zones", zones},
            {"refresh_period_s", description.refresh_period.value()},
            {"averaging_s", description.averaging.value()},
            {"shortest_window_s", shortest_window(description).value()},
            {"factor", factor_json(description.factor)},
            {"notes", description.notes}};
}

nlohmann::json to_json(const Finding& finding) {
    return {{"source", finding.source},
            {"what", finding.what},
            {"tier", std::string(1, letter(finding.tier))},
            {"state", std::string(name(finding.availability.state))},
            {"reason", finding.availability.reason},
            {"fix", finding.availability.fix},
            {"replaced_by", finding.replaced_by}};
}

nlohmann::json to_json(const WindowReading& window) {
    nlohmann::json zones = nlohmann::json::array();
    for (const ZoneWindow& zone : window.zones) zones.push_back(zone_window_json(zone, window.unit));
    nlohmann::json json = {{"meter", window.meter},
                           {"source", window.source},
                           {"scope", window.scope},
                           {"tier", std::string(1, letter(window.tier))},
                           {"part", std::string(name(window.part))},
                           {"start_s", window.start.value()},
                           {"end_s", window.end.value()},
                           {"validity", std::string(name(window.validity))},
                           {"problem", window.problem},
                           {"zones", zones},
                           {"notes", window.notes}};
    if (window.unit != UnitKind::kCumulativeEnergy) return json;
    json["energy_j"] = window.energy ? nlohmann::json(window.energy->value()) : nlohmann::json(nullptr);
    json["uncertainty"] = window.energy ? uncertainty_json(window.uncertainty) : nlohmann::json(nullptr);
    return json;
}

}  // namespace espalier::meters
