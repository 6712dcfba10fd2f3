#include "lab/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "lab/numbers.h"
#include "statistics/summary.h"
#include "store/labels.h"
#include "store/notes.h"

namespace espalier::lab {
namespace {

/// Trials of one variant, in the order of the design, and how many of its trials are left out.
struct VariantTrials {
    std::vector<const store::TrialRecord*> kept;
    int excluded = 0;
};

VariantTrials trials_of(const store::StudyRecord& study, store::Id variant) {
    const auto excluded = store::excluded_trials(study);
    VariantTrials trials;
    for (const auto& trial : study.trials) {
        if (trial.variant_id != variant) continue;
        if (excluded.contains(trial.id)) {
            ++trials.excluded;
        } else {
            trials.kept.push_back(&trial);
        }
    }
    return trials;
}

std::string first_evidence(const std::vector<const store::TrialRecord*>& trials) {
    for (const auto* trial : trials) {
        if (!trial->evidence.empty()) return trial->evidence;
    }
    return "";
}

/// One model's share of a study, and how its verdict is found.
class ModelJudge {
  public:
    ModelJudge(const store::StudyRecord& study, const store::ModelRecord& model, const LimitSettings& limits,
               const CostSettings& costs, const statistics::BootstrapOptions& bootstrap);
    ModelVerdict judge();

  private:
    std::optional<EnergyUncertainty> uncertainty_of(const Measures& measures) const;
    VariantFindings find(const store::VariantRecord& variant, const Measures& measures) const;
    void adjust_families();
    Contest hold_contest(std::optional<Comparison> VariantFindings::*member,
                         std::vector<statistics::BlockValue> Measures::*values) const;
    void reject_inadmissible();
    void decide();
    void keep_original();
    const VariantFindings* best(AccuracyVerdict wanted) const;
    void add_cautions();
    void tell_exclusions();

