#include "report/compare.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "statistics/effect_size.h"
#include "statistics/equivalence.h"
#include "statistics/gum.h"
#include "statistics/normality.h"
#include "statistics/proportions.h"
#include "statistics/rank_tests.h"
#include "statistics/shift.h"
#include "statistics/summary.h"

namespace espalier::report {
namespace {

constexpr double kLevel = 0.05;

std::vector<std::uint8_t> right(const store::PredictionRecord& prediction, int places) {
    std::vector<std::uint8_t> outcome(prediction.ranks.size());
    std::transform(prediction.ranks.begin(), prediction.ranks.end(), outcome.begin(),
                   [&](std::int32_t rank) { return rank >= 0 && rank < places; });
    return outcome;
}

bool all_positive(std::span<const double> values) {
    return std::all_of(values.begin(), values.end(), [](double value) { return value > 0.0; });
}

/// The smallest change that matters, in the unit of the comparison.
double margin(const Metric& metric, const Analysis& analysis) {
    return metric.comparison == "difference" ? analysis.max_accuracy_drop * 100.0 : analysis.min_effect;
}

std::string finding_of(const Comparison& c, const Metric& metric, const Analysis& analysis) {
    const bool difference = metric.comparison == "difference";
    const double neutral = difference ? 0.0 : 1.0;
    const double limit = margin(metric, analysis);
    const bool excluded = *c.low > neutral || *c.high < neutral;
    // An accuracy that is shown to differ is said to, however little; times and energies have a smallest
    // effect.
    const bool matters = difference || std::abs(*c.value - neutral) >= limit;
    if (excluded && matters && *c.p < kLevel) {
        const bool higher = *c.value > neutral;
        return higher == (metric.better == "higher") ? "better" : "worse";
    }
    // Of ratios equivalence is tested; a difference of accuracies has an interval, and that decides.
    const bool tested = c.effect && c.effect->equivalence_p;
    const bool inside =
        tested ? *c.effect->equivalence_p < kLevel : *c.low > neutral - limit && *c.high < neutral + limit;
    return inside ? "no-difference" : "inconclusive";
}

Number normality_of(const statistics::Repetitions& changes) {
    const auto values = changes.values();
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    if (values.size() < 3 || *low == *high) return {};
    return statistics::shapiro_wilk(changes).p_value;
}

Effect effect_of(const statistics::PairedRepetitions& pairs, const statistics::Repetitions& baseline,
                 const statistics::Repetitions& treated, statistics::BootstrapOptions bootstrap) {
    Effect effect;
    effect.delta = statistics::cliffs_delta(treated, baseline);
    const auto interval = statistics::cliffs_delta_interval(treated, baseline);
    effect.delta_low = interval.low;
    effect.delta_high = interval.high;
    effect.magnitude = statistics::magnitude(effect.delta);
    effect.a12 = statistics::a12(treated, baseline);
    bootstrap.method = statistics::BootstrapMethod::kBca;
    const auto typical = statistics::shift_ratio(pairs, bootstrap);
    effect.typical = typical.value;
    effect.typical_low = typical.interval.low;
    effect.typical_high = typical.interval.high;
    effect.typical_interval = statistics::name(typical.method);
    effect.normality_p = normality_of(statistics::log_ratios(pairs));
    return effect;
}

/// Holm's adjustment of the p-values of equivalence.
void adjust_equivalence(const std::vector<Comparison*>& family) {
    std::vector<double*> tested;
    std::vector<double> p_values;
    for (auto* c : family) {
        if (!c->effect || !c->effect->equivalence_p) continue;
        tested.push_back(&*c->effect->equivalence_p);
        p_values.push_back(*tested.back());
    }
    const auto adjusted = statistics::holm(p_values);
    for (std::size_t i = 0; i < tested.size(); ++i) *tested[i] = adjusted[i];
}

}  // namespace

std::optional<Uncertainty> uncertainty(const Series& series) {
    const auto figure = statistics::mean_with_uncertainty(series.repetitions(), series.stated());
    if (!figure) return std::nullopt;
    const auto combined = statistics::combine(figure->sources);
    Uncertainty result{combined.standard, 0.0, 0.0, combined.expanded};
    for (const auto& source : figure->sources)
        (source.common ? result.meter : result.repetitions) = source.standard;
    return result;
}

Number ratio_uncertainty(const Series& baseline, const Series& treated) {
    const auto before = statistics::mean_with_uncertainty(baseline.repetitions(), baseline.stated());
    const auto after = statistics::mean_with_uncertainty(treated.repetitions(), treated.stated());
    if (!before || !after || !(before->value > 0.0) || !(after->value > 0.0)) return {};
    return statistics::combine(statistics::ratio(*after, *before, /*same_meter=*/true).sources).standard;
}

Measure describe(const Series& series, const Analysis& analysis) {
    Measure measure;
    measure.per_block = series.values;
    measure.reason = series.reason;
    if (series.present() == 0) {
        if (!measure.reason) measure.reason = "not measured";
        return measure;
    }
    const auto sample = series.repetitions();
    const auto values = sample.values();
    measure.value = statistics::median(values);
    if (values.size() < 2) return measure;
    const auto median_of = [&](std::span<const std::size_t> blocks) {
        std::vector<double> drawn(blocks.size());
        std::transform(blocks.begin(), blocks.end(), drawn.begin(), [&](std::size_t i) { return values[i]; });
        return statistics::median(drawn);
    };
    const auto estimate = statistics::bootstrap(values.size(), median_of, analysis.bootstrap);
    measure.low = estimate.interval.low;
    measure.high = estimate.interval.high;
    measure.interval = "bootstrap-95";
    return measure;
}

std::optional<Comparison> compare(const Series& baseline, const Series& treated, bool testable,
                                  const Analysis& analysis) {
    const auto before = baseline.repetitions();
    const auto after = treated.repetitions();
    const statistics::PairedRepetitions pairs(before, after);
    if (pairs.size() < 2 || !all_positive(pairs.baseline()) || !all_positive(pairs.treated())) return {};
    const auto ratio = statistics::ratio_of_medians(pairs, analysis.bootstrap);
    Comparison c;
    c.value = ratio.value;
    c.low = ratio.interval.low;
    c.high = ratio.interval.high;
    // An uncalibrated estimate gets no effect either: it would be that of processor time.
    if (!testable) return c;
    c.effect = effect_of(pairs, before, after, analysis.bootstrap);
    if (pairs.size() < analysis.blocks_for_tests) return c;
    c.p = statistics::signed_rank(pairs).p_value;
    c.test = "signed-rank, Holm over the tactics of the model";
    if (analysis.min_effect > 0.0 && analysis.min_effect < 1.0) {
        const auto bounds = statistics::ratio_bounds(analysis.min_effect);
        c.effect->equivalence_p = statistics::rank_tost(statistics::log_ratios(pairs), bounds).p_value();
    }
    return c;
}

std::optional<statistics::Omnibus> omnibus(const std::vector<const Series*>& series,
                                           const Analysis& analysis) {
    if (series.size() < 3) return {};
    std::vector<statistics::Repetitions> samples;
    for (const auto* one : series) samples.push_back(one->repetitions());
    const statistics::BlockedRepetitions blocked(samples);
    if (blocked.size() < analysis.blocks_for_tests) return {};
    return statistics::friedman(blocked);
}

Measure accuracy(const store::PredictionRecord& prediction, int places) {
    Measure measure;
    const auto outcome = right(prediction, places);
    if (outcome.empty()) {
        measure.reason = "no image was classified";
        return measure;
    }
    if (!prediction.tells(places)) {
        measure.reason = "only the most likely class of each image is known";
        return measure;
    }
    const auto hits = std::count(outcome.begin(), outcome.end(), 1);
    const auto images = static_cast<std::int64_t>(outcome.size());
    const auto interval = statistics::wilson(hits, images);
    measure.value = 100.0 * static_cast<double>(hits) / static_cast<double>(images);
    measure.low = 100.0 * interval.low;
    measure.high = 100.0 * interval.high;
    measure.interval = "wilson-95";
    measure.source = fmt::format("{} labelled images", images);
    return measure;
}

std::optional<Comparison> compare_accuracy(const store::PredictionRecord& baseline,
                                           const store::PredictionRecord& treated, int places) {
    if (baseline.labels.empty() || baseline.labels != treated.labels) return {};
    if (!baseline.tells(places) || !treated.tells(places)) return {};
    const auto outcomes = statistics::count_outcomes(right(baseline, places), right(treated, places));
    const auto interval = statistics::newcombe(outcomes);
    Comparison c;
    c.value = 100.0 * outcomes.difference();
    c.low = 100.0 * interval.low;
    c.high = 100.0 * interval.high;
    c.p = statistics::mcnemar(outcomes).exact_p;
    c.test = "McNemar, exact, Holm over the tactics of the model";
    return c;
}

void judge(std::vector<Comparison*>& family, const std::optional<statistics::Omnibus>& omnibus,
           const Metric& metric, const Analysis& analysis) {
    std::vector<Comparison*> tested;
    std::copy_if(family.begin(), family.end(), std::back_inserter(tested),
                 [](const Comparison* c) { return c->p.has_value(); });
    std::vector<double> p_values;
    for (const auto* c : tested) p_values.push_back(*c->p);
    adjust_equivalence(tested);
    const auto adjusted = statistics::holm_after(omnibus ? omnibus->p_value : 0.0, p_values);
    for (std::size_t i = 0; i < tested.size(); ++i) {
        tested[i]->p = adjusted[i];
        // Where neither direction is better, a difference is a number and no finding.
        if (metric.better) tested[i]->finding = finding_of(*tested[i], metric, analysis);
    }
}

}  // namespace espalier::report
