#include "lab/side_by_side.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "lab/accuracy.h"
#include "lab/measures.h"
#include "lab/numbers.h"
#include "statistics/effect_size.h"
#include "store/labels.h"

namespace espalier::lab {
namespace {

using nlohmann::json;

std::vector<const store::TrialRecord*> trials_of(const store::StudyRecord& study, store::Id variant) {
    std::vector<const store::TrialRecord*> trials;
    for (const auto& trial : study.trials) {
        if (trial.variant_id == variant) trials.push_back(&trial);
    }
    return trials;
}

/// The baseline of the column's model in its study, or null.
const store::VariantRecord* baseline_of(const Column& column) {
    for (const auto& variant : column.study->variants) {
        if (variant.model_id == column.variant->model_id && variant.is_baseline) return &variant;
    }
    return nullptr;
}

const store::ModelRecord* model_of(const Column& column) {
    for (const auto& model : column.study->models) {
        if (model.id == column.variant->model_id) return &model;
    }
    return nullptr;
}

std::string machine_of(const Column& column) {
    const json environment = json::parse(column.study->environment, nullptr, false);
    if (!environment.is_object()) return "";
    const auto cpu = environment.find("cpu");
    return cpu != environment.end() && cpu->is_string() ? cpu->get<std::string>() : "";
}

/// Everything that is read once per column.
struct Digest {
    Column column;
    EnergySource source;
    Measures measures;
    Measures baseline;  ///< of the same model and study, by the same meter; empty where there is none
    json evidence;
    std::string machine;
    const store::ModelRecord* model = nullptr;
};

Digest digest(const Column& column) {
    Digest result{.column = column};
    const auto trials = trials_of(*column.study, column.variant->id);
    result.source = choose_energy_source(trials, column.variant->device);
    result.measures = read_measures(trials, column.variant->batch, result.source);
    if (const auto* baseline = baseline_of(column)) {
        result.baseline =
            read_measures(trials_of(*column.study, baseline->id), baseline->batch, result.source);
    }
    for (const auto* trial : trials) {
        if (result.evidence.is_null() && !trial->evidence.empty()) {
            result.evidence = json::parse(trial->evidence, nullptr, false);
        }
    }
    result.machine = machine_of(column);
    result.model = model_of(column);
    return result;
}

Fact text(std::string value) { return {std::move(value), std::nullopt}; }

Fact count(double value) { return {grouped(value), value}; }

/// Of a number of which 0 means that it is unknown.
Fact known_count(int value) { return value > 0 ? count(value) : Fact{}; }

Fact quantity(const std::optional<double>& value, const std::string& unit, int digits = 3) {
    return value ? Fact{with_prefix(*value, unit, digits), value} : Fact{};
}

Fact energy_fact(const Digest& one) {
    const auto value = median_of(one.measures.energy_j);
    if (!value) return {};
    // An estimate is known to a factor only; more digits would pretend otherwise.
    const bool estimate = !one.source.counts();
    return {fmt::format("{}{} (tier {})", estimate ? "about " : "",
                        with_prefix(*value, "J", estimate ? 2 : 3), one.source.tier),
            value};
}

Fact top(const Digest& one, int places) {
    const auto& prediction = one.column.variant->prediction;
    const auto share = prediction ? accuracy(*prediction, places) : std::nullopt;
    return share ? Fact{fmt::format("{:.2f} %", share->value * 100.0), share->value} : Fact{};
}

Fact evidence(const Digest& one, const char* key, bool in_bytes) {
    if (!one.evidence.is_object() || !one.evidence.contains(key) || !one.evidence[key].is_number()) return {};
    const double value = one.evidence[key].get<double>();
    return in_bytes ? Fact{bytes(value), value} : count(value);
}

using Values = std::vector<statistics::BlockValue> Measures::*;

/// Unknown for fewer than two blocks: of one run against another any difference is the largest there is.
bool has_effect(const Digest& one, Values values) {
    return (one.baseline.*values).size() > 1 && (one.measures.*values).size() > 1;
}

Fact delta(const Digest& one, Values values) {
    if (!has_effect(one, values)) return {};
    const double delta = statistics::cliffs_delta(statistics::Repetitions(one.measures.*values),
                                                  statistics::Repetitions(one.baseline.*values));
    return {fmt::format("{:+.2f} ({})", delta, statistics::magnitude(delta)), delta};
}

Fact a12(const Digest& one, Values values) {
    if (!has_effect(one, values)) return {};
    const double share = statistics::a12(statistics::Repetitions(one.measures.*values),
                                         statistics::Repetitions(one.baseline.*values));
    return {fmt::format("{:.2f}", share), share};
}

struct Reader {
    const char* key;
    const char* name;
    Fact (*read)(const Digest& one);
};

// clang-format off
constexpr Reader kReaders[] = {
    {"model", "model", [](const Digest& one) { return text(one.model ? one.model->name : ""); }},
    {"model_sha256", "model content", [](const Digest& one) { return text(one.model ? one.model->sha256.substr(0, 12) : ""); }},
    {"tactic", "tactic", [](const Digest& one) { return text(one.column.variant->tactic); }},
    {"runtime", "runtime", [](const Digest& one) { return text(one.column.variant->runtime); }},
    {"batch", "batch", [](const Digest& one) { return known_count(one.column.variant->batch); }},
    {"threads", "threads", [](const Digest& one) { return known_count(one.column.variant->threads); }},
    {"images", "images", [](const Digest& one) { return count(static_cast<double>(one.column.study->dataset.images)); }},
    {"data_sha256", "images' content", [](const Digest& one) { return text(one.column.study->dataset.sha256.substr(0, 12)); }},
    {"machine", "processor", [](const Digest& one) { return text(one.machine); }},
    {"tool_version", "espalier", [](const Digest& one) { return text(one.column.study->tool_version); }},
    {"trials_done", "trials done", [](const Digest& one) { return count(one.measures.done); }},
    {"trials_failed", "trials failed", [](const Digest& one) { return count(one.measures.failed); }},
    {"energy_j_per_image", "energy per image", energy_fact},
    {"time_s_per_image", "time per image", [](const Digest& one) { return quantity(median_of(one.measures.time_s), "s"); }},
    {"p95_time_s_per_image", "p95 time", [](const Digest& one) { return quantity(median_of(one.measures.p95_s), "s"); }},
    {"cpu_s_per_image", "CPU time per image", [](const Digest& one) { return quantity(median_of(one.measures.cpu_s), "s"); }},
    {"energy_cliffs_delta", "Cliff's delta, energy", [](const Digest& one) { return one.source.counts() ? delta(one, &Measures::energy_j) : Fact{}; }},
    {"energy_a12", "A12, energy", [](const Digest& one) { return one.source.counts() ? a12(one, &Measures::energy_j) : Fact{}; }},
    {"time_cliffs_delta", "Cliff's delta, time", [](const Digest& one) { return delta(one, &Measures::time_s); }},
    {"time_a12", "A12, time", [](const Digest& one) { return a12(one, &Measures::time_s); }},
    {"top1", "top-1", [](const Digest& one) { return top(one, 1); }},
    {"top5", "top-5", [](const Digest& one) { return top(one, 5); }},
    {"optimize_s", "optimization time", [](const Digest& one) { return quantity(median_of(one.measures.optimize_s), "s"); }},
    {"weight_bytes", "weights in memory", [](const Digest& one) { return evidence(one, "weight_bytes", true); }},
    {"disk_bytes", "weights on disk", [](const Digest& one) { return evidence(one, "disk_bytes", true); }},
    {"nonzero_parameters", "non-zero weights", [](const Digest& one) { return evidence(one, "nonzero_parameters", false); }},
    {"macs", "MACs per image", [](const Digest& one) { return evidence(one, "macs", false); }},
    {"nodes_after", "nodes", [](const Digest& one) { return evidence(one, "nodes_after", false); }},
};
// clang-format on

/// What tells a column from the others: study and model only where they differ.
std::string label(const Digest& one, const std::vector<Column>& columns) {
    const auto& first = columns.front();
    const bool studies = std::any_of(columns.begin(), columns.end(),
                                     [&](const Column& column) { return column.study != first.study; });
    const bool models = std::any_of(columns.begin(), columns.end(), [&](const Column& column) {
        return column.variant->model_id != first.variant->model_id;
    });
    std::string text;
    if (studies) text += one.column.study->key.substr(0, 4) + " ";
    if (models || studies) text += (one.model ? one.model->name : "") + " ";
    return text + store::label(*one.column.study, *one.column.variant);
}

std::vector<std::string> cautions(const std::vector<Digest>& digests) {
    std::set<std::string> machines, versions, data, tiers;
    for (const auto& one : digests) {
        machines.insert(one.machine);
        versions.insert(one.column.study->tool_version);
        data.insert(one.column.study->dataset.sha256);
        tiers.insert(one.source.tier);
    }
    std::vector<std::string> found;
    if (machines.size() > 1)
        found.push_back("the studies ran on different processors: times and energies do not compare");
    if (versions.size() > 1) found.push_back("the studies were made by different versions of espalier");
    if (data.size() > 1) found.push_back("the studies used different images: accuracies do not compare");
    if (tiers.size() > 1) found.push_back("energies come from meters of different tiers and do not compare");
    return found;
}

}  // namespace

bool Row::differs() const {
    return std::any_of(facts.begin(), facts.end(), [&](const Fact& fact) {
        return fact.text != facts.front().text || fact.value != facts.front().value;
    });
}

SideBySide put_side_by_side(const std::vector<Column>& columns) {
    SideBySide result;
    if (columns.empty()) return result;
    std::vector<Digest> digests;
    for (const auto& column : columns) digests.push_back(digest(column));
    for (const auto& one : digests) result.columns.push_back(label(one, columns));
    for (const auto& reader : kReaders) {
        Row row{.key = reader.key, .name = reader.name};
        for (const auto& one : digests) row.facts.push_back(reader.read(one));
        result.rows.push_back(std::move(row));
    }
    result.cautions = cautions(digests);
    return result;
}

std::vector<const Row*> shown_rows(const SideBySide& comparison, bool all) {
    std::vector<const Row*> rows;
    for (const auto& row : comparison.rows) {
        if (all || row.differs()) rows.push_back(&row);
    }
    return rows;
}

json to_json(const SideBySide& comparison, bool all) {
    json rows = json::array();
    for (const auto* row : shown_rows(comparison, all)) {
        json values = json::array();
        for (const auto& fact : row->facts) {
            values.push_back(fact.value          ? json(*fact.value)
                             : fact.text.empty() ? json(nullptr)
                                                 : json(fact.text));
        }
        rows.push_back({{"key", row->key}, {"name", row->name}, {"values", values}});
    }
    return {{"schema", "espalier.compare/1"},
            {"columns", comparison.columns},
            {"rows", rows},
            {"cautions", comparison.cautions}};
}

}  // namespace espalier::lab
