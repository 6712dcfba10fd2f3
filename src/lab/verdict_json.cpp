#include <cmath>
#include <nlohmann/json.hpp>

#include "lab/verdict.h"
#include "statistics/effect_size.h"

namespace espalier::lab {
namespace {

using nlohmann::json;

json finite(double value) { return std::isfinite(value) ? json(value) : json(nullptr); }

json interval_json(const statistics::Interval& interval) {
    return {finite(interval.low), finite(interval.high)};
}

json number(const std::optional<double>& value) { return value ? finite(*value) : json(nullptr); }

/// An interval of treated / baseline as changes.
json change_interval(const statistics::Interval& interval) {
    return {finite(interval.low - 1.0), finite(interval.high - 1.0)};
}

json effect_json(const EffectSize& effect) {
    return {
        {"cliffs_delta", effect.delta},
        {"cliffs_delta_ci95", interval_json(effect.delta_interval)},
        {"a12", effect.a12},
        {"a12_ci95", interval_json(effect.a12_interval)},
        {"magnitude", statistics::magnitude(effect.delta)},
        {"typical_change_ratio", effect.typical.value - 1.0},
        {"typical_ci95", change_interval(effect.typical.interval)},
        {"typical_ci_method", statistics::name(effect.typical.method)},
        {"typical_ci_exact", effect.typical_exact ? change_interval(*effect.typical_exact) : json(nullptr)},
        {"typical_ci_exact_level", effect.typical_exact ? json(effect.typical_exact->level) : json(nullptr)}};
}

/// The mean of the blocks with what the GUM makes of its uncertainty, all in J per image.
json uncertainty_json(const std::optional<EnergyUncertainty>& uncertainty) {
    if (!uncertainty) return nullptr;
    json components = json::array();
    for (const auto& source : uncertainty->figure.sources) {
        components.push_back({{"component", source.component},
                              {"standard_j", source.standard},
                              {"degrees_of_freedom", finite(source.degrees_of_freedom)},
                              {"common", source.common}});
    }
    const auto& combined = uncertainty->combined;
    return {{"mean_j", uncertainty->figure.value},
            {"standard_j", combined.standard},
            {"degrees_of_freedom", finite(combined.degrees_of_freedom)},
            {"coverage_factor", combined.coverage_factor},
            {"expanded95_j", combined.expanded},
            {"components", components}};
}

json contests_json(const ModelVerdict& model) {
    json tests = json::object();
    for (const auto& [quantity, contest] : model.contests) tests[quantity] = omnibus_json(contest.omnibus);
    return tests;
}

/// A comparison with the unit in its keys, e.g. "baseline_j".
json comparison_json(const std::optional<Comparison>& comparison, const std::string& unit) {
    if (!comparison) return nullptr;
    return {{"baseline_" + unit, comparison->baseline},
            {"value_" + unit, comparison->treated},
            {"change_ratio", comparison->ratio - 1.0},
            {"ci95", {comparison->interval.low - 1.0, comparison->interval.high - 1.0}},
            {"blocks", comparison->blocks},
            {"p_value", number(comparison->p_value)},
            {"shown", comparison->shown()},
            {"equivalence_p", number(comparison->equivalence_p)},
            {"equivalent", comparison->equivalent()},
            {"normality_p", number(comparison->normality_p)},
            {"detectable_saving", number(comparison->detectable)},
            {"effect", effect_json(comparison->effect)}};
}

const char* accuracy_word(AccuracyVerdict verdict) {
    switch (verdict) {
        case AccuracyVerdict::kNotWorse:
            return "not-worse";
        case AccuracyVerdict::kNotShown:
            return "not-shown";
        case AccuracyVerdict::kWorse:
            return "worse";
    }
    return "";
}

json accuracy_json(const std::optional<AccuracyComparison>& accuracy) {
    if (!accuracy) return nullptr;
    return {{"baseline", accuracy->baseline},
            {"value", accuracy->treated},
            {"change_points", accuracy->difference * 100.0},
            {"ci95", {accuracy->interval.low * 100.0, accuracy->interval.high * 100.0}},
            {"limit_points", -accuracy->limit * 100.0},
            {"p_value", accuracy->p_value},
            {"verdict", accuracy_word(accuracy->verdict)},
            {"images", accuracy->outcomes.images()},
            {"equal_predictions", accuracy->equal_predictions},
            {"images_needed", accuracy->images_needed ? json(*accuracy->images_needed) : json(nullptr)}};
}

const char* state_word(statistics::BreakEvenState state) {
    switch (state) {
        case statistics::BreakEvenState::kShown:
            return "shown";
        case statistics::BreakEvenState::kNotShown:
            return "not-shown";
        case statistics::BreakEvenState::kNever:
            return "never";
        case statistics::BreakEvenState::kImmediate:
            return "immediate";
    }
    return "";
}

json payback_json(const Payback& payback) {
    const auto& result = payback.break_even;
    const bool shown = result.state == statistics::BreakEvenState::kShown;
    return {{"currency", payback.currency},
            {"unit", payback.unit},
            {"cost", result.cost},
            {"saving_per_image", result.saving.value},
            {"saving_ci95", interval_json(result.saving.interval)},
            {"state", state_word(result.state)},
            {"images", shown ? json(result.images) : json(nullptr)},
            {"images_ci95", shown ? interval_json(result.interval) : json(nullptr)},
            {"days", payback.days ? json(*payback.days) : json(nullptr)},
            {"basis", payback.basis}};
}

json estimate_json(const std::optional<double>& joules, const EnergySource& source) {
    if (!joules) return nullptr;
    return {{"estimate_j", *joules}, {"factor_low", source.factor_low}, {"factor_high", source.factor_high}};
}

json variant_json(const VariantFindings& variant, const EnergySource& source) {
    json paybacks = json::array();
    for (const auto& payback : variant.paybacks) paybacks.push_back(payback_json(payback));
    return {{"tactic", variant.tactic},
            {"trials_done", variant.done},
            {"trials_failed", variant.failed},
            {"trials_excluded", variant.excluded},
            {"energy", comparison_json(variant.energy, "j_per_image")},
            {"energy_uncertainty_per_image", uncertainty_json(variant.uncertainty)},
            {"energy_change_standard_uncertainty",
             variant.ratio_uncertainty ? json(variant.ratio_uncertainty->standard) : json(nullptr)},
            {"energy_estimate_per_image", estimate_json(variant.estimate_j, source)},
            {"time", comparison_json(variant.time, "s_per_image")},
            {"p95_time", comparison_json(variant.p95, "s_per_image")},
            {"cpu_time", comparison_json(variant.cpu, "s_per_image")},
            {"top1", accuracy_json(variant.accuracy)},
            {"payback", paybacks},
            {"happened", variant.happened},
            {"rejected", variant.rejected.empty() ? json(nullptr) : json(variant.rejected)}};
}

json model_json(const ModelVerdict& model) {
    json variants = json::array();
    for (const auto& variant : model.variants) variants.push_back(variant_json(variant, model.source));
    return {{"model", model.model},
            {"decision", name(model.decision)},
            {"recommendation", model.recommendation},
            {"because", model.because},
            {"primary", model.by_energy ? "energy" : "time"},
            {"energy_source",
             {{"meter", model.source.meter},
              {"tier", model.source.tier},
              {"scope", model.source.scope},
              {"measured", model.source.counts()}}},
            {"baseline_trials_excluded", model.baseline_excluded},
            {"baseline_top1", model.baseline_top1 ? json(model.baseline_top1->value) : json(nullptr)},
            {"baseline_top1_ci95",
             model.baseline_top1 ? interval_json(model.baseline_top1->interval) : json(nullptr)},
            {"baseline_energy_uncertainty_per_image", uncertainty_json(model.baseline_uncertainty)},
            {"baseline_energy_estimate_per_image", estimate_json(model.baseline_estimate_j, model.source)},
            {"omnibus", contests_json(model)},
            {"ranking", ranking_json(model.contest().ranking)},
            {"variants", variants},
            {"cautions", model.cautions}};
}

}  // namespace

json to_json(const StudyVerdict& verdict) {
    json models = json::array();
    for (const auto& model : verdict.models) models.push_back(model_json(model));
    json document = {{"schema", "espalier.verdict/1"},
                     {"study", verdict.study},
                     {"complete", verdict.complete},
                     {"conditions",
                      {{"batch", verdict.batch > 0 ? json(verdict.batch) : json(nullptr)},
                       {"threads", verdict.threads > 0 ? json(verdict.threads) : json(nullptr)},
                       {"blocks", verdict.blocks},
                       {"images", verdict.images},
                       {"max_accuracy_drop_points", verdict.limits.max_accuracy_drop * 100.0},
                       {"min_effect", verdict.limits.min_effect}}},
                     {"models", models},
                     {"imported", verdict.imported ? json(verdict.imported->name) : json(nullptr)},
                     {"across_models", verdict.across ? to_json(*verdict.across) : json(nullptr)}};
    // A study of one model is answered at the top as well, where a script looks first.
    if (verdict.models.size() == 1) {
        document["decision"] = name(verdict.models.front().decision);
        document["recommendation"] = verdict.models.front().recommendation;
    }
    return document;
}

}  // namespace espalier::lab
