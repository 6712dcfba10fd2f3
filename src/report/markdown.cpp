#include <fmt/core.h>

#include "report/export.h"
#include "report/metrics.h"
#include "report/number_text.h"

namespace espalier::report {
namespace {

/// Text inside a table or a sentence: what Markdown or HTML would read as markup is escaped.
std::string plain(const std::string& text) {
    std::string escaped;
    for (char c : text) {
        if (c == '\n' || c == '\r') {
            escaped += ' ';
            continue;
        }
        if (c == '<') {
            escaped += "&lt;";
            continue;
        }
        if (std::string_view("|*_`[]\\#").find(c) != std::string_view::npos) escaped += '\\';
        escaped += c;
    }
    return escaped;
}

std::string cell(const Variant& variant, const Metric& metric, double factor) {
    const auto found = variant.measures.find(metric.key);
    if (found == variant.measures.end() || !found->second.value) return "unknown";
    const Measure measure = scaled(found->second, factor);
    std::string text = value_text(measure);
    const std::string interval = interval_text(measure);
    if (!interval.empty()) text += fmt::format(" ({})", interval);
    const std::string uncertain = uncertainty_text(measure);
    if (!uncertain.empty()) text += "; " + uncertain;
    const bool same = measure.comparison && measure.comparison->value == 1.0 && !measure.comparison->low;
    const std::string change = variant.baseline || same ? "" : change_text(measure, metric);
    if (!change.empty()) text += fmt::format(", {}", change);
    if (measure.comparison &&
        (measure.comparison->finding == "better" || measure.comparison->finding == "worse"))
        text += " " + measure.comparison->finding;
    return text;
}

std::string metric_name(const Model& model, const Metric& metric, const std::string& unit) {
    const char* separator = unit.empty() ? "" : ", ";
    const bool energy = metric.group == "Energy" || metric.group == "Cost";
    const std::string tier = energy ? fmt::format(" [tier {}]", model.verdict.tier) : "";
    return fmt::format("{}{}{}{}", metric.label, separator, unit, tier);
}

/// The first known value of a metric, by which its unit gets a prefix.
Number reference(const Model& model, const Metric& metric) {
    for (const auto& variant : model.variants) {
        const auto found = variant.measures.find(metric.key);
        if (found != variant.measures.end() && found->second.value) return found->second.value;
    }
    return {};
}

std::string table(const Report& report, const Model& model) {
    std::string head = "| |";
    std::string rule = "|---|";
    for (const auto& variant : model.variants) {
        head += fmt::format(" {} |", plain(variant.label));
        rule += "---:|";
    }
    std::string text = head + "\n" + rule + "\n";
    for (const auto& metric : report.metrics) {
        const Scale scale = scale_for(metric.unit, reference(model, metric));
        text += fmt::format("| {} |", plain(metric_name(model, metric, scale.unit)));
        for (const auto& variant : model.variants) {
            text += fmt::format(" {} |", plain(cell(variant, metric, scale.factor)));
        }
        text += "\n";
    }
    return text;
}

/// What every energy figure of the model is: its tier, source and scope, and how sure it is.
std::string energy_line(const Model& model) {
    const auto& v = model.verdict;
    std::string text =
        fmt::format("Energy: tier {}{}", v.tier, v.source ? fmt::format(", {}", plain(*v.source)) : "");
    for (const auto& variant : model.variants) {
        const auto found = variant.measures.find(key::kEnergy);
        if (found == variant.measures.end() || !found->second.scope) continue;
        text += fmt::format(", {}", plain(*found->second.scope));
        break;
    }
    if (v.tier == "E")
        return text + "; the interval is the factor of the model, and nothing is claimed of energy.\n\n";
    if (v.tier == "N") return text + ".\n\n";
    return text + "; u is the standard uncertainty (GUM), scatter and meter in one.\n\n";
}

std::string verdict(const Report& report, const Model& model) {
    const auto& v = model.verdict;
    std::string text = fmt::format("**{}**", plain(v.headline));
    if (v.because) text += fmt::format(" {}", plain(*v.because));
    text += "\n\n" + energy_line(model);
    for (const auto& change : v.changes) {
        const auto& metric = find_metric(report.metrics, change.metric);
        text += fmt::format("- {}: {}{}\n", plain(metric.label),
                            change_text(change.change, change.low, change.high, change.change_unit),
                            change.remark ? fmt::format("; {}", plain(*change.remark)) : "");
    }
    if (v.payback) text += fmt::format("- pays back {}\n", plain(*v.payback));
    if (v.happened) text += fmt::format("- happened: {}\n", plain(*v.happened));
    for (const auto& condition : v.conditions) text += fmt::format("- holds for: {}\n", plain(condition));
    for (const auto& r : v.rejected)
        text += fmt::format("- rejected: {}, {}\n", plain(r.label), plain(r.reason));
    for (const auto& o : v.others)
        text += fmt::format("- not chosen: {}, {}\n", plain(o.label), plain(o.reason));
    for (const auto& caution : v.cautions) text += fmt::format("- caution: {}\n", plain(caution));
    return text;
}

std::string effect_text(const Effect& e) {
    std::string text = fmt::format("delta {:+.2f} ({:+.2f} to {:+.2f}, {}), A12 {:.2f}", e.delta, e.delta_low,
                                   e.delta_high, e.magnitude, e.a12);
    const auto percent = [](double ratio) { return Number((ratio - 1.0) * 100.0); };
    text += fmt::format(", typical {}", change_text(percent(e.typical), percent(e.typical_low),
                                                    percent(e.typical_high), "%"));
    if (e.normality_p) text += fmt::format(", Shapiro-Wilk p {}", p_text(*e.normality_p));
    return text;
}

/// Omnibus tests, effects and groups of a model; empty where nothing was repeated by block.
std::string effects(const Report& report, const Model& model) {
    std::string text;
    for (const char* key : {key::kEnergy, key::kTime}) {
        for (const auto& test : model.omnibus) {
            if (test.metric != key) continue;
            text += fmt::format("- {}: all alike? {}, chi2 {:.1f}, p {}\n",
                                plain(find_metric(report.metrics, key).label), test.test, test.statistic,
                                p_text(test.p));
        }
        for (const auto& variant : model.variants) {
            const auto found = variant.measures.find(key);
            if (found == variant.measures.end() || !found->second.comparison) continue;
            if (const auto& effect = found->second.comparison->effect) {
                text += fmt::format("- {}, {}: {}\n", plain(find_metric(report.metrics, key).label),
                                    plain(variant.label), effect_text(*effect));
            }
        }
    }
    std::string groups;
    for (const auto& place : model.verdict.ranking)
        groups += fmt::format("{}{} ({})", groups.empty() ? "" : ", ", plain(place.label), place.group);
    if (!groups.empty()) text += fmt::format("- groups, the least first: {}\n", groups);
    return text.empty() ? "" : "\nEffects:\n\n" + text;
}

std::string across(const Across& a) {
    std::string text = fmt::format("\n## Across models\n\nBy {}; the model is the unit.\n\n", a.quantity);
    for (const auto& family : a.families) {
        text +=
            fmt::format("- {} ({}): {}\n", plain(family.family), family.models.size(),
                        family.best ? plain(*family.best)
                                    : "no tactic saves in all of them without being ruled out by accuracy");
    }
    text +=
        "\n| tactic | typical change | models | saving shown | not ruled out by accuracy |\n"
        "|---|---:|---:|---:|---:|\n";
    for (const auto& t : a.tactics) {
        text += fmt::format("| {} | {} | {} | {} | {} |\n", plain(t.tactic),
                            change_text(t.change, t.low, t.high, "%"), t.models, t.saving, t.admissible);
    }
    return a.test ? text + "\n" + plain(*a.test) + "\n" : text;
}

std::string paybacks(const Model& model) {
    std::string text;
    for (const auto& variant : model.variants) {
        for (const auto& p : variant.paybacks) {
            text += fmt::format("- {}, {}: ", plain(variant.label), p.currency);
            text += p.images ? fmt::format("after {} images\n", significant(*p.images, 2))
                             : "no break-even shown, " + plain(p.reason.value_or("not known")) + "\n";
        }
    }
    return text.empty() ? "" : "\nBreak-even:\n\n" + text;
}

std::string facts(const Report& report) {
    std::string text = "## Environment\n\n";
    for (const auto& fact : report.environment) {
        text += fmt::format("- {}, {}: {}\n", plain(fact.group), plain(fact.name),
                            plain(fact.value.value_or("unknown")));
    }
    text += "\n## Method\n\n" + plain(report.method.design) + "\n\n";
    for (const auto& paragraph : report.method.statistics) text += plain(paragraph) + "\n\n";
    for (const auto& input : report.inputs) {
        text += fmt::format("- {}: {} {} ({}, {})\n", plain(input.name),
                            input.value ? fmt::format("{}", *input.value) : "unknown", plain(input.unit),
                            plain(input.date.value_or("no date")), plain(input.source));
    }
    return text;
}

}  // namespace

std::string to_markdown(const Report& report) {
    const auto& study = report.study;
    std::string text =
        fmt::format("# {}\n\nStudy {}, {}. {} of {} trials, {} failed, {} left out.\n\n",
                    plain(study.question), plain(study.id), plain(study.machine), study.trials_done,
                    study.trials_planned, study.trials_failed, study.trials_excluded);
    for (const auto& warning : report.warnings) {
        const std::string remedy = warning.remedy ? fmt::format(" {}", plain(*warning.remedy)) : "";
        text += fmt::format("> {}{}\n>\n", plain(warning.text), remedy);
    }
    for (const auto& model : report.models) {
        text += "\n## " + plain(model.name) + "\n\n" + verdict(report, model) + "\n" + table(report, model) +
                effects(report, model) + paybacks(model);
    }
    if (report.across) text += across(*report.across);
    text += "\n" + facts(report);
    return text + fmt::format("\nWritten by {} {} on {}. {}\n", report.generator.name,
                              report.generator.version, report.created, kSchema);
}

}  // namespace espalier::report
