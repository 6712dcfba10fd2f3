#include "report/build.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "report/environment.h"
#include "report/method.h"
#include "report/metrics.h"
#include "report/model.h"
#include "store/notes.h"

namespace espalier::report {
namespace {

using nlohmann::json;
using store::TrialState;

json plan_of(const store::StudyRecord& study) {
    auto plan = json::parse(study.plan, nullptr, false);
    if (!plan.is_object())
        fail("the plan of study {} in the store is damaged: it is no JSON object", study.key);
    return plan;
}

Analysis analysis_of(const json& plan, const BuildOptions& options) {
    Analysis analysis;
    analysis.bootstrap.resamples = options.resamples;
    const auto limits = plan.find("limits");
    if (limits == plan.end() || !limits->is_object()) return analysis;
    analysis.max_accuracy_drop = limits->value("max_accuracy_drop", analysis.max_accuracy_drop);
    analysis.min_effect = limits->value("min_effect", analysis.min_effect);
    return analysis;
}

/// The given verdict, with what is known of the energy it rests on.
Verdict verdict_of(const Context& context, const Model& model, store::Id id, const BuildOptions& options) {
    const auto found = options.verdicts.find(id);
    Verdict verdict;
    if (found != options.verdicts.end()) {
        verdict = found->second;
    } else {
        verdict.headline = "No verdict.";
        verdict.because = "The study does not allow one yet.";
    }
    if (!verdict.max_accuracy_drop) verdict.max_accuracy_drop = context.analysis.max_accuracy_drop * 100.0;
    verdict.tier = model.verdict.tier;
    if (!verdict.source) verdict.source = model.verdict.source;
    return verdict;
}

std::string question_of(const store::StudyRecord& study) {
    if (study.models.size() == 1) return "Which tactic should " + study.models[0].name + " ship with?";
    return fmt::format("Which tactic should each of these {} models ship with?", study.models.size());
}

int complete_blocks(const store::StudyRecord& study) {
    std::set<int> open;
    for (const auto& trial : study.trials) {
        if (trial.state == TrialState::kPlanned || trial.state == TrialState::kRunning)
            open.insert(trial.block);
    }
    return study.blocks - static_cast<int>(open.size());
}

Study describe_study(const store::StudyRecord& record, const BuildOptions& options, const Text& machine) {
    Study study;
    study.id = record.key;
    study.question = options.title.value_or(question_of(record));
    study.started = record.created_at;
    study.blocks_planned = record.blocks;
    study.blocks_complete = complete_blocks(record);
    study.trials_planned = static_cast<int>(record.trials.size());
    for (const auto& trial : record.trials) {
        study.trials_done += trial.state == TrialState::kDone;
        study.trials_failed += trial.state == TrialState::kFailed;
        if (study.blocks_complete == study.blocks_planned && !trial.ended_at.empty())
            study.finished = std::max(study.finished.value_or(""), trial.ended_at);
    }
    study.trials_excluded = static_cast<int>(store::excluded_trials(record).size());
    study.machine = machine.value_or("unknown processor");
    study.command = describe_command(record);
    return study;
}

std::vector<int> block_numbers(const store::StudyRecord& study) {
    std::set<int> blocks;
    for (const auto& trial : study.trials) blocks.insert(trial.block);
    return {blocks.begin(), blocks.end()};
}

/// Leaves out the metrics that no variant has: nobody asked for them.
std::vector<Metric> used_metrics(const Report& report, const std::vector<Metric>& metrics) {
    std::vector<Metric> used;
    std::copy_if(metrics.begin(), metrics.end(), std::back_inserter(used), [&](const Metric& metric) {
        return std::any_of(report.models.begin(), report.models.end(), [&](const Model& model) {
            return std::any_of(model.variants.begin(), model.variants.end(), [&](const Variant& variant) {
                return variant.measures.count(metric.key) > 0;
            });
        });
    });
    return used;
}

}  // namespace

Report build_report(const store::StudyRecord& study, const BuildOptions& options) {
    const json plan = plan_of(study);
    const Costs costs = read_costs(plan);
    const Context context{
        study, block_numbers(study),         all_metrics(costs.currency), analysis_of(plan, options),
        costs, store::excluded_trials(study)};
    Report report;
    report.generator = {"espalier", options.version, options.commit};
    report.created = options.created;
    const auto environment = read_environment(study.environment);
    report.environment = environment.facts;
    for (auto& fact : describe_controls(study.controls)) report.environment.push_back(std::move(fact));
    report.study = describe_study(study, options, environment.machine);
    report.method = describe_method(study, context.analysis, environment.meters);
    report.inputs = costs.inputs;
    for (const auto& record : study.models) {
        report.models.push_back(build_model(context, record));
        auto& model = report.models.back();
        model.verdict = verdict_of(context, model, record.id, options);
    }
    report.across = options.across;
    report.metrics = used_metrics(report, context.metrics);
    report.warnings = describe_warnings(study, context.analysis);
    return report;
}

}  // namespace espalier::report