    const store::StudyRecord& study_;
    const LimitSettings& limits_;
    const CostSettings& costs_;
    const statistics::BootstrapOptions& bootstrap_;
    std::vector<const store::VariantRecord*> variants_;
    const store::VariantRecord* baseline_ = nullptr;
    Measures baseline_measures_;
    std::vector<Measures> measures_;  ///< of variants_
    std::string baseline_evidence_;
    ModelVerdict verdict_;
};

ModelJudge::ModelJudge(const store::StudyRecord& study, const store::ModelRecord& model,
                       const LimitSettings& limits, const CostSettings& costs,
                       const statistics::BootstrapOptions& bootstrap)
    : study_(study), limits_(limits), costs_(costs), bootstrap_(bootstrap) {
    verdict_.model_id = model.id;
    verdict_.model = model.name;
    std::vector<const store::TrialRecord*> all;
    std::string device;  // a plan names one for all variants
    for (const auto& variant : study.variants) {
        if (variant.model_id != model.id) continue;
        device = variant.device;
        if (variant.is_baseline) {
            baseline_ = &variant;
        } else {
            variants_.push_back(&variant);
        }
        const auto own = trials_of(study, variant.id).kept;
        all.insert(all.end(), own.begin(), own.end());
    }
    std::sort(all.begin(), all.end(), [](const auto* a, const auto* b) {
        return std::pair(a->block, a->position) < std::pair(b->block, b->position);
    });
    verdict_.source = choose_energy_source(all, device);
    verdict_.by_energy = verdict_.source.counts();
}

ModelVerdict ModelJudge::judge() {
    if (baseline_ == nullptr) {
        verdict_.because = "there is no baseline to compare with";
        add_cautions();
        return std::move(verdict_);
    }
    verdict_.recommendation = store::label(study_, *baseline_);
    const auto trials = trials_of(study_, baseline_->id);
    verdict_.baseline_excluded = trials.excluded;
    baseline_measures_ = read_measures(trials.kept, baseline_->batch, verdict_.source);
    baseline_evidence_ = first_evidence(trials.kept);
    if (baseline_->prediction) verdict_.baseline_top1 = accuracy(*baseline_->prediction, 1);
    if (!verdict_.by_energy) verdict_.baseline_estimate_j = median_of(baseline_measures_.energy_j);
    verdict_.baseline_uncertainty = uncertainty_of(baseline_measures_);
    for (const auto* variant : variants_) {
        measures_.push_back(
            read_measures(trials_of(study_, variant->id).kept, variant->batch, verdict_.source));
        verdict_.variants.push_back(find(*variant, measures_.back()));
    }
    adjust_families();
    reject_inadmissible();
    decide();
    add_cautions();
    return std::move(verdict_);
}

/// Only of energy that is measured.
std::optional<EnergyUncertainty> ModelJudge::uncertainty_of(const Measures& measures) const {
    return verdict_.by_energy ? energy_uncertainty(measures) : std::nullopt;
}

VariantFindings ModelJudge::find(const store::VariantRecord& variant, const Measures& measures) const {
    const auto trials = trials_of(study_, variant.id);
    VariantFindings findings;
    findings.variant_id = variant.id;
    findings.tactic = store::label(study_, variant);
    findings.done = measures.done;
    findings.failed = measures.failed;
    findings.excluded = trials.excluded;
    if (verdict_.by_energy) {
        findings.energy =
            compare(baseline_measures_.energy_j, measures.energy_j, limits_.min_effect, bootstrap_);
        findings.uncertainty = uncertainty_of(measures);
        if (findings.energy && findings.uncertainty && verdict_.baseline_uncertainty) {
            const auto change = statistics::ratio(findings.uncertainty->figure,
                                                  verdict_.baseline_uncertainty->figure, /*same_meter=*/true);
            findings.ratio_uncertainty = statistics::combine(change.sources);
        }
    } else {
        findings.estimate_j = median_of(measures.energy_j);
    }
    findings.time = compare(baseline_measures_.time_s, measures.time_s, limits_.min_effect, bootstrap_);
    findings.p95 = compare(baseline_measures_.p95_s, measures.p95_s, limits_.min_effect, bootstrap_);
    findings.cpu = compare(baseline_measures_.cpu_s, measures.cpu_s, limits_.min_effect, bootstrap_);
    if (baseline_->prediction && variant.prediction) {
        findings.accuracy =
            compare_accuracy(*baseline_->prediction, *variant.prediction, limits_.max_accuracy_drop);
    }
    findings.paybacks = paybacks(baseline_measures_, measures, verdict_.source, costs_, bootstrap_);
    findings.happened = study_.imported ? "unknown: what was imported holds no evidence"
                                        : describe_evidence(baseline_evidence_, first_evidence(trials.kept));
    if (measures.done == 0 && measures.failed > 0)
        findings.rejected = "every trial failed: " + measures.error;
    return findings;
}

/// The baseline and the variants that were tested against it.
Contest ModelJudge::hold_contest(std::optional<Comparison> VariantFindings::*member,
                                 std::vector<statistics::BlockValue> Measures::*values) const {
    std::vector<Candidate> candidates = {{store::label(study_, *baseline_), baseline_measures_.*values}};
    for (std::size_t i = 0; i < measures_.size(); ++i) {
        const auto& comparison = verdict_.variants[i].*member;
        if (comparison && comparison->p_value)
            candidates.push_back({verdict_.variants[i].tactic, measures_[i].*values});
    }
    return contest(candidates, limits_.min_effect);
}

void ModelJudge::adjust_families() {
    struct Quantity {
        const char* name;
        std::optional<Comparison> VariantFindings::*member;
        std::vector<statistics::BlockValue> Measures::*values;
    };
    constexpr Quantity kQuantities[] = {{"energy", &VariantFindings::energy, &Measures::energy_j},
                                        {"time", &VariantFindings::time, &Measures::time_s},
                                        {"p95_time", &VariantFindings::p95, &Measures::p95_s},
                                        {"cpu_time", &VariantFindings::cpu, &Measures::cpu_s}};
    for (const auto& quantity : kQuantities) {
        std::vector<Comparison*> family;
        for (auto& variant : verdict_.variants) {
            if (variant.*(quantity.member)) family.push_back(&*(variant.*(quantity.member)));
        }
        auto& held = verdict_.contests[quantity.name];
        // Energy that does not count is never compared, so it has no contest either.
        if (!family.empty()) held = hold_contest(quantity.member, quantity.values);
        adjust(family, held.omnibus ? std::optional(held.omnibus->p_value) : std::nullopt);
    }
}

void ModelJudge::reject_inadmissible() {
    for (auto& variant : verdict_.variants) {
        if (!variant.rejected.empty()) continue;
        if (!variant.accuracy) {
            variant.rejected = "its predictions are missing";
        } else if (variant.accuracy->verdict == AccuracyVerdict::kWorse) {
            variant.rejected = "top-1 " + points(variant.accuracy->difference);
        }
    }
}

/// The admissible variant of that accuracy with the greatest shown saving, or null.
const VariantFindings* ModelJudge::best(AccuracyVerdict wanted) const {
    const VariantFindings* found = nullptr;
    for (const auto& variant : verdict_.variants) {
        const auto& primary = verdict_.by_energy ? variant.energy : variant.time;
        const bool admissible =
            variant.rejected.empty() && variant.accuracy && variant.accuracy->verdict == wanted;
        if (!admissible || !primary || !primary->saves(limits_.min_effect)) continue;
        if (found == nullptr || primary->ratio < found->primary()->ratio) found = &variant;
    }
    return found;
}

void ModelJudge::decide() {
    const char* quantity = verdict_.by_energy ? "energy" : "time";
    const auto take = [&](const VariantFindings& variant, Decision decision, const char* accuracy) {
        verdict_.decision = decision;
        verdict_.recommendation = variant.tactic;
        verdict_.because = fmt::format("it shows the greatest saving of {}, {}, and {}", quantity,
                                       percent_change(variant.primary()->ratio), accuracy);
    };
    if (const auto* variant = best(AccuracyVerdict::kNotWorse)) {
        take(*variant, Decision::kAdopt, "its accuracy is shown to be within the limit");
    } else if (const auto* other = best(AccuracyVerdict::kNotShown)) {
        take(*other, Decision::kAdoptProvisionally,
             "no loss of accuracy beyond the limit was seen, but the images are too few to exclude one");
    } else {
        keep_original();
    }
}

void ModelJudge::keep_original() {
    const auto tested = [](const VariantFindings& variant) {
        return variant.primary() && variant.primary()->p_value;
    };
    if (std::any_of(verdict_.variants.begin(), verdict_.variants.end(), tested)) {
        verdict_.decision = Decision::kKeep;
        verdict_.because = verdict_.variants.empty() ? "no tactic was studied"
                                                     : "no variant within the accuracy limit shows a saving";
        return;
    }
    verdict_.decision = Decision::kNone;
    verdict_.because = fmt::format(
        "complete blocks: {} of the {} that any claim needs, so values are described and not tested",
        baseline_measures_.done, least_blocks(std::max<std::size_t>(variants_.size(), 1)));
    if (variants_.empty()) verdict_.because = "only the baseline was studied";
    if (baseline_measures_.done == 0) verdict_.because = "no trial of the baseline is complete";
}

void ModelJudge::add_cautions() {
    std::map<std::string, std::set<store::Id>> by_code;  // a trial may have one note for each of its meters
    for (const auto& note : study_.notes) {
        if (note.trial_id == 0) {
            if (store::weakens(note)) verdict_.cautions.push_back(note.text);
        } else {
            by_code[note.code].insert(note.trial_id);
        }
    }
    const auto tell = [&](const char* code, const char* text) {
        if (const auto count = by_code[code].size(); count > 0) {
            verdict_.cautions.push_back(
                fmt::format("in {} of {} trials {}", count, study_.trials.size(), text));
        }
    };
    tell("steal", "the hypervisor took more than 1 % of the processor time");
    tell("load", "the machine was busy with something else");
    tell("foreign-load", "other programs used more than a tenth of the processor time");
    tell("governor", "the frequency governor changed");
    tell("turbo", "turbo was switched on or off");
    tell("power-limit", "the processor's power limit changed");
    tell("throttled", "heat held processor cores down");
    tell("gpu-throttled", "heat or its power limit held a GPU down");
    tell("thermal", "the processor began warmer or colder than in the first");
    tell("swap", "memory was swapped");
    tell("battery", "the machine ran on its battery");
    tell("suspended", "the machine slept");
    tell("idle-drift", "the power at rest changed by more than 3 %");
    tell("net-not-positive", "the energy was less than the machine draws at rest");
    tell("warm-up", "warm-up ended before the calls were steady");
    tell("conservation", "the parts drew more than the whole machine: something is counted twice");
    tell("predictions-differ", "a variant predicted differently than before");
    tell_exclusions();
}

/// By arm: what is left out of one more than of others may favour it.
void ModelJudge::tell_exclusions() {
    std::string counts;
    const auto add = [&](const std::string& tactic, int count) {
        if (count > 0) counts += fmt::format("{}{} {}", counts.empty() ? "" : ", ", tactic, count);
    };
    if (baseline_ != nullptr) add(baseline_->tactic, verdict_.baseline_excluded);
    for (const auto& variant : verdict_.variants) add(variant.tactic, variant.excluded);
    if (!counts.empty()) verdict_.cautions.push_back("trials left out, as the plan says: " + counts);
}

}  // namespace

std::string name(Decision decision) {
    switch (decision) {
        case Decision::kAdopt:
            return "adopt";
        case Decision::kAdoptProvisionally:
            return "adopt-if-accuracy-holds";
        case Decision::kKeep:
            return "keep-original";
        case Decision::kNone:
            return "none";
    }
    return "";
}

std::optional<EnergyUncertainty> energy_uncertainty(const Measures& measures) {
    const auto figure = statistics::mean_with_uncertainty(statistics::Repetitions(measures.energy_j),
                                                          statistics::Repetitions(measures.budget_j));
    if (!figure) return std::nullopt;
    return EnergyUncertainty{*figure, statistics::combine(figure->sources)};
}

const Contest& ModelVerdict::contest() const {
    static const Contest none;
    const auto found = contests.find(by_energy ? "energy" : "time");
    return found == contests.end() ? none : found->second;
}

const VariantFindings* ModelVerdict::chosen() const {
    for (const auto& variant : variants) {
        if (variant.tactic == recommendation) return &variant;
    }
    return nullptr;
}

StudyVerdict judge(const store::StudyRecord& study, const LimitSettings& limits, const CostSettings& costs,
                   const statistics::BootstrapOptions& bootstrap) {
    StudyVerdict verdict;
    verdict.study = study.key;
    verdict.blocks = study.blocks;
    verdict.images = study.dataset.images;
    verdict.limits = limits;
    verdict.costs = costs;
    verdict.imported = study.imported;
    if (!study.variants.empty()) {
        verdict.batch = study.variants.front().batch;
        verdict.threads = study.variants.front().threads;
    }
    verdict.complete = std::all_of(study.trials.begin(), study.trials.end(), [](const auto& trial) {
        return trial.state == store::TrialState::kDone || trial.state == store::TrialState::kFailed;
    });
    std::vector<std::string> architectures;
    for (const auto& model : study.models) {
        verdict.models.push_back(ModelJudge(study, model, limits, costs, bootstrap).judge());
        architectures.push_back(model.architecture);
    }
    verdict.across = compare_models(verdict.models, architectures, limits.min_effect);
    return verdict;
}

}  // namespace espalier::lab
