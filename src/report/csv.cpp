#include <fmt/core.h>

#include <algorithm>

#include "report/export.h"
#include "report/metrics.h"

namespace espalier::report {
namespace {

constexpr const char* kCurrencies[] = {"energy", "time", "money", "rent", "carbon"};

constexpr const char* kUncertaintyParts[] = {"_standard_uncertainty", "_uncertainty_repetitions",
                                             "_uncertainty_meter"};

bool has_uncertainty(const Metric& metric) { return metric.group == "Energy"; }

std::string quoted(const std::string& cell) {
    if (cell.find_first_of(",\"\n\r") == std::string::npos) return cell;
    std::string text(1, '"');
    for (char c : cell) {
        if (c == '"') text += c;
        text += c;
    }
    text += '"';
    return text;
}

std::string line(const std::vector<std::string>& cells) {
    std::string text;
    for (const auto& cell : cells)
        text += fmt::format("{}{}", &cell == cells.data() ? "" : ",", quoted(cell));
    return text + "\n";
}

/// Of a number of which 0 means that it is unknown.
std::string known(int value) { return value > 0 ? std::to_string(value) : ""; }

std::string number(const Number& value) { return value ? fmt::format("{}", *value) : ""; }

const Measure& measure_of(const Variant& variant, const std::string& key) {
    static const Measure unknown;
    const auto found = variant.measures.find(key);
    return found == variant.measures.end() ? unknown : found->second;
}

std::string in_units(const Measure& measure, double unit) {
    return measure.value ? fmt::format("{:.6g}", *measure.value / unit) : "";
}

std::vector<std::string> header(const std::vector<Metric>& metrics) {
    std::vector<std::string> cells = {"model",       "variant",         "tactic",      "runtime",
                                      "device",      "batch",           "threads",     "status",
                                      "reason",      "trials_excluded", "verdict",     "rank_group",
                                      "energy_tier", "energy_source",   "energy_scope"};
    for (const auto& metric : metrics) {
        const std::string unit = metric.unit == "%" ? "_percent" : "";
        for (const char* part : {"", "_low", "_high"})
            cells.push_back(fmt::format("{}{}{}", metric.key, unit, part));
        if (has_uncertainty(metric)) {
            for (const char* part : kUncertaintyParts) cells.push_back(metric.key + part);
        }
        if (!metric.comparison) continue;
        const std::string what = *metric.comparison == "ratio" ? "_ratio" : "_difference_pt";
        for (const char* part : {"", "_low", "_high"})
            cells.push_back(fmt::format("{}{}{}", metric.key, what, part));
        cells.push_back(metric.key + "_p");
        cells.push_back(metric.key + "_finding");
        if (*metric.comparison != "ratio") continue;
        cells.push_back(metric.key + "_cliffs_delta");
        for (const char* part : {"", "_low", "_high"})
            cells.push_back(fmt::format("{}_typical_ratio{}", metric.key, part));
    }
    for (const char* currency : kCurrencies) {
        for (const char* part : {"", "_low", "_high"}) {
            cells.push_back(fmt::format("break_even_{}_images{}", currency, part));
        }
    }
    return cells;
}

void add_measure(const Metric& metric, const Measure& measure, std::vector<std::string>& cells) {
    for (const auto& value : {measure.value, measure.low, measure.high}) cells.push_back(number(value));
    if (has_uncertainty(metric)) {
        const auto& u = measure.uncertainty;
        for (const auto part : {&Uncertainty::standard, &Uncertainty::repetitions, &Uncertainty::meter})
            cells.push_back(u ? number((*u).*part) : "");
    }
    if (!metric.comparison) return;
    const Comparison c = measure.comparison.value_or(Comparison{});
    for (const auto& value : {c.value, c.low, c.high, c.p}) cells.push_back(number(value));
    cells.push_back(measure.comparison ? c.finding : "");
    if (*metric.comparison != "ratio") return;
    if (!c.effect) {
        cells.insert(cells.end(), 4, "");
        return;
    }
    for (const double value :
         {c.effect->delta, c.effect->typical, c.effect->typical_low, c.effect->typical_high})
        cells.push_back(number(value));
}

void add_paybacks(const Variant& variant, std::vector<std::string>& cells) {
    for (const char* currency : kCurrencies) {
        const auto found = std::find_if(variant.paybacks.begin(), variant.paybacks.end(),
                                        [&](const Payback& p) { return p.currency == currency; });
        const Payback p = found == variant.paybacks.end() ? Payback{} : *found;
        for (const auto& value : {p.images, p.images_low, p.images_high}) cells.push_back(number(value));
    }
}

std::string role(const Model& model, const Variant& variant) {
    if (model.verdict.variant == variant.id && model.verdict.decision != "none")
        return model.verdict.decision;
    for (const auto& rejection : model.verdict.rejected) {
        if (rejection.variant == variant.id) return "reject";
    }
    return "";
}

std::string group(const Model& model, const Variant& variant) {
    for (const auto& place : model.verdict.ranking) {
        if (place.label == variant.label) return std::to_string(place.group);
    }
    return "";
}

std::vector<std::string> row(const Report& report, const Model& model, const Variant& variant) {
    const auto& energy = measure_of(variant, key::kEnergy);
    std::vector<std::string> cells = {model.name,
                                      variant.label,
                                      variant.tactic,
                                      variant.runtime,
                                      variant.device,
                                      known(variant.batch),
                                      known(variant.threads),
                                      variant.status,
                                      variant.reason.value_or(""),
                                      std::to_string(variant.excluded),
                                      role(model, variant),
                                      group(model, variant),
                                      energy.tier.value_or("N"),
                                      energy.source.value_or(""),
                                      energy.scope.value_or("")};
    for (const auto& metric : report.metrics) add_measure(metric, measure_of(variant, metric.key), cells);
    add_paybacks(variant, cells);
    return cells;
}

/// "3 x 224 x 224" -> "224".
std::string image_size(const std::string& input) {
    const auto at = input.rfind(' ');
    return at == std::string::npos ? "" : input.substr(at + 1);
}

std::vector<std::string> timm_row(const Model& model, const Variant& variant) {
    const auto& time = measure_of(variant, key::kTime);
    const auto& energy = measure_of(variant, key::kEnergy);
    const bool per_call = time.value && variant.batch > 0;
    const auto step = per_call ? fmt::format("{:.6g}", *time.value * variant.batch) : "";
    return {model.name,
            image_size(model.input),
            number(measure_of(variant, key::kThroughput).value),
            step,
            known(variant.batch),
            in_units(measure_of(variant, key::kParameters), 1e6),
            in_units(measure_of(variant, key::kMacs), 1e9),
            "",
            variant.label,
            number(measure_of(variant, key::kTop1).value),
            number(measure_of(variant, key::kTop5).value),
            number(energy.value),
            energy.tier.value_or("N"),
            energy.source.value_or("")};
}

}  // namespace

std::string to_csv(const Report& report) {
    std::string text = line(header(report.metrics));
    for (const auto& model : report.models) {
        for (const auto& variant : model.variants) text += line(row(report, model, variant));
    }
    return text;
}

std::string to_timm(const Report& report) {
    std::string text =
        "model,infer_img_size,infer_samples_per_sec,infer_step_time,infer_batch_size,param_count,infer_gmacs,"
        "infer_macts,tactic,top1,top5,energy_j_per_image,energy_tier,energy_source\n";
    for (const auto& model : report.models) {
        for (const auto& variant : model.variants) text += line(timm_row(model, variant));
    }
    return text;
}

}  // namespace espalier::report
