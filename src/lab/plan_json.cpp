#include <nlohmann/json.hpp>

#include "base/error.h"
#include "lab/plan.h"

namespace espalier::lab {
namespace {

using nlohmann::json;

json figure_json(const std::optional<CostFigure>& figure) {
    if (!figure) return nullptr;
    return {{"value", figure->value}, {"date", figure->date}, {"source", figure->source}};
}

std::optional<CostFigure> figure_from(const json& object) {
    if (object.is_null()) return std::nullopt;
    return CostFigure{object.at("value").get<double>(), object.at("date").get<std::string>(),
                      object.at("source").get<std::string>()};
}

json costs_json(const CostSettings& costs) {
    return {{"price_per_kwh", figure_json(costs.price)},
            {"carbon_g_per_kwh", figure_json(costs.carbon)},
            {"rent_per_h", figure_json(costs.rent)},
            {"pue", figure_json(costs.pue)},
            {"images_per_day", figure_json(costs.per_day)},
            {"embodied_g_per_h", figure_json(costs.embodied)},
            {"currency", costs.currency}};
}

CostSettings costs_from(const json& object) {
    CostSettings costs;
    costs.price = figure_from(object.at("price_per_kwh"));
    costs.carbon = figure_from(object.at("carbon_g_per_kwh"));
    costs.rent = figure_from(object.at("rent_per_h"));
    costs.pue = figure_from(object.at("pue"));
    costs.per_day = figure_from(object.at("images_per_day"));
    costs.embodied = figure_from(object.value("embodied_g_per_h", json(nullptr)));
    costs.currency = object.at("currency").get<std::string>();
    return costs;
}

/// Plans of earlier versions name one runtime, and no device.
void read_runtimes(const json& object, Plan& plan) {
    plan.runtimes = object.contains("runtimes") ? object.at("runtimes").get<std::vector<std::string>>()
                                                : std::vector{object.at("runtime").get<std::string>()};
    plan.device = object.value("device", plan.device);
    plan.workers = object.value("workers", plan.workers);
}

Seconds seconds(const json& object, const char* key) { return Seconds(object.at(key).get<double>()); }

}  // namespace

json measured_part(const Plan& plan) {
    const auto& protocol = plan.protocol;
    json object = {{"schema", "espalier.plan/1"},
                   {"models", plan.models},
                   {"data", plan.data},
                   {"tactics", plan.tactics},
                   {"runtimes", plan.runtimes},
                   {"device", plan.device},
                   {"blocks", plan.blocks},
                   {"images", plan.images},
                   {"batch", plan.batch},
                   {"threads", plan.threads},
                   {"seed", plan.seed},
                   {"protocol",
                    {{"idle_s", protocol.idle.value()},
                     {"warmup_calls", protocol.warmup_calls},
                     {"warmup_cap_s", protocol.warmup_cap.value()},
                     {"window_s", protocol.window.value()},
                     {"cool_down_s", protocol.cool_down.value()},
                     {"exclude", protocol.exclude}}}};
    if (!plan.calibration.empty()) object["calibration"] = plan.calibration;
    if (!plan.workers.empty()) object["workers"] = plan.workers;
    if (!plan.data_of.empty()) object["data_of"] = plan.data_of;
    for (const auto& meter : plan.meters) object["meters"].push_back(meter.text);
    return object;
}

json to_json(const Plan& plan) {
    json object = measured_part(plan);
    object["protocol"]["timeout_s"] = plan.protocol.timeout.value();
    object["protocol"]["attempts"] = plan.protocol.attempts;
    object["protocol"]["control_every"] = plan.protocol.control_every;
    object["costs"] = costs_json(plan.costs);
    object["limits"] = {{"max_accuracy_drop", plan.limits.max_accuracy_drop},
                        {"min_effect", plan.limits.min_effect}};
    return object;
}

Plan plan_from_json(const json& object) {
    try {
        Plan plan;
        plan.models = object.at("models").get<std::vector<std::string>>();
        plan.data = object.at("data").get<std::string>();
        plan.data_of = object.value("data_of", plan.data_of);
        plan.calibration = object.value("calibration", "");
        plan.tactics = object.at("tactics").get<std::vector<std::string>>();
        read_runtimes(object, plan);
        for (const auto& text : object.value("meters", std::vector<std::string>()))
            plan.meters.push_back({text});
        plan.blocks = object.at("blocks").get<int>();
        plan.images = object.at("images").get<int>();
        plan.batch = object.at("batch").get<int>();
        plan.threads = object.at("threads").get<int>();
        plan.seed = object.at("seed").get<std::uint64_t>();
        const auto& protocol = object.at("protocol");
        plan.protocol.idle = seconds(protocol, "idle_s");
        plan.protocol.warmup_calls = protocol.at("warmup_calls").get<int>();
        plan.protocol.warmup_cap = seconds(protocol, "warmup_cap_s");
        plan.protocol.window = seconds(protocol, "window_s");
        plan.protocol.timeout = seconds(protocol, "timeout_s");
        plan.protocol.attempts = protocol.at("attempts").get<int>();
        // Plans that were stored before these three were known had none of them.
        plan.protocol.cool_down = Seconds(protocol.value("cool_down_s", 0.0));
        plan.protocol.control_every = protocol.value("control_every", 0);
        plan.protocol.exclude = protocol.value("exclude", std::vector<std::string>());
        plan.costs = costs_from(object.at("costs"));
        plan.limits.max_accuracy_drop = object.at("limits").at("max_accuracy_drop").get<double>();
        plan.limits.min_effect = object.at("limits").at("min_effect").get<double>();
        return plan;
    } catch (const json::exception& problem) {
        fail("a stored plan cannot be read: {}", problem.what());
    }
}

Plan plan_from_text(const std::string& text) {
    const json object = json::parse(text, nullptr, false);
    if (!object.is_object()) fail("the store is damaged: a stored plan is no JSON object");
    return plan_from_json(object);
}

}  // namespace espalier::lab
