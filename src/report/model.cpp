#include "report/model.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "report/build.h"
#include "report/evidence.h"
#include "report/method.h"
#include "report/metrics.h"
#include "report/paybacks.h"
#include "report/series.h"
#include "store/labels.h"

namespace espalier::report {
namespace {

using nlohmann::json;
using store::TrialState;

/// One variant on its way into the report.
struct Part {
    const store::VariantRecord* record;
    std::vector<const store::TrialRecord*> trials;  ///< without those left out
    std::map<std::string, Series> series;
    Variant shown;
};

bool measures_energy(const std::string& key) {
    return key == key::kEnergy || key == key::kNetEnergy || key == key::kPower || key == key::kOptimizeEnergy;
}

std::string source_of(const std::string& key, const EnergySource& energy) {
    if (measures_energy(key)) return source_name(energy.meter);
    if (key == key::kGpuUtilization || key == key::kGpuMemory) return "NVML";
    if (key == key::kMemory) return "VmHWM of the trial's process";
    if (key == key::kUtilization || key == key::kSamplerShare) return "processor time of the trial's process";
    return "monotonic clock";
}

/// Tier, source and scope of an energy figure; an estimate gets the interval of its model instead of a
/// bootstrap.
void label(Measure& measure, const std::string& key, const EnergySource& energy) {
    if (!measure.value) return;
    measure.source = source_of(key, energy);
    if (!measures_energy(key)) return;
    measure.tier = energy.tier;
    measure.scope = energy.scope + (key == key::kNetEnergy ? "; net" : "; gross");
    if (energy.counts()) return;
    measure.low = *measure.value * energy.factor_low;
    measure.high = *measure.value * energy.factor_high;
    measure.interval = "factor";
}

int count(const Part& part, TrialState state) {
    return static_cast<int>(std::count_if(part.trials.begin(), part.trials.end(),
                                          [&](const auto* trial) { return trial->state == state; }));
}

void set_status(Part& part) {
    const int done = count(part, TrialState::kDone);
    const int failed = count(part, TrialState::kFailed);
    const auto total = static_cast<int>(part.trials.size());
    part.shown.status = done == total && total > 0 ? "complete"
                        : done == 0 && failed > 0  ? "failed"
                                                   : "partial";
    for (const auto* trial : part.trials) {
        if (trial->state == TrialState::kFailed && !trial->error.empty()) {
            part.shown.reason = fmt::format("{} of {} trials failed: {}", failed, total, trial->error);
            return;
        }
    }
    if (done < total) part.shown.reason = fmt::format("{} of {} trials are done", done, total);
}

Part make_part(const Context& context, const store::VariantRecord& record) {
    Part part{&record, {}, {}, {}};
    for (const auto& trial : context.study.trials) {
        if (trial.variant_id != record.id) continue;
        if (context.excluded.contains(trial.id)) {
            ++part.shown.excluded;
        } else {
            part.trials.push_back(&trial);
        }
    }
    Variant& shown = part.shown;
    shown.id = variant_id(context.study, record);
    shown.label = shown.id;
    shown.tactic = record.tactic;
    shown.runtime = record.runtime;
    shown.device = record.device;
    shown.batch = record.batch;
    shown.threads = record.threads;
    shown.baseline = record.is_baseline;
    set_status(part);
    for (const auto* trial : part.trials) {
        if (trial->state == TrialState::kDone && !shown.evidence)
            shown.evidence = read_evidence(trial->evidence);
    }
    return part;
}

std::vector<Part> make_parts(const Context& context, const store::ModelRecord& model) {
    std::vector<Part> parts;
    for (const auto& record : context.study.variants) {
        if (record.model_id == model.id) parts.push_back(make_part(context, record));
    }
    std::stable_partition(parts.begin(), parts.end(), [](const Part& part) { return part.shown.baseline; });
    return parts;
}

EnergySource energy_of(const std::vector<Part>& parts) {
    std::vector<const store::TrialRecord*> trials;
    for (const auto& part : parts) trials.insert(trials.end(), part.trials.begin(), part.trials.end());
    if (parts.empty()) return {};
    return choose_energy_source(trials, parts.front().record->device);
}

void add_accuracy(const store::ModelRecord& model, const Part* baseline, Part& part) {
    const auto& prediction = part.record->prediction;
    for (const auto& [key, places] : {std::pair{key::kTop1, 1}, std::pair{key::kTop5, 5}}) {
        if (places >= model.classes && model.classes > 0) continue;
        Measure measure;
        measure.reason = "no trial of this variant is done";
        if (prediction) measure = accuracy(*prediction, places);
        const bool comparable =
            prediction && baseline && baseline->record->prediction && !part.shown.baseline;
        if (comparable)
            measure.comparison = compare_accuracy(*baseline->record->prediction, *prediction, places);
        part.shown.measures[key] = measure;
    }
}

void add_repeated(const Context& context, const EnergySource& energy, const Part* baseline, Part& part) {
    for (const auto& [key, series] : part.series) {
        Measure measure = describe(series, context.analysis);
        label(measure, key, energy);
        const bool measured = energy.counts() && measures_energy(key) && measure.value;
        if (measured) measure.uncertainty = uncertainty(series);
        const auto& metric = find_metric(context.metrics, key);
        if (baseline != nullptr && !part.shown.baseline && metric.comparison) {
            const bool testable = energy.counts() || !measures_energy(key);
            measure.comparison = compare(baseline->series.at(key), series, testable, context.analysis);
            if (measured && measure.comparison)
                measure.comparison->uncertainty = ratio_uncertainty(baseline->series.at(key), series);
        }
        part.shown.measures[key] = measure;
    }
}

/// The baseline and the variants that were tested against it, as far as the metric is repeated by block.
std::vector<const Series*> tested_series(const std::string& key, const std::vector<Part>& parts) {
    std::vector<const Series*> series;
    for (const auto& part : parts) {
        const auto found = part.series.find(key);
        if (found == part.series.end()) continue;
        const auto& comparison = part.shown.measures.at(key).comparison;
        if (part.shown.baseline || (comparison && comparison->p)) series.push_back(&found->second);
    }
    return series;
}

OmnibusTest shown_test(const std::string& metric, const statistics::Omnibus& test) {
    return {metric,         "Friedman",
            test.statistic, static_cast<int>(test.degrees_of_freedom),
            test.p_value,   static_cast<int>(test.used)};
}

/// Adjusts and judges every metric over the variants of the model. Returns the omnibus tests that were made.
std::vector<OmnibusTest> judge_all(const Context& context, std::vector<Part>& parts) {
    std::vector<OmnibusTest> tests;
    for (const auto& metric : context.metrics) {
        std::vector<Comparison*> family;
        for (auto& part : parts) {
            const auto found = part.shown.measures.find(metric.key);
            if (found != part.shown.measures.end() && found->second.comparison)
                family.push_back(&*found->second.comparison);
        }
        const auto test = omnibus(tested_series(metric.key, parts), context.analysis);
        if (test) tests.push_back(shown_test(metric.key, *test));
        judge(family, test, metric, context.analysis);
    }
    return tests;
}

std::string input_of(const store::ModelRecord& model) {
    const auto info = json::parse(model.info, nullptr, false);
    if (!info.is_object()) return "unknown";
    const auto channels = info.value("channels", 0);
    const auto height = info.value("height", 0);
    const auto width = info.value("width", 0);
    return height > 0 ? fmt::format("{} x {} x {}", channels, height, width) : "unknown";
}

/// The images that a model classified: its own where the plan says so. Studies of earlier versions have the
/// study's alone.
void add_data(const store::ModelRecord& record, const store::DatasetRecord& common, Model& model) {
    model.dataset = common.path;
    model.images = common.images;
    const auto info = json::parse(record.info, nullptr, false);
    if (!info.is_object() || !info.contains("data")) return;
    const auto& data = info.at("data");
    model.dataset = data.value("path", model.dataset);
    if (data.contains("images")) model.images = data.at("images").get<std::int64_t>();
}

/// Fills the measures of all parts. Returns the omnibus tests of their metrics.
std::vector<OmnibusTest> measure_parts(const Context& context, const store::ModelRecord& model,
                                       const EnergySource& energy, std::vector<Part>& parts) {
    for (auto& part : parts) part.series = read_series(part.trials, context.blocks, energy, *part.record);
    const Part* baseline = !parts.empty() && parts.front().shown.baseline ? &parts.front() : nullptr;
    for (auto& part : parts) {
        add_repeated(context, energy, baseline, part);
        add_accuracy(model, baseline, part);
        add_evidence_measures(part.shown, baseline ? baseline->shown.evidence : std::nullopt);
        if (baseline != nullptr && !part.shown.baseline && part.shown.status != "failed")
            part.shown.paybacks =
                paybacks(baseline->series, part.series, energy, context.costs, context.analysis.bootstrap);
    }
    auto tests = judge_all(context, parts);
    for (auto& part : parts) add_cost_measures(context.costs, part.shown);
    return tests;
}

}  // namespace

std::string variant_id(const store::StudyRecord& study, const store::VariantRecord& variant) {
    const auto alike = std::count_if(study.variants.begin(), study.variants.end(), [&](const auto& other) {
        return other.model_id == variant.model_id && other.tactic == variant.tactic &&
               other.runtime == variant.runtime;
    });
    if (alike < 2) return store::label(study, variant);
    const auto known = [](int value) { return value > 0 ? std::to_string(value) : std::string("unknown"); };
    return fmt::format("{}, {}, {}, batch {}, {} threads", variant.tactic, variant.runtime, variant.device,
                       known(variant.batch), known(variant.threads));
}

Model build_model(const Context& context, const store::ModelRecord& record) {
    auto parts = make_parts(context, record);
    const auto energy = energy_of(parts);
    Model model;
    model.omnibus = measure_parts(context, record, energy, parts);
    model.name = record.name;
    model.architecture = record.architecture;
    model.origin = record.path;
    model.sha256 = record.sha256;
    add_data(record, context.study.dataset, model);
    model.classes = record.classes;
    model.input = input_of(record);
    model.blocks = context.blocks;
    for (auto& part : parts) model.variants.push_back(std::move(part.shown));
    model.verdict.tier = energy.tier;
    if (energy.known()) model.verdict.source = source_name(energy.meter);
    return model;
}

}  // namespace espalier::report
