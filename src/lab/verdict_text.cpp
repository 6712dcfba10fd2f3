#include <fmt/format.h>

#include <algorithm>

#include "lab/numbers.h"
#include "lab/verdict.h"
#include "statistics/effect_size.h"

namespace espalier::lab {
namespace {

/// Digits of an estimate: more would claim what a factor of 0.4 to 1.6 does not allow.
constexpr int kEstimateDigits = 2;

std::string short_key(const std::string& key) { return key.substr(0, 4); }

std::string headline(const ModelVerdict& model, bool several) {
    const std::string subject = several ? model.model + ": " : "";
    switch (model.decision) {
        case Decision::kAdopt:
            return fmt::format("{}{} {}.", subject, several ? "use" : "Use", model.recommendation);
        case Decision::kAdoptProvisionally:
            return fmt::format("{}{} {}, if its accuracy holds on more images.", subject,
                               several ? "use" : "Use", model.recommendation);
        case Decision::kKeep:
            return fmt::format("{}{} the original.", subject, several ? "keep" : "Keep");
        case Decision::kNone:
            return fmt::format("{}{} verdict.", subject, several ? "no" : "No");
    }
    return "";
}

std::string provenance(const ModelVerdict& model) {
    const auto& source = model.source;
    if (source.counts())
        return fmt::format("measured, tier {} ({}: {})", source.tier, source.meter, source.scope);
    if (source.known()) return "time measured; energy only estimated (tier E), not compared";
    return "time measured; energy not measured";
}

/// "  energy    1.94 -> 0.72 J/image   -63 %   (95 % CI -64 to -61)".
std::string line(const char* label, const std::string& values, const std::string& change,
                 const std::string& remark) {
    std::string text = fmt::format("  {:<9} {:<22} {:<9}", label, values, change);
    if (!remark.empty()) text += fmt::format(" ({})", remark);
    return text.substr(0, text.find_last_not_of(' ') + 1) + "\n";
}

std::string interval_text(const Comparison& comparison, bool verbose) {
    std::string text = fmt::format("95 % CI {:+.0f} to {:+.0f}", (comparison.interval.low - 1.0) * 100.0,
                                   (comparison.interval.high - 1.0) * 100.0);
    if (verbose && comparison.p_value) {
        text += fmt::format("; {} blocks, signed-rank p {}, Holm", comparison.blocks,
                            p_text(*comparison.p_value));
    }
    if (!comparison.p_value) text += fmt::format("; {} blocks, not tested", comparison.blocks);
    return text;
}

/// How large the difference is, and what else a reader of statistics asks for.
std::string effect_line(const Comparison& comparison) {
    const auto& effect = comparison.effect;
    std::string text = fmt::format(
        "            delta {:+.2f} ({:+.2f} to {:+.2f}, {}), A12 {:.2f}; typical {} ({} to {}, {})",
        effect.delta, effect.delta_interval.low, effect.delta_interval.high,
        statistics::magnitude(effect.delta), effect.a12, percent_change(effect.typical.value),
        percent_change(effect.typical.interval.low), percent_change(effect.typical.interval.high),
        statistics::name(effect.typical.method));
    if (comparison.normality_p) text += fmt::format("; Shapiro-Wilk p {}", p_text(*comparison.normality_p));
    if (comparison.equivalence_p)
        text += fmt::format("; no difference p {}", p_text(*comparison.equivalence_p));
    if (comparison.detectable)
        text += fmt::format("; savings from {} % would show", significant(*comparison.detectable * 100.0, 2));
    return text + "\n";
}

std::string compared(const char* label, const std::optional<Comparison>& comparison, const std::string& unit,
                     bool with_interval, bool verbose) {
    if (!comparison) return "";
    return line(label, from_to(comparison->baseline, comparison->treated, unit),
                percent_change(comparison->ratio), with_interval ? interval_text(*comparison, verbose) : "") +
           (verbose ? effect_line(*comparison) : "");
}

std::string accuracy_word(const AccuracyComparison& accuracy) {
    switch (accuracy.verdict) {
        case AccuracyVerdict::kNotWorse:
            return "not worse";
        case AccuracyVerdict::kWorse:
            return accuracy.interval.high < -accuracy.limit ? "worse" : "the loss seen is beyond the limit";
        case AccuracyVerdict::kNotShown:
            break;
    }
    if (!accuracy.images_needed) return "not shown: more images needed";
    return fmt::format("not shown: more images needed, about {}", grouped(*accuracy.images_needed));
}

std::string accuracy_line(const std::optional<AccuracyComparison>& accuracy, bool verbose) {
    if (!accuracy) return line("top-1", "unknown", "", "predictions are missing");
    std::string remark =
        fmt::format("95 % CI {:+.1f} to {:+.1f}; limit -{:g}: {}", accuracy->interval.low * 100.0,
                    accuracy->interval.high * 100.0, accuracy->limit * 100.0, accuracy_word(*accuracy));
    if (verbose) {
        remark += fmt::format("; {} images, {} predicted alike, McNemar p {:.3f}",
                              accuracy->outcomes.images(), accuracy->equal_predictions, accuracy->p_value);
    }
    return line("top-1",
                fmt::format("{:.1f} -> {:.1f} %", accuracy->baseline * 100.0, accuracy->treated * 100.0),
                points(accuracy->difference), remark);
}

std::string estimate_line(const ModelVerdict& model, const VariantFindings& variant) {
    if (!variant.estimate_j || !model.baseline_estimate_j) return "";
    return line(
        "energy",
        "about " + from_to(*model.baseline_estimate_j, *variant.estimate_j, "J/image", kEstimateDigits), "",
        fmt::format("estimate, tier E, true value x{} to x{}; ranking equals CPU-time ranking",
                    significant(model.source.factor_low, kEstimateDigits),
                    significant(model.source.factor_high, kEstimateDigits)));
}

/// "            mean 2.013 J/image +- 12 mJ (95 %, k 2.2): repetitions 4.0 mJ, meter 3.0 mJ".
std::string uncertainty_line(const std::optional<EnergyUncertainty>& uncertainty) {
    if (!uncertainty) return "";
    const auto& combined = uncertainty->combined;
    std::string parts;
    for (const auto& source : uncertainty->figure.sources) {
        parts += fmt::format("{}{} {}", parts.empty() ? "" : ", ", source.component,
                             with_prefix(source.standard, "J", 2));
    }
    return fmt::format("            mean {} +- {} (95 %, k {:.1f}): {}\n",
                       with_prefix(uncertainty->figure.value, "J/image", 4),
                       with_prefix(combined.expanded, "J", 2), combined.coverage_factor, parts);
}

std::string payback_lines(const VariantFindings& variant, bool verbose) {
    std::string text;
    for (const auto& payback : variant.paybacks) {
        text += fmt::format("  {}: {}\n", payback.currency, describe(payback));
        if (!verbose) continue;
        const auto& result = payback.break_even;
        text +=
            fmt::format("            {:.6g} {} / {:.6g} {} per image{}{}\n", result.cost, payback.unit,
                        result.saving.value, payback.unit, payback.basis.empty() ? "" : "; ", payback.basis);
    }
    return text;
}

std::string details(const ModelVerdict& model, const VariantFindings& variant, bool verbose) {
    std::string text;
    text += compared("energy", variant.energy, "J/image", true, verbose);
    if (verbose) text += uncertainty_line(variant.uncertainty);
    text += compared("time", variant.time, "s/image", !variant.energy || verbose, verbose);
    text += accuracy_line(variant.accuracy, verbose);
    text += compared("p95 time", variant.p95, "s", verbose, verbose);
    text += compared("CPU time", variant.cpu, "s/image", !variant.energy || verbose, verbose);
    text += estimate_line(model, variant);
    text += payback_lines(variant, verbose);
    if (!variant.happened.empty()) text += fmt::format("  happened: {}\n", variant.happened);
    return text;
}

/// What was not chosen and did not fail the limit, best first.
std::string others(const ModelVerdict& model) {
    std::vector<const VariantFindings*> rest;
    for (const auto& variant : model.variants) {
        if (&variant != model.chosen() && variant.rejected.empty() && variant.primary())
            rest.push_back(&variant);
    }
    std::sort(rest.begin(), rest.end(),
              [](const auto* a, const auto* b) { return a->primary()->ratio < b->primary()->ratio; });
    std::string text;
    for (const auto* variant : rest) {
        const auto& primary = *variant->primary();
        const bool unsure = variant->accuracy && variant->accuracy->verdict == AccuracyVerdict::kNotShown;
        text += fmt::format("{}{} ({} {}{}{})", text.empty() ? "" : ", ", variant->tactic,
                            percent_change(primary.ratio), model.by_energy ? "energy" : "time",
                            strength(primary), unsure ? ", accuracy not shown" : "");
    }
    return text.empty() ? "" : fmt::format("Others: {}.\n", text);
}

std::string rejected(const ModelVerdict& model) {
    std::string text;
    for (const auto& variant : model.variants) {
        if (variant.rejected.empty()) continue;
        text += fmt::format("{}{} ({})", text.empty() ? "" : ", ", variant.tactic, variant.rejected);
    }
    return text.empty() ? "" : fmt::format("Rejected: {}.\n", text);
}

std::string describe_model(const StudyVerdict& verdict, const ModelVerdict& model, bool verbose) {
    std::string text = fmt::format("{:<45} study {} \u00b7 {}\n", headline(model, verdict.models.size() > 1),
                                   short_key(verdict.study), provenance(model));
    const auto* chosen = model.chosen();
    if (chosen != nullptr) text += details(model, *chosen, verbose);
    if (chosen == nullptr || verbose) text += fmt::format("  because {}\n", model.because);
    if (verbose) {
        for (const auto& variant : model.variants) {
            if (&variant != chosen)
                text += fmt::format("  {}\n{}", variant.tactic, details(model, variant, true));
        }
    }
    if (verbose) text += describe(model.contest(), "blocks");
    text += others(model) + rejected(model);
    for (const auto& caution : model.cautions) text += fmt::format("Caution: {}.\n", caution);
    return text;
}

}  // namespace

std::string strength(const Comparison& comparison) {
    if (comparison.shown()) return "";
    if (comparison.equivalent()) return ", no difference";
    return comparison.p_value ? ", not shown" : ", not tested";
}

std::vector<std::string> conditions_of(const StudyVerdict& verdict) {
    return {verdict.imported ? fmt::format("the machine on which {} was measured", verdict.imported->name)
                             : "this machine",
            verdict.batch > 0 ? fmt::format("batch {}", verdict.batch) : "batch size unknown",
            verdict.threads > 0 ? fmt::format("{} thread{}", verdict.threads, verdict.threads == 1 ? "" : "s")
                                : "threads unknown",
            fmt::format("{} images", grouped(static_cast<double>(verdict.images)))};
}

std::string describe(const StudyVerdict& verdict, bool verbose) {
    std::string text;
    if (!verdict.complete)
        text += "The study is not complete yet; this is what its finished trials say so far.\n";
    for (const auto& model : verdict.models) {
        if (!text.empty()) text += "\n";
        text += describe_model(verdict, model, verbose);
    }
    if (verdict.across) text += "\n" + describe(*verdict.across, verbose);
    std::string conditions;
    for (const auto& condition : conditions_of(verdict))
        conditions += (conditions.empty() ? "" : ", ") + condition;
    return text + fmt::format("Holds for: {}.\n", conditions);
}

}  // namespace espalier::lab
