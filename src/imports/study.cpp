#include "imports/study.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "base/version.h"
#include "lab/plan.h"
#include "lab/protocol.h"
#include "store/notes.h"
#include "store/predictions.h"
#include "store/studies.h"
#include "store/trials.h"

namespace espalier::imports {
namespace {

using nlohmann::json;

template <typename Text>
void add_once(std::vector<std::string>& texts, const Text& text) {
    if (std::find(texts.begin(), texts.end(), text) == texts.end()) texts.emplace_back(text);
}

/// What is known of the design; what is not stays at 0, which means unknown.
lab::Plan plan_of(const Measurements& measurements, int blocks) {
    lab::Plan plan;
    for (const auto& variant : measurements.variants) {
        add_once(plan.models, variant.model);
        add_once(plan.tactics, variant.tactic);
    }
    plan.data = measurements.data;
    plan.runtimes = {"unknown"};
    plan.blocks = blocks;
    plan.images = static_cast<int>(measurements.images.size());
    plan.batch = 0;
    plan.threads = 0;
    plan.seed = 0;
    return plan;
}

/// Meters in the form in which the environment of our own studies lists them.
json meters_of(const Measurements& measurements) {
    json meters = json::array();
    std::set<std::pair<std::string, std::string>> seen;
    for (const auto& repetition : measurements.repetitions) {
        for (const auto& energy : repetition.energies) {
            const auto& record = energy.record;
            if (!seen.insert({record.meter, record.scope}).second) continue;
            meters.push_back(
                {{"name", record.meter},
                 {"tier", record.tier},
                 {"source", measurements.format + " file"},
                 {"scope", record.scope},
                 {"refresh_period_s", energy.refresh_s ? json(*energy.refresh_s) : json(nullptr)},
                 {"notes", json::array({"read by another program; its sampling period is unknown"})}});
        }
    }
    return meters;
}

std::string environment_of(const Measurements& measurements) {
    json environment = json::parse(measurements.environment, nullptr, false);
    if (!environment.is_object()) environment = json::object();
    environment["meters"] = meters_of(measurements);
    return environment.dump(-1, ' ', false, json::error_handler_t::replace);
}

void add_models_and_variants(const Measurements& measurements, store::StudyRecord& study) {
    std::map<std::string, store::Id> models;
    for (const auto& variant : measurements.variants) {
        const auto [model, added] =
            models.try_emplace(variant.model, static_cast<store::Id>(study.models.size()));
        if (added) {
            store::ModelRecord record;
            record.name = variant.model;
            record.path = "unknown";
            record.architecture = "unknown";
            record.classes = variant.classes;
            record.info = "{}";
            study.models.push_back(std::move(record));
        }
        store::VariantRecord record;
        record.model_id = model->second;
        record.tactic = variant.tactic;
        record.runtime = variant.runtime;
        record.device = variant.device;
        record.batch = variant.batch;
        record.threads = variant.threads;
        record.is_baseline = variant.tactic == "baseline";
        record.prediction = variant.prediction;
        study.variants.push_back(std::move(record));
    }
}

store::TrialRecord trial_of(const Repetition& repetition, int position) {
    store::PhaseRecord window;
    window.name = lab::phase::kMeasure;
    window.end_s = repetition.duration_s.value_or(0.0);
    window.images = repetition.images;
    window.latency_s = repetition.latency_s;
    // One time of a whole run is known as the mean of its images, and nothing of their scatter.
    if (repetition.copied_time && repetition.images > 0)
        window.latency_s = {
            static_cast<float>(*repetition.duration_s / static_cast<double>(repetition.images))};
    window.calls = static_cast<std::int64_t>(window.latency_s.size());
    for (const auto& energy : repetition.energies) window.energies.push_back(energy.record);
    window.readings = repetition.readings;
    store::TrialRecord trial;
    trial.variant_id = static_cast<store::Id>(repetition.variant);
    trial.block = repetition.number;
    trial.position = position;
    trial.phases.push_back(std::move(window));
    return trial;
}

std::vector<store::NoteRecord> notes_of(const Measurements& measurements,
                                        const std::vector<Artefact>& artefacts, const std::string& now) {
    std::vector<store::NoteRecord> notes;
    notes.push_back(
        {0, "imported",
         "measured elsewhere and imported: nothing is known of the order of the runs, so repetitions are "
         "paired by their number, and there is no evidence that a tactic happened",
         now});
    for (const auto& text : measurements.notes) notes.push_back({0, "import", text, now});
    if (artefacts.empty()) return notes;
    std::vector<std::string> codes;
    for (const auto& artefact : artefacts) add_once(codes, artefact.kind->code);
    notes.push_back({0, "audit",
                     fmt::format("the audit found {} artefact{} ({}); espalier audit tells where",
                                 artefacts.size(), artefacts.size() == 1 ? "" : "s", fmt::join(codes, ", ")),
                     now});
    return notes;
}

/// Files of the import that the store has already.
void refuse_known(store::Studies& studies, const store::ImportRecord& import) {
    for (const auto& file : import.files) {
        if (const auto known = studies.find_import(file.sha256)) {
            fail_usage("{} was imported before, as study {}; --again imports it once more", file.path,
                       studies.read(*known).key);
        }
    }
}

}  // namespace

store::StudyRecord study_of(const Measurements& measurements, const std::vector<Artefact>& artefacts,
                            const ImportOptions& options, const std::string& now) {
    store::StudyRecord study;
    std::map<int, int> positions;
    for (const auto& repetition : measurements.repetitions)
        study.trials.push_back(trial_of(repetition, positions[repetition.number]++));
    std::sort(study.trials.begin(), study.trials.end(), [](const auto& a, const auto& b) {
        return std::pair(a.block, a.position) < std::pair(b.block, b.position);
    });
    study.blocks = static_cast<int>(positions.size());
    study.imported = store::ImportRecord{options.name, measurements.format, measurements.files};
    if (options.name.empty())
        study.imported->name = std::filesystem::path(measurements.files.front().path).filename().string();
    study.plan = lab::to_json(plan_of(measurements, study.blocks))
                     .dump(-1, ' ', false, json::error_handler_t::replace);
    std::string identity = study.plan;
    for (const auto& file : measurements.files) identity += file.sha256;
    study.plan_hash = sha256(identity);
    study.tool_version = kVersion;
    study.created_at = now;
    study.environment = environment_of(measurements);
    study.dataset = {measurements.data, "imported", "", static_cast<std::int64_t>(measurements.images.size()),
                     measurements.images};
    add_models_and_variants(measurements, study);
    study.notes = notes_of(measurements, artefacts, now);
    return study;
}

void write_study(store::Database& database, store::StudyRecord& study, bool again) {
    if (!study.imported) fail("only a study that was imported is written at once");
    store::Studies studies(database);
    database.transaction([&] {
        if (!again) refuse_known(studies, *study.imported);
        const auto known = studies.find_plan(study.plan_hash);
        study.repeat = known ? studies.read(*known).repeat + 1 : 0;
        studies.add(study);
        store::Trials trials(database);
        store::Predictions predictions(database);
        std::map<store::Id, store::Id> first_trials;
        for (const auto& trial : study.trials) {
            // When it ran is not known: the time of the import is that of the study, not of a trial.
            trials.finish(trial, "");
            first_trials.try_emplace(trial.variant_id, trial.id);
        }
        for (const auto& variant : study.variants) {
            const auto trial = first_trials.find(variant.id);
            if (variant.prediction && trial != first_trials.end())
                predictions.add(variant.id, trial->second, *variant.prediction);
        }
        for (const auto& note : study.notes) store::Notes(database).add(study.id, note);
    });
}

}  // namespace espalier::imports
