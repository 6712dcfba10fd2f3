#include "report/method.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "statistics/summary.h"
#include "store/notes.h"
#include "store/totals.h"

namespace espalier::report {
namespace {

using nlohmann::json;

struct Step {
    const char* phase;
    const char* description;
};

constexpr std::array kSteps = {
    Step{"idle", "the meters at rest, once the processor is as cool as at the first trial"},
    Step{"load", "read the model and check it"},
    Step{"optimize", "apply the tactic, measured apart"},
    Step{"warm-up", "run until the calls are steady"},
    Step{"measure", "run the images; the counters are read at the edges"},
    Step{"accuracy", "classify the images that are left"},
    Step{"unload", "free the model, record, leave"},
    Step{"idle-after", "the meters at rest again; net energy needs both"},
};

constexpr const char* kDesign =
    "Randomized complete blocks: every variant once in each block, in seeded random order, each trial in a "
    "process of its own.";

struct Source {
    const char* meter;
    const char* words;
};

constexpr std::array kSources = {
    Source{"powercap", "RAPL energy counters (powercap)"},
    Source{"nvml-energy", "GPU energy counter (NVML)"},
    Source{"nvml-power", "GPU power sensor (NVML), integrated"},
    Source{"shelly1-power", "Shelly plug at the outlet, power integrated"},
    Source{"shelly1-energy", "Shelly plug at the outlet, energy register"},
    Source{"shelly2-power", "Shelly plug at the outlet, power integrated"},
    Source{"shelly2-energy", "Shelly plug at the outlet, energy register"},
    Source{"tasmota-power", "Tasmota plug at the outlet, power integrated"},
    Source{"tasmota-energy", "Tasmota plug at the outlet, energy register"},
    Source{"netio-power", "NETIO socket at the outlet, power integrated"},
    Source{"netio-energy", "NETIO socket at the outlet, energy register"},
    Source{"redfish-power", "management controller (Redfish), power integrated"},
    Source{"redfish-energy", "management controller (Redfish), energy register"},
    Source{"ptdaemon", "power analyser at the outlet (PTDaemon), power integrated"},
    Source{"command", "a program of the user's"},
    Source{"estimate", "a model: thermal design power and the load of the machine"},
    Source{"fake", "an invented trace, for tests"},
};

/// What takes the place of the design of a study that was made elsewhere.
std::string describe_import(const store::ImportRecord& import) {
    std::string text = fmt::format(
        "Measured elsewhere and imported ({}): its design, the order of its runs and its protocol are not "
        "known. Repetitions are paired by their number.",
        import.format);
    for (const auto& file : import.files) text += fmt::format(" {}, SHA-256 {}.", file.path, file.sha256);
    return text;
}

bool done(const store::TrialRecord& trial) { return trial.state == store::TrialState::kDone; }

Number median_length(const store::StudyRecord& study, const char* phase) {
    std::vector<double> lengths;
    for (const auto& trial : study.trials) {
        const auto* found = done(trial) ? store::find_phase(trial, phase) : nullptr;
        if (found != nullptr) lengths.push_back(found->duration_s());
    }
    return lengths.empty() ? Number() : Number(statistics::median(lengths));
}

/// The device that executes a trial's variant.
std::string device_of(const store::StudyRecord& study, const store::TrialRecord& trial) {
    for (const auto& variant : study.variants) {
        if (variant.id == trial.variant_id) return variant.device;
    }
    return "cpu";
}

/// Which energies of a study are meant.
enum class Energies { kAll, kOfTheExecutingDevice };

std::vector<Meter> meters_of(const store::StudyRecord& study, Energies which) {
    std::vector<Meter> meters;
    std::set<std::tuple<std::string, std::string>> seen;
    for (const auto& trial : study.trials) {
        const auto* phase = done(trial) ? store::find_phase(trial, "measure") : nullptr;
        if (phase == nullptr) continue;
        const auto totals = which == Energies::kAll ? store::energy_totals(*phase)
                                                    : store::energy_totals(*phase, device_of(study, trial));
        for (const auto& total : totals) {
            if (!seen.insert({total.meter, total.scope}).second) continue;
            Meter meter{total.meter, total.tier, source_name(total.meter), total.scope, {}, {}};
            if (total.tier == "E") {
                meter.note = fmt::format(
                    "The true value lies between {:.2g} and {:.2g} times the estimate. Its ranking equals "
                    "the ranking by CPU time, so it is never tested as energy.",
                    total.factor_low, total.factor_high);
            }
            meters.push_back(meter);
        }
    }
    return meters;
}

std::vector<std::string> statistics_text(const Analysis& analysis) {
    return {
        "The block is the unit: n is the number of blocks, never of images. A value is the median over "
        "blocks with a 95 % bootstrap interval (percentile, 10 000 resamples of whole blocks).",
        fmt::format(
            "Variants are compared with the baseline block by block: ratio of medians with a bootstrap "
            "interval, exact signed-rank test, p-values adjusted by Holm over the tactics of a model and "
            "never smaller than that of Friedman's test, which asks before whether baseline and tactics "
            "differ at all. Better or worse needs p < 0.05, an interval without 1, and a change of at least "
            "{:g} %. With fewer than {} blocks nothing is tested.",
            analysis.min_effect * 100.0, analysis.blocks_for_tests),
        fmt::format(
            "No difference is a claim of its own: two one-sided signed-rank tests must both show, after "
            "Holm, that the typical ratio lies within {:g} % of 1. Where neither is shown the comparison is "
            "inconclusive.",
            analysis.min_effect * 100.0),
        "Effects are described by Cliff's delta (-1: every run of the tactic is lower; negligible below "
        "0.147, small below 0.33, medium below 0.474) with Newcombe's interval, by A12 = (delta + 1) / 2, "
        "and by the typical ratio within a block (Hodges-Lehmann of the logarithms) with a BCa interval. "
        "Shapiro-Wilk's p-value of the log ratios is reported; no method here needs it.",
        fmt::format(
            "Groups are those of Scott-Knott ESD by ranks: neighbours are parted where Friedman's test (of "
            "two, the signed-rank test) shows a difference at 5 %, a pair's delta is not negligible, and it "
            "differs by at least {:g} %.",
            analysis.min_effect * 100.0),
        "u is the standard uncertainty of a measured energy as the GUM combines it: the scatter of the "
        "blocks (type A, s / sqrt n) and the meter's budget of refresh, resolution and averaging (type B), "
        "the latter kept whole. In the ratio of two variants what they have of one meter's error cancels. An "
        "estimate (tier E) has the factor of its model instead.",
        "A trial is left out of every number only for a cause that the plan names before anything is "
        "measured; it stays in the store, and the number left out is shown by variant. No value is left out "
        "for being strange.",
        fmt::format(
            "Accuracy is compared image by image: exact McNemar test and Newcombe's interval of the "
            "paired difference. It is not worse when that interval stays above the limit of -{:g} pt.",
            analysis.max_accuracy_drop * 100.0),
    };
}

std::string joined(const json& texts) {
    std::string all;
    for (const auto& text : texts) all += (all.empty() ? "" : ",") + text.get<std::string>();
    return all;
}

int count(const store::StudyRecord& study, store::TrialState state) {
    return static_cast<int>(std::count_if(study.trials.begin(), study.trials.end(),
                                          [&](const auto& trial) { return trial.state == state; }));
}

std::string sentence(std::string text) {
    if (text.empty()) return text;
    if (text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
    return text.back() == '.' ? text : text + ".";
}

/// Notes on the study one by one; notes on trials that have the same code once, with their number. That
/// energy is not measured is told by the warnings themselves, and what is no weakness is a note.
void add_notes(const store::StudyRecord& study, std::vector<Warning>& warnings) {
    std::map<std::string, std::vector<const store::NoteRecord*>> of_trials;
    for (const auto& note : study.notes) {
        if (note.trial_id != 0)
            of_trials[note.code].push_back(&note);
        else if (note.code != "no-energy-meter")
            warnings.push_back({store::weakens(note) ? "warning" : "note", sentence(note.text), {}});
    }
    for (const auto& [code, notes] : of_trials) {
        const auto& text = notes.front()->text;
        std::set<store::Id> trials;  // several meters may have noted the same of one
        for (const auto* note : notes) trials.insert(note->trial_id);
        warnings.push_back(
            {"warning",
             sentence(trials.size() == 1 ? fmt::format("One trial: {}", text)
                                         : fmt::format("{} trials, the first: {}", trials.size(), text)),
             {}});
    }
}

bool estimated(const std::vector<Meter>& meters) {
    return !meters.empty() &&
           std::all_of(meters.begin(), meters.end(), [](const Meter& meter) { return meter.tier == "E"; });
}

}  // namespace

std::string source_name(const std::string& meter) {
    for (const auto& source : kSources) {
        if (meter == source.meter) return source.words;
    }
    return meter;
}

Method describe_method(const store::StudyRecord& study, const Analysis& analysis,
                       const std::vector<Meter>& described) {
    Method method;
    method.design = study.imported ? describe_import(*study.imported) : kDesign;
    method.seed = study.seed;
    method.blocks = study.blocks;
    method.images_per_trial = study.dataset.images;
    for (const auto& step : kSteps) {
        const auto seconds = median_length(study, step.phase);
        if (seconds) method.steps.push_back({step.phase, step.description, seconds});
    }
    method.meters = described.empty() ? meters_of(study, Energies::kAll) : described;
    method.statistics = statistics_text(analysis);
    return method;
}

std::vector<Warning> describe_warnings(const store::StudyRecord& study, const Analysis& analysis) {
    std::vector<Warning> warnings;
    const int finished = count(study, store::TrialState::kDone);
    const int failed = count(study, store::TrialState::kFailed);
    const auto total = static_cast<int>(study.trials.size());
    if (finished + failed < total) {
        warnings.push_back({"warning",
                            fmt::format("The study is not finished: {} of {} trials are recorded.",
                                        finished + failed, total),
                            "The same espalier run command continues it."});
    }
    if (failed > 0)
        warnings.push_back({"warning", fmt::format("{} of {} trials failed.", failed, total), {}});
    if (static_cast<std::size_t>(study.blocks) < analysis.blocks_for_tests) {
        warnings.push_back({"warning",
                            fmt::format("{} block{}: intervals are shown, times and energies are not tested.",
                                        study.blocks, study.blocks == 1 ? "" : "s"),
                            fmt::format("Tests need {} blocks.", analysis.blocks_for_tests)});
    }
    const auto energy = meters_of(study, Energies::kOfTheExecutingDevice);
    const Text doctor =
        study.imported ? Text() : Text("espalier doctor says what this machine could measure.");
    if (finished > 0 && energy.empty()) {
        warnings.push_back({"warning",
                            "No energy of what executes the variants was recorded: time is compared instead.",
                            doctor});
    }
    if (estimated(energy)) {
        warnings.push_back(
            {"warning",
             "No energy counter could be read: energy is estimated (tier E). Its ranking equals "
             "the ranking by CPU time, and it is never tested as energy.",
             doctor});
    }
    add_notes(study, warnings);
    return warnings;
}

Text describe_command(const store::StudyRecord& study) {
    if (study.imported) {
        std::string command = "espalier import";
        for (const auto& file : study.imported->files) command += " " + file.path;
        return command;
    }
    const auto plan = json::parse(study.plan, nullptr, false);
    try {
        std::string command = "espalier run";
        for (const auto& model : plan.at("models")) command += " --model " + model.get<std::string>();
        return command +
               fmt::format(
                   " --data {} --tactics {} --blocks {} --images {} --batch {} --threads {} --seed {}",
                   plan.at("data").get<std::string>(), joined(plan.at("tactics")),
                   plan.at("blocks").get<int>(), plan.at("images").get<int>(), plan.at("batch").get<int>(),
                   plan.at("threads").get<int>(), study.seed);
    } catch (const json::exception&) {
        return {};
    }
}

}  // namespace espalier::report
