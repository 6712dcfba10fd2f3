#include <nlohmann/json.hpp>

#include "lab/trial.h"

namespace espalier::lab {
namespace {

using nlohmann::json;

json optional_json(const std::optional<double>& value) { return value ? json(*value) : json(nullptr); }

std::optional<double> optional_number(const json& value) {
    return value.is_null() ? std::nullopt : std::optional(value.get<double>());
}

json energy_json(const store::EnergyRecord& energy) {
    return {{"meter", energy.meter},
            {"zone", energy.zone},
            {"joules", optional_json(energy.joules)},
            {"tier", energy.tier},
            {"scope", energy.scope},
            {"in_total", energy.in_total},
            {"factor_low", energy.factor_low},
            {"factor_high", energy.factor_high},
            {"problem", energy.problem},
            {"device", energy.device}};
}

store::EnergyRecord energy_from(const json& object) {
    return {object.at("meter").get<std::string>(),   object.at("zone").get<std::string>(),
            optional_number(object.at("joules")),    object.at("tier").get<std::string>(),
            object.at("scope").get<std::string>(),   object.at("in_total").get<bool>(),
            object.at("factor_low").get<double>(),   object.at("factor_high").get<double>(),
            object.at("problem").get<std::string>(), object.at("device").get<std::string>()};
}

json phase_json(const store::PhaseRecord& phase) {
    json energies = json::array();
    for (const auto& energy : phase.energies) energies.push_back(energy_json(energy));
    json readings = json::array();
    for (const auto& reading : phase.readings) {
        readings.push_back(
            {{"name", reading.name}, {"unit", reading.unit}, {"value", optional_json(reading.value)}});
    }
    return {{"name", phase.name},           {"start_s", phase.start_s}, {"end_s", phase.end_s},
            {"calls", phase.calls},         {"images", phase.images},   {"cpu_s", optional_json(phase.cpu_s)},
            {"latency_s", phase.latency_s}, {"energies", energies},     {"readings", readings}};
}

store::PhaseRecord phase_from(const json& object) {
    store::PhaseRecord phase;
    phase.name = object.at("name").get<std::string>();
    phase.start_s = object.at("start_s").get<double>();
    phase.end_s = object.at("end_s").get<double>();
    phase.calls = object.at("calls").get<std::int64_t>();
    phase.images = object.at("images").get<std::int64_t>();
    phase.cpu_s = optional_number(object.at("cpu_s"));
    phase.latency_s = object.at("latency_s").get<std::vector<float>>();
    for (const auto& energy : object.at("energies")) phase.energies.push_back(energy_from(energy));
    for (const auto& reading : object.at("readings")) {
        phase.readings.push_back({reading.at("name").get<std::string>(),
                                  reading.at("unit").get<std::string>(),
                                  optional_number(reading.at("value"))});
    }
    return phase;
}

json trace_json(const store::TraceRecord& trace) {
    return {{"meter", trace.meter},
            {"zone", trace.zone},
            {"unit", trace.unit},
            {"times_s", trace.times_s},
            {"samples", trace.samples}};
}

store::TraceRecord trace_from(const json& object) {
    return {object.at("meter").get<std::string>(), object.at("zone").get<std::string>(),
            object.at("unit").get<std::string>(), object.at("times_s").get<std::vector<double>>(),
            object.at("samples").get<std::vector<double>>()};
}

json measured_json(const store::TrialRecord& measured) {
    json phases = json::array();
    for (const auto& phase : measured.phases) phases.push_back(phase_json(phase));
    json traces = json::array();
    for (const auto& trace : measured.traces) traces.push_back(trace_json(trace));
    return {{"phases", phases},
            {"traces", traces},
            {"predictions_sha256", measured.predictions_sha256},
            {"evidence", measured.evidence},
            {"environment", measured.environment}};
}

store::TrialRecord measured_from(const json& object) {
    store::TrialRecord measured;
    for (const auto& phase : object.at("phases")) measured.phases.push_back(phase_from(phase));
    for (const auto& trace : object.at("traces")) measured.traces.push_back(trace_from(trace));
    measured.predictions_sha256 = object.at("predictions_sha256").get<std::string>();
    measured.evidence = object.at("evidence").get<std::string>();
    measured.environment = object.at("environment").get<std::string>();
    return measured;
}

store::PredictionRecord predictions_from(const json& object) {
    return {object.at("labels").get<std::vector<std::int32_t>>(),
            object.at("predicted").get<std::vector<std::int32_t>>(),
            object.at("ranks").get<std::vector<std::int32_t>>()};
}

json calibration_json(const std::optional<TrialCalibration>& calibration) {
    if (!calibration) return nullptr;
    return {{"pixels", calibration->pixels},
            {"pixels_key", calibration->pixels_key},
            {"origin", runtimes::to_json(calibration->origin)}};
}

std::optional<TrialCalibration> calibration_from(const json& object) {
    if (object.is_null()) return std::nullopt;
    return TrialCalibration{object.at("pixels").get<std::string>(),
                            object.at("pixels_key").get<std::string>(),
                            runtimes::calibration_origin_from_json(object.at("origin"))};
}

json meters_json(const std::vector<meters::NamedMeter>& meters) {
    json list = json::array();
    for (const auto& meter : meters) {
        const auto& period = meter.refresh_period;
        list.push_back({{"text", meter.text},
                        {"credentials", meter.credentials},
                        {"refresh_period_s", period ? json(period->value()) : json(nullptr)}});
    }
    return list;
}

std::vector<meters::NamedMeter> meters_from(const json& list) {
    std::vector<meters::NamedMeter> meters;
    for (const auto& object : list) {
        meters.push_back({object.at("text").get<std::string>(), object.at("credentials").get<std::string>()});
        if (const auto period = optional_number(object.at("refresh_period_s")))
            meters.back().refresh_period = Seconds(*period);
    }
    return meters;
}

/// Parses a document of the schema, and says what is wrong with one that is not.
template <typename Read>
auto read_document(const std::string& text, const char* schema, Read read) {
    try {
        const json document = json::parse(text);
        if (document.at("schema") != schema) fail("a document of {} was expected", schema);
        return read(document);
    } catch (const json::exception& problem) {
        fail("{} cannot be read: {}", schema, problem.what());
    }
}

constexpr const char* kRequestSchema = "espalier.trial-request/1";
constexpr const char* kResultSchema = "espalier.trial/1";

/// Texts from outside (paths, messages of libraries) need not be UTF-8.
std::string dump(const json& document) {
    return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

std::string write_request(const TrialRequest& request) {
    const auto& protocol = request.protocol;
    return dump({{"schema", kRequestSchema},
                 {"model", request.model},
                 {"model_sha256", request.model_sha256},
                 {"tactic", request.tactic},
                 {"runtime", request.runtime},
                 {"access", runtimes::to_json(request.access)},
                 {"cache", request.cache},
                 {"device", request.device},
                 {"batch", request.batch},
                 {"threads", request.threads},
                 {"pixels", request.pixels},
                 {"pixels_key", request.pixels_key},
                 {"calibration", calibration_json(request.calibration)},
                 {"keep_predictions", request.keep_predictions},
                 {"idle_s", protocol.idle.value()},
                 {"warmup_calls", protocol.warmup_calls},
                 {"warmup_cap_s", protocol.warmup_cap.value()},
                 {"window_s", protocol.window.value()},
                 {"cool_down_s", protocol.cool_down.value()},
                 {"start_temperature_c", optional_json(request.start_temperature_c)},
                 {"meters", meters_json(request.meters)}});
}

TrialRequest read_request(const std::string& text) {
    return read_document(text, kRequestSchema, [](const json& object) {
        TrialRequest request;
        request.model = object.at("model").get<std::string>();
        request.model_sha256 = object.at("model_sha256").get<std::string>();
        request.tactic = object.at("tactic").get<std::string>();
        request.runtime = object.at("runtime").get<std::string>();
        request.access = runtimes::access_from_json(object.at("access"));
        request.cache = object.at("cache").get<std::string>();
        request.device = object.at("device").get<std::string>();
        request.batch = object.at("batch").get<int>();
        request.threads = object.at("threads").get<int>();
        request.meters = meters_from(object.at("meters"));
        request.pixels = object.at("pixels").get<std::string>();
        request.pixels_key = object.at("pixels_key").get<std::string>();
        request.calibration = calibration_from(object.at("calibration"));
        request.keep_predictions = object.at("keep_predictions").get<bool>();
        request.protocol.idle = Seconds(object.at("idle_s").get<double>());
        request.protocol.warmup_calls = object.at("warmup_calls").get<int>();
        request.protocol.warmup_cap = Seconds(object.at("warmup_cap_s").get<double>());
        request.protocol.window = Seconds(object.at("window_s").get<double>());
        request.protocol.cool_down = Seconds(object.at("cool_down_s").get<double>());
        request.start_temperature_c = optional_number(object.at("start_temperature_c"));
        return request;
    });
}

std::string write_result(const TrialResult& result) {
    json notes = json::array();
    for (const auto& note : result.notes) notes.push_back({{"code", note.code}, {"text", note.text}});
    json predictions = nullptr;
    if (result.predictions) {
        predictions = {{"labels", result.predictions->labels},
                       {"predicted", result.predictions->predicted},
                       {"ranks", result.predictions->ranks}};
    }
    return dump({{"schema", kResultSchema},
                 {"error", result.error},
                 {"lacks_meter", result.lacks_meter},
                 {"measured", measured_json(result.measured)},
                 {"predictions", predictions},
                 {"notes", notes}});
}

TrialResult read_result(const std::string& text) {
    return read_document(text, kResultSchema, [](const json& object) {
        TrialResult result;
        result.error = object.at("error").get<std::string>();
        result.lacks_meter = object.at("lacks_meter").get<bool>();
        result.measured = measured_from(object.at("measured"));
        if (!object.at("predictions").is_null())
            result.predictions = predictions_from(object.at("predictions"));
        for (const auto& note : object.at("notes")) {
            result.notes.push_back(
                {0, note.at("code").get<std::string>(), note.at("text").get<std::string>(), ""});
        }
        return result;
    });
}

}  // namespace espalier::lab
