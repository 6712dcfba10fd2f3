#include <nlohmann/json.hpp>

#include "base/error.h"
#include "lab/comparison.h"
#include "lab/machine_calibration.h"

namespace espalier::lab {
namespace {

using nlohmann::json;

constexpr const char* kSchema = "espalier.calibration/1";

template <typename T>
json or_null(const std::optional<T>& value) {
    return value ? json(*value) : json(nullptr);
}

json or_null(const std::optional<statistics::Interval>& interval) {
    return interval ? json{interval->low, interval->high} : json(nullptr);
}

std::optional<double> number_from(const json& value) {
    return value.is_null() ? std::nullopt : std::optional(value.get<double>());
}

std::optional<statistics::Interval> interval_from(const json& value) {
    if (value.is_null()) return std::nullopt;
    return statistics::Interval{value.at(0).get<double>(), value.at(1).get<double>()};
}

json settings_json(const MachineSettings& settings) {
    const auto& trial = settings.trial;
    return {{"workload", settings.workload},
            {"model_sha256", settings.model_sha256},
            {"batch", trial.batch},
            {"threads", trial.threads},
            {"blocks", settings.blocks},
            {"pairs", settings.pairs},
            {"seed", settings.seed},
            {"idle_s", settings.idle.value()},
            {"trial_idle_s", trial.protocol.idle.value()},
            {"window_s", trial.protocol.window.value()},
            {"warmup_calls", trial.protocol.warmup_calls},
            {"warmup_cap_s", trial.protocol.warmup_cap.value()}};
}

MachineSettings settings_from(const json& object) {
    MachineSettings settings;
    settings.workload = object.at("workload").get<std::string>();
    settings.model_sha256 = object.at("model_sha256").get<std::string>();
    settings.trial.batch = object.at("batch").get<int>();
    settings.trial.threads = object.at("threads").get<int>();
    settings.blocks = object.at("blocks").get<int>();
    settings.pairs = object.at("pairs").get<int>();
    settings.seed = object.at("seed").get<std::uint64_t>();
    settings.idle = Seconds(object.at("idle_s").get<double>());
    auto& protocol = settings.trial.protocol;
    protocol.idle = Seconds(object.at("trial_idle_s").get<double>());
    protocol.window = Seconds(object.at("window_s").get<double>());
    protocol.warmup_calls = object.at("warmup_calls").get<int>();
    protocol.warmup_cap = Seconds(object.at("warmup_cap_s").get<double>());
    return settings;
}

json idle_json(const IdlePower& power) {
    const bool known = power.watts.has_value();
    return {{"meter", power.meter},
            {"source", power.source},
            {"tier", power.tier},
            {"scope", power.scope},
            {"device", power.device},
            {"windows", power.windows},
            {"power_w", or_null(power.watts)},
            {"standard_uncertainty_w", or_null(power.standard)},
            {"low_w", known ? json(power.low) : json(nullptr)},
            {"high_w", known ? json(power.high) : json(nullptr)},
            {"problem", power.problem}};
}

IdlePower idle_from(const json& object) {
    IdlePower power;
    power.meter = object.at("meter").get<std::string>();
    power.source = object.at("source").get<std::string>();
    power.tier = object.at("tier").get<std::string>();
    power.scope = object.at("scope").get<std::string>();
    power.device = object.at("device").get<std::string>();
    power.windows = object.at("windows").get<int>();
    power.watts = number_from(object.at("power_w"));
    power.standard = number_from(object.at("standard_uncertainty_w"));
    power.low = number_from(object.at("low_w")).value_or(0.0);
    power.high = number_from(object.at("high_w")).value_or(0.0);
    power.problem = object.at("problem").get<std::string>();
    return power;
}

json overhead_json(const SamplerOverhead& overhead) {
    return {{"meters", overhead.meters},    {"period_s", overhead.period_s},
            {"pairs", overhead.pairs},      {"cpu_share", overhead.cpu_share},
            {"time_ratio", overhead.ratio}, {"time_ratio_ci95", or_null(overhead.interval)}};
}

SamplerOverhead overhead_from(const json& object) {
    return {object.at("meters").get<int>(),        object.at("period_s").get<double>(),
            object.at("pairs").get<int>(),         object.at("cpu_share").get<double>(),
            object.at("time_ratio").get<double>(), interval_from(object.at("time_ratio_ci95"))};
}

json blocks_json(const NoiseFloor& floor) {
    json blocks = json::object();
    for (const auto& [key, saving] : {std::pair{"1%", 0.01}, {"2%", 0.02}, {"5%", 0.05}}) {
        const auto needed = blocks_to_show(saving, floor.spread, 1);
        blocks[key] = needed ? json(*needed) : json(nullptr);
    }
    return blocks;
}

json noise_json(const NoiseFloor& floor) {
    return {{"quantity", floor.quantity},
            {"unit", floor.unit},
            {"meter", floor.source.meter},
            {"tier", floor.source.tier},
            {"scope", floor.source.scope},
            {"blocks", floor.blocks},
            {"first", floor.first},
            {"second", floor.second},
            {"ratio", floor.ratio},
            {"ratio_ci95", or_null(floor.interval)},
            {"holds_one", floor.holds_one()},
            {"spread", floor.spread},
            {"detectable_saving", or_null(detectable_saving(floor.spread, kBlocksForTests, 1))},
            {"detectable_saving_blocks", kBlocksForTests},
            {"blocks_to_show", blocks_json(floor)}};
}

NoiseFloor noise_from(const json& object) {
    NoiseFloor floor;
    floor.quantity = object.at("quantity").get<std::string>();
    floor.unit = object.at("unit").get<std::string>();
    floor.source.meter = object.at("meter").get<std::string>();
    floor.source.tier = object.at("tier").get<std::string>();
    floor.source.scope = object.at("scope").get<std::string>();
    floor.blocks = object.at("blocks").get<int>();
    floor.first = object.at("first").get<double>();
    floor.second = object.at("second").get<double>();
    floor.ratio = object.at("ratio").get<double>();
    floor.interval = interval_from(object.at("ratio_ci95"));
    floor.spread = object.at("spread").get<double>();
    return floor;
}

}  // namespace

json to_json(const MachineCalibration& calibration) {
    json idle = json::array();
    for (const auto& power : calibration.idle) idle.push_back(idle_json(power));
    json noise = json::array();
    for (const auto& floor : calibration.noise) noise.push_back(noise_json(floor));
    return {{"schema", kSchema},
            {"machine", calibration.machine},
            {"machine_name", calibration.machine_name},
            {"made_at", calibration.made_at},
            {"version", calibration.version},
            {"settings", settings_json(calibration.settings)},
            {"idle", idle},
            {"overhead", overhead_json(calibration.overhead)},
            {"noise", noise}};
}

MachineCalibration calibration_from_text(const std::string& text) {
    try {
        const json object = json::parse(text);
        if (object.at("schema") != kSchema) fail("a document of {} was expected", kSchema);
        MachineCalibration calibration;
        calibration.machine = object.at("machine").get<std::string>();
        calibration.machine_name = object.at("machine_name").get<std::string>();
        calibration.made_at = object.at("made_at").get<std::string>();
        calibration.version = object.at("version").get<std::string>();
        calibration.settings = settings_from(object.at("settings"));
        for (const auto& power : object.at("idle")) calibration.idle.push_back(idle_from(power));
        calibration.overhead = overhead_from(object.at("overhead"));
        for (const auto& floor : object.at("noise")) calibration.noise.push_back(noise_from(floor));
        return calibration;
    } catch (const json::exception& problem) {
        fail("the store is damaged: a calibration cannot be read: {}", problem.what());
    }
}

}  // namespace espalier::lab
