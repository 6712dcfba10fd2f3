#include "cli/shown_verdict.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "lab/numbers.h"
#include "report/build.h"
#include "report/metrics.h"

namespace espalier::cli {
namespace {

using lab::Decision;

std::string headline(const lab::ModelVerdict& model) {
    switch (model.decision) {
        case Decision::kAdopt:
            return fmt::format("Use {}.", model.recommendation);
        case Decision::kAdoptProvisionally:
            return fmt::format("Use {}, if its accuracy holds on more images.", model.recommendation);
        case Decision::kKeep:
            return "Keep the original.";
        case Decision::kNone:
            break;
    }
    return "No verdict.";
}

const char* decision(Decision decision) {
    switch (decision) {
        case Decision::kAdopt:
            return "adopt";
        case Decision::kAdoptProvisionally:
            return "provisional";
        case Decision::kKeep:
            return "keep";
        case Decision::kNone:
            break;
    }
    return "none";
}

std::string sentence(std::string text) {
    if (text.empty()) return text;
    if (text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
    return text.back() == '.' ? text : text + ".";
}

/// `factor` brings the lab's unit to that of the report's metric.
report::Change change(const char* key, const char* unit, const lab::Comparison& comparison, double factor) {
    report::Change line;
    line.metric = key;
    line.unit = unit;
    line.from = comparison.baseline * factor;
    line.to = comparison.treated * factor;
    line.change = (comparison.ratio - 1.0) * 100.0;
    line.change_unit = "%";
    line.low = (comparison.interval.low - 1.0) * 100.0;
    line.high = (comparison.interval.high - 1.0) * 100.0;
    if (!comparison.p_value) line.remark = fmt::format("{} blocks, not tested", comparison.blocks);
    return line;
}

std::string accuracy_remark(const lab::AccuracyComparison& accuracy) {
    const std::string limit = fmt::format("limit -{:g} pt: ", accuracy.limit * 100.0);
    switch (accuracy.verdict) {
        case lab::AccuracyVerdict::kNotWorse:
            return limit + "not worse";
        case lab::AccuracyVerdict::kWorse:
            return limit + "worse";
        case lab::AccuracyVerdict::kNotShown:
            break;
    }
    if (!accuracy.images_needed) return limit + "not shown";
    return limit + fmt::format("not shown, needs about {} images", lab::grouped(*accuracy.images_needed));
}

report::Change accuracy_change(const lab::AccuracyComparison& accuracy) {
    report::Change line;
    line.metric = report::key::kTop1;
    line.unit = "%";
    line.from = accuracy.baseline * 100.0;
    line.to = accuracy.treated * 100.0;
    line.change = accuracy.difference * 100.0;
    line.change_unit = "pt";
    line.low = accuracy.interval.low * 100.0;
    line.high = accuracy.interval.high * 100.0;
    line.remark = accuracy_remark(accuracy);
    return line;
}

std::vector<report::Change> changes(const lab::VariantFindings& variant) {
    std::vector<report::Change> lines;
    if (variant.energy) lines.push_back(change(report::key::kEnergy, "J/image", *variant.energy, 1.0));
    if (variant.accuracy) lines.push_back(accuracy_change(*variant.accuracy));
    if (variant.time) lines.push_back(change(report::key::kTime, "ms/image", *variant.time, 1e3));
    if (variant.p95) lines.push_back(change(report::key::kTimeP95, "ms/image", *variant.p95, 1e3));
    return lines;
}

/// Why an admissible variant was not chosen, in numbers.
std::string standing(const lab::ModelVerdict& model, const lab::VariantFindings& variant) {
    if (!variant.primary()) return "nothing could be compared";
    const auto& primary = *variant.primary();
    const bool unsure = variant.accuracy && variant.accuracy->verdict == lab::AccuracyVerdict::kNotShown;
    return fmt::format("{} {}{}{}", lab::percent_change(primary.ratio), model.by_energy ? "energy" : "time",
                       lab::strength(primary), unsure ? ", accuracy not shown" : "");
}

const store::VariantRecord& record_of(const store::StudyRecord& study, store::Id id) {
    const auto found = std::find_if(study.variants.begin(), study.variants.end(),
                                    [&](const auto& variant) { return variant.id == id; });
    if (found == study.variants.end()) fail("the study has no variant {}", id);
    return *found;
}

void add_others(const store::StudyRecord& study, const lab::ModelVerdict& model, report::Verdict& shown) {
    std::vector<const lab::VariantFindings*> rest;
    for (const auto& variant : model.variants) {
        if (&variant == model.chosen()) continue;
        const std::string id = report::variant_id(study, record_of(study, variant.variant_id));
        if (variant.rejected.empty())
            rest.push_back(&variant);
        else
            shown.rejected.push_back({id, id, variant.rejected});
    }
    const auto ratio = [](const auto* variant) {
        return variant->primary() ? variant->primary()->ratio : 1e9;
    };
    std::stable_sort(rest.begin(), rest.end(), [&](auto* a, auto* b) { return ratio(a) < ratio(b); });
    for (const auto* variant : rest) {
        const std::string id = report::variant_id(study, record_of(study, variant->variant_id));
        shown.others.push_back({id, id, standing(model, *variant)});
    }
}

report::Text baseline_id(const store::StudyRecord& study, store::Id model) {
    for (const auto& variant : study.variants) {
        if (variant.model_id == model && variant.is_baseline) return report::variant_id(study, variant);
    }
    return {};
}

report::Verdict shown_verdict(const store::StudyRecord& study, const lab::StudyVerdict& verdict,
                              const lab::ModelVerdict& model) {
    report::Verdict shown;
    shown.decision = decision(model.decision);
    shown.headline = headline(model);
    shown.because = sentence(model.because);
    shown.max_accuracy_drop = verdict.limits.max_accuracy_drop * 100.0;
    shown.conditions = lab::conditions_of(verdict);
    for (const auto& caution : model.cautions) shown.cautions.push_back(sentence(caution));
    if (const auto* chosen = model.chosen()) {
        shown.variant = report::variant_id(study, record_of(study, chosen->variant_id));
        shown.changes = changes(*chosen);
        if (!chosen->happened.empty()) shown.happened = chosen->happened;
        if (!chosen->paybacks.empty()) shown.payback = lab::describe(chosen->paybacks.front());
    }
    if (model.decision == Decision::kKeep) shown.variant = baseline_id(study, model.model_id);
    add_others(study, model, shown);
    for (const auto& one : model.contest().ranking)
        shown.ranking.push_back({one.tactic, static_cast<int>(one.group)});
    return shown;
}

report::Number percent(double ratio) { return (ratio - 1.0) * 100.0; }

report::TacticAcross shown_tactic(const lab::TacticAcross& tactic) {
    report::TacticAcross shown;
    shown.tactic = tactic.tactic;
    shown.models = static_cast<int>(tactic.models);
    shown.saving = static_cast<int>(tactic.saving);
    shown.admissible = static_cast<int>(tactic.admissible);
    shown.change = percent(tactic.ratio);
    if (!tactic.interval) return shown;
    shown.low = percent(tactic.interval->low);
    shown.high = percent(tactic.interval->high);
    return shown;
}

std::vector<report::TacticAcross> shown_tactics(const std::vector<lab::TacticAcross>& tactics) {
    std::vector<report::TacticAcross> shown;
    for (const auto& tactic : tactics) shown.push_back(shown_tactic(tactic));
    return shown;
}

std::string test_across(const lab::AcrossModels& across) {
    if (!across.contest.omnibus) {
        return fmt::format("Fewer than {} models have every tactic, so tactics are not tested across models.",
                           lab::kBlocksForTests);
    }
    const auto& test = *across.contest.omnibus;
    return fmt::format("All alike? Friedman over {} models: chi2({}) = {:.1f}, p {}.", test.used,
                       test.degrees_of_freedom, test.statistic, lab::p_text(test.p_value));
}

}  // namespace

std::optional<report::Across> shown_across(const lab::StudyVerdict& verdict) {
    if (!verdict.across) return std::nullopt;
    report::Across shown;
    shown.quantity = verdict.across->by_energy ? "energy" : "time";
    shown.tactics = shown_tactics(verdict.across->tactics);
    for (const auto& family : verdict.across->families) {
        report::Text best;
        if (!family.best.empty()) best = family.best;
        shown.families.push_back({family.family, family.models, best, shown_tactics(family.tactics)});
    }
    shown.test = test_across(*verdict.across);
    return shown;
}

std::map<store::Id, report::Verdict> shown_verdicts(const store::StudyRecord& study,
                                                    const lab::StudyVerdict& verdict) {
    std::map<store::Id, report::Verdict> verdicts;
    for (const auto& model : verdict.models) verdicts[model.model_id] = shown_verdict(study, verdict, model);
    return verdicts;
}

}  // namespace espalier::cli
