#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "imports/logs.h"
#include "imports/study.h"
#include "lab/protocol.h"
#include "store/totals.h"

/// A study in a store as measurements to be audited.
namespace espalier::imports {
namespace {

using nlohmann::json;

json parsed(const std::string& text) {
    json document = json::parse(text, nullptr, false);
    return document.is_object() ? document : json::object();
}

/// Refresh period of each meter, in s, as the environment of the study lists them.
std::map<std::string, double> refresh_periods(const json& environment) {
    std::map<std::string, double> periods;
    const auto meters = environment.find("meters");
    if (meters == environment.end() || !meters->is_array()) return periods;
    for (const auto& meter : *meters) {
        if (!meter.is_object() || !meter.contains("name") || !meter.contains("refresh_period_s")) continue;
        const auto& period = meter.at("refresh_period_s");
        if (meter.at("name").is_string() && period.is_number()) periods[meter.at("name")] = period;
    }
    return periods;
}

/// Mean of the samples of GPU utilization within the window.
std::optional<double> traced_utilization(const store::TrialRecord& trial, const store::PhaseRecord& window) {
    Mean mean;
    for (const auto& trace : trial.traces) {
        if (trace.meter != "nvml-utilization") continue;
        for (std::size_t i = 0; i < trace.samples.size() && i < trace.times_s.size(); ++i) {
            if (trace.times_s[i] >= window.start_s && trace.times_s[i] <= window.end_s)
                mean.add(trace.samples[i]);
        }
    }
    return mean.value();
}

Repetition repetition_of(const store::TrialRecord& trial, const store::PhaseRecord& window,
                         const std::map<std::string, double>& periods) {
    Repetition repetition;
    repetition.number = trial.block;
    repetition.where = fmt::format("block {}", trial.block + 1);
    repetition.images = window.images;
    if (window.duration_s() > 0.0) repetition.duration_s = window.duration_s();
    repetition.latency_s = window.latency_s;
    repetition.readings = window.readings;
    repetition.utilization_percent = store::find_reading(window, "GPU utilization");
    if (!repetition.utilization_percent) repetition.utilization_percent = traced_utilization(trial, window);
    for (const auto& record : window.energies) {
        Energy energy;
        energy.record = record;
        const auto period = periods.find(record.meter);
        if (period != periods.end()) energy.refresh_s = period->second;
        repetition.energies.push_back(std::move(energy));
    }
    return repetition;
}

Variant variant_of(const store::StudyRecord& study, const store::VariantRecord& record) {
    Variant variant;
    for (const auto& model : study.models) {
        if (model.id != record.model_id) continue;
        variant.model = model.name;
        variant.classes = model.classes;
    }
    variant.tactic = record.tactic;
    variant.runtime = record.runtime;
    variant.device = record.device;
    variant.batch = record.batch;
    variant.threads = record.threads;
    variant.prediction = record.prediction;
    return variant;
}

std::optional<double> size_of(const store::TrialRecord& trial, const store::PhaseRecord& window) {
    const auto reading = store::find_reading(window, "model size");
    if (reading) return reading;
    const json evidence = parsed(trial.evidence);
    const auto bytes = evidence.find("disk_bytes");
    return bytes != evidence.end() && bytes->is_number() ? std::optional(bytes->get<double>()) : std::nullopt;
}

}  // namespace

Measurements measurements_of(const store::StudyRecord& study) {
    Measurements result;
    result.format = study.imported ? study.imported->format : "study";
    if (study.imported) result.files = study.imported->files;
    // Only a table of images can have taken them for repetitions; our own studies never do.
    result.rows_are_images = study.imported && study.imported->format == "replication";
    result.data = study.dataset.path;
    std::map<store::Id, std::size_t> variants;
    for (const auto& record : study.variants) {
        variants[record.id] = result.variants.size();
        result.variants.push_back(variant_of(study, record));
    }
    const auto periods = refresh_periods(parsed(study.environment));
    for (const auto& trial : study.trials) {
        const auto* window = store::find_phase(trial, lab::phase::kMeasure);
        if (trial.state != store::TrialState::kDone || window == nullptr) continue;
        Repetition repetition = repetition_of(trial, *window, periods);
        repetition.variant = variants.at(trial.variant_id);
        auto& size = result.variants[repetition.variant].size;
        if (!size) size = size_of(trial, *window);
        result.repetitions.push_back(std::move(repetition));
    }
    return result;
}

}  // namespace espalier::imports
