#include <cmath>
#include <nlohmann/json.hpp>

#include "report/view_model.h"

// The view model as "espalier.report/1": one function for each struct, its fields in the order of the header.

namespace espalier::report {
namespace {

using nlohmann::json;

json plain(const Number& number) { return number && std::isfinite(*number) ? json(*number) : json(nullptr); }
json plain(const Count& count) { return count ? json(*count) : json(nullptr); }
json plain(const Text& text) { return text ? json(*text) : json(nullptr); }

/// `convert` applied to every element.
template <typename Items, typename Convert>
json list(const Items& items, Convert convert) {
    json array = json::array();
    for (const auto& item : items) array.push_back(convert(item));
    return array;
}

json from_effect(const Effect& e) {
    return {{"delta", e.delta},
            {"delta_low", e.delta_low},
            {"delta_high", e.delta_high},
            {"magnitude", e.magnitude},
            {"a12", e.a12},
            {"typical", e.typical},
            {"typical_low", e.typical_low},
            {"typical_high", e.typical_high},
            {"typical_interval", e.typical_interval},
            {"normality_p", plain(e.normality_p)},
            {"equivalence_p", plain(e.equivalence_p)}};
}

json from_comparison(const Comparison& c) {
    return {{"value", plain(c.value)},
            {"low", plain(c.low)},
            {"high", plain(c.high)},
            {"p", plain(c.p)},
            {"test", plain(c.test)},
            {"finding", c.finding},
            {"effect", c.effect ? from_effect(*c.effect) : json(nullptr)},
            {"uncertainty", plain(c.uncertainty)}};
}

json from_uncertainty(const Uncertainty& u) {
    return {{"standard", u.standard},
            {"repetitions", u.repetitions},
            {"meter", u.meter},
            {"expanded", u.expanded}};
}

json from_measure(const Measure& m) {
    return {{"value", plain(m.value)},
            {"low", plain(m.low)},
            {"high", plain(m.high)},
            {"interval", plain(m.interval)},
            {"source", plain(m.source)},
            {"tier", plain(m.tier)},
            {"scope", plain(m.scope)},
            {"reason", plain(m.reason)},
            {"per_block", list(m.per_block, [](const Number& n) { return plain(n); })},
            {"comparison", m.comparison ? from_comparison(*m.comparison) : json(nullptr)},
            {"uncertainty", m.uncertainty ? from_uncertainty(*m.uncertainty) : json(nullptr)}};
}

json from_payback(const Payback& p) {
    return {{"currency", p.currency},
            {"unit", p.unit},
            {"cost", plain(p.cost)},
            {"saving", plain(p.saving)},
            {"saving_low", plain(p.saving_low)},
            {"saving_high", plain(p.saving_high)},
            {"images", plain(p.images)},
            {"images_low", plain(p.images_low)},
            {"images_high", plain(p.images_high)},
            {"reason", plain(p.reason)}};
}

json from_evidence(const Evidence& e) {
    return {{"nodes_before", plain(e.nodes_before)},
            {"nodes_after", plain(e.nodes_after)},
            {"parameters", plain(e.parameters)},
            {"nonzero_parameters", plain(e.nonzero_parameters)},
            {"weight_bytes", plain(e.weight_bytes)},
            {"disk_bytes", plain(e.disk_bytes)},
            {"arena_bytes", plain(e.arena_bytes)},
            {"macs", plain(e.macs)},
            {"macs_share", json(e.macs_share)},
            {"effective_macs", plain(e.effective_macs)},
            {"effective_macs_exploited", e.effective_macs_exploited},
            {"kernels", e.kernels},
            {"passes", e.passes},
            {"device", e.device},
            {"notes", e.notes}};
}

json from_variant(const Variant& v) {
    json measures = json::object();
    for (const auto& [key, measure] : v.measures) measures[key] = from_measure(measure);
    return {{"id", v.id},
            {"label", v.label},
            {"tactic", v.tactic},
            {"runtime", v.runtime},
            {"device", v.device},
            {"batch", v.batch > 0 ? json(v.batch) : json(nullptr)},
            {"threads", v.threads > 0 ? json(v.threads) : json(nullptr)},
            {"baseline", v.baseline},
            {"status", v.status},
            {"reason", plain(v.reason)},
            {"excluded", v.excluded},
            {"measures", std::move(measures)},
            {"paybacks", list(v.paybacks, from_payback)},
            {"evidence", v.evidence ? from_evidence(*v.evidence) : json(nullptr)}};
}

json from_change(const Change& c) {
    return {{"metric", c.metric},           {"label", c.label},    {"unit", c.unit},
            {"from", plain(c.from)},        {"to", plain(c.to)},   {"change", plain(c.change)},
            {"change_unit", c.change_unit}, {"low", plain(c.low)}, {"high", plain(c.high)},
            {"remark", plain(c.remark)}};
}

json from_rejection(const Rejection& r) {
    return {{"variant", r.variant}, {"label", r.label}, {"reason", r.reason}};
}

json from_place(const Place& p) { return {{"label", p.label}, {"group", p.group}}; }

json from_verdict(const Verdict& v) {
    return {{"decision", v.decision},
            {"variant", plain(v.variant)},
            {"headline", v.headline},
            {"because", plain(v.because)},
            {"changes", list(v.changes, from_change)},
            {"conditions", v.conditions},
            {"rejected", list(v.rejected, from_rejection)},
            {"others", list(v.others, from_rejection)},
            {"cautions", v.cautions},
            {"ranking", list(v.ranking, from_place)},
            {"happened", plain(v.happened)},
            {"payback", plain(v.payback)},
            {"max_accuracy_drop", plain(v.max_accuracy_drop)},
            {"tier", v.tier},
            {"source", plain(v.source)}};
}

json from_omnibus(const OmnibusTest& o) {
    return {{"metric", o.metric},
            {"test", o.test},
            {"statistic", o.statistic},
            {"degrees_of_freedom", o.degrees_of_freedom},
            {"p", o.p},
            {"blocks", o.blocks}};
}

json from_model(const Model& m) {
    return {{"name", m.name},
            {"architecture", m.architecture},
            {"origin", plain(m.origin)},
            {"revision", plain(m.revision)},
            {"sha256", plain(m.sha256)},
            {"dataset", m.dataset},
            {"images", plain(m.images)},
            {"classes", plain(m.classes)},
            {"input", m.input},
            {"blocks", m.blocks},
            {"variants", list(m.variants, from_variant)},
            {"omnibus", list(m.omnibus, from_omnibus)},
            {"verdict", from_verdict(m.verdict)}};
}

json from_tactic_across(const TacticAcross& t) {
    return {{"tactic", t.tactic},         {"models", t.models},        {"saving", t.saving},
            {"admissible", t.admissible}, {"change", plain(t.change)}, {"low", plain(t.low)},
            {"high", plain(t.high)}};
}

json from_family_across(const FamilyAcross& f) {
    return {{"family", f.family},
            {"models", f.models},
            {"best", plain(f.best)},
            {"tactics", list(f.tactics, from_tactic_across)}};
}

json from_across(const Across& a) {
    return {{"quantity", a.quantity},
            {"tactics", list(a.tactics, from_tactic_across)},
            {"families", list(a.families, from_family_across)},
            {"test", plain(a.test)}};
}

json from_metric(const Metric& m) {
    return {{"key", m.key},
            {"label", m.label},
            {"unit", m.unit},
            {"group", m.group},
            {"better", plain(m.better)},
            {"comparison", plain(m.comparison)},
            {"description", m.description}};
}

json from_fact(const Fact& f) {
    return {{"group", f.group}, {"name", f.name}, {"value", plain(f.value)}, {"note", plain(f.note)}};
}

json from_step(const ProtocolStep& s) {
    return {{"name", s.name}, {"description", s.description}, {"seconds", plain(s.seconds)}};
}

json from_meter(const Meter& m) {
    return {{"name", m.name},
            {"tier", m.tier},
            {"source", m.source},
            {"scope", m.scope},
            {"refresh_ms", plain(m.refresh_ms)},
            {"note", plain(m.note)}};
}

json from_method(const Method& m) {
    return {{"design", m.design},
            {"seed", plain(m.seed)},
            {"blocks", m.blocks},
            {"images_per_trial", plain(m.images_per_trial)},
            {"steps", list(m.steps, from_step)},
            {"meters", list(m.meters, from_meter)},
            {"statistics", m.statistics}};
}

json from_study(const Study& s) {
    return {{"id", s.id},
            {"name", s.name},
            {"question", s.question},
            {"started", plain(s.started)},
            {"finished", plain(s.finished)},
            {"blocks_planned", s.blocks_planned},
            {"blocks_complete", s.blocks_complete},
            {"trials_planned", s.trials_planned},
            {"trials_done", s.trials_done},
            {"trials_failed", s.trials_failed},
            {"trials_excluded", s.trials_excluded},
            {"machine", s.machine},
            {"command", plain(s.command)}};
}

json from_input(const CostInput& i) {
    return {{"name", i.name},
            {"value", plain(i.value)},
            {"unit", i.unit},
            {"date", plain(i.date)},
            {"source", i.source}};
}

json from_warning(const Warning& w) {
    return {{"severity", w.severity}, {"text", w.text}, {"remedy", plain(w.remedy)}};
}

}  // namespace

json to_json(const Report& report) {
    const auto& made = report.generator;
    return {{"schema", kSchema},
            {"generator", {{"name", made.name}, {"version", made.version}, {"commit", plain(made.commit)}}},
            {"created", report.created},
            {"study", from_study(report.study)},
            {"environment", list(report.environment, from_fact)},
            {"method", from_method(report.method)},
            {"metrics", list(report.metrics, from_metric)},
            {"inputs", list(report.inputs, from_input)},
            {"models", list(report.models, from_model)},
            {"across", report.across ? from_across(*report.across) : json(nullptr)},
            {"warnings", list(report.warnings, from_warning)}};
}

}  // namespace espalier::report
