#include "lab/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/error.h"
#include "lab/numbers.h"
#include "store/notes.h"

namespace espalier::lab {
namespace {

/// Trials of one variant, in the order of the design.
std::vector<const store::TrialRecord*> trials_of(const store::StudyRecord& study, store::Id variant) {
    std::vector<const store::TrialRecord*> trials;
    for (const auto& trial : study.trials) {
        if (trial.variant_id == variant) trials.push_back(&trial);
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
    VariantFindings find(const store::VariantRecord& variant) const;
    void adjust_families();
    void reject_inadmissible();
    void decide();
    void keep_original();
    const VariantFindings* best(AccuracyVerdict wanted) const;
    void add_cautions();

    const store::StudyRecord& study_;
    const LimitSettings& limits_;
    const CostSettings& costs_;
    const statistics::BootstrapOptions& bootstrap_;
    std::vector<const store::VariantRecord*> variants_;
    const store::VariantRecord* baseline_ = nullptr;
    Measures baseline_measures_;
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
    std::string device;  // a plan names one runtime, and so one device, for all variants
    for (const auto& variant : study.variants) {
        if (variant.model_id != model.id) continue;
        device = variant.device;
        if (variant.is_baseline) {
            baseline_ = &variant;
        } else {
            variants_.push_back(&variant);
        }
        const auto own = trials_of(study, variant.id);
        all.insert(all.end(), own.begin(), own.end());
    }
    std::sort(all.begin(), all.end(), [](const auto* a, const auto* b) {
        return std::pair(a->block, a->position) < std::pair(b->block, b->position);
    });
    verdict_.source = choose_energy_source(all, device);
    verdict_.by_energy = verdict_.source.counts();
}

ModelVerdict ModelJudge::judge() {
    if (baseline_ == nullptr)
        fail("the study holds no baseline of {}; nothing can be compared", verdict_.model);
    const auto trials = trials_of(study_, baseline_->id);
    baseline_measures_ = read_measures(trials, baseline_->batch, verdict_.source);
    baseline_evidence_ = first_evidence(trials);
    if (baseline_->prediction) verdict_.baseline_top1 = accuracy(*baseline_->prediction, 1);
    if (!verdict_.by_energy) verdict_.baseline_estimate_j = median_of(baseline_measures_.energy_j);
    for (const auto* variant : variants_) verdict_.variants.push_back(find(*variant));
    adjust_families();
    reject_inadmissible();
    decide();
    add_cautions();
    return std::move(verdict_);
}

VariantFindings ModelJudge::find(const store::VariantRecord& variant) const {
    const auto trials = trials_of(study_, variant.id);
    const Measures measures = read_measures(trials, variant.batch, verdict_.source);
    VariantFindings findings;
    findings.variant_id = variant.id;
    findings.tactic = variant.tactic;
    findings.done = measures.done;
    findings.failed = measures.failed;
    if (verdict_.by_energy) {
        findings.energy = compare(baseline_measures_.energy_j, measures.energy_j, bootstrap_);
    } else {
        findings.estimate_j = median_of(measures.energy_j);
    }
    findings.time = compare(baseline_measures_.time_s, measures.time_s, bootstrap_);
    findings.p95 = compare(baseline_measures_.p95_s, measures.p95_s, bootstrap_);
    findings.cpu = compare(baseline_measures_.cpu_s, measures.cpu_s, bootstrap_);
    if (baseline_->prediction && variant.prediction) {
        findings.accuracy =
            compare_accuracy(*baseline_->prediction, *variant.prediction, limits_.max_accuracy_drop);
    }
    findings.paybacks = paybacks(baseline_measures_, measures, verdict_.source, costs_, bootstrap_);
    findings.happened = describe_evidence(baseline_evidence_, first_evidence(trials));
    if (measures.done == 0 && measures.failed > 0)
        findings.rejected = "every trial failed: " + measures.error;
    return findings;
}

void ModelJudge::adjust_families() {
    for (const auto member :
         {&VariantFindings::energy, &VariantFindings::time, &VariantFindings::p95, &VariantFindings::cpu}) {
        std::vector<Comparison*> family;
        for (auto& variant : verdict_.variants) {
            if (variant.*member) family.push_back(&*(variant.*member));
        }
        adjust(family);
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
    std::map<std::string, int> by_trial;
    for (const auto& note : study_.notes) {
        if (note.trial_id == 0) {
            if (store::weakens(note)) verdict_.cautions.push_back(note.text);
        } else {
            ++by_trial[note.code];
        }
    }
    const auto tell = [&](const char* code, const char* text) {
        if (const int count = by_trial[code]; count > 0) {
            verdict_.cautions.push_back(
                fmt::format("in {} of {} trials {}", count, study_.trials.size(), text));
        }
    };
    tell("steal", "the hypervisor took more than 1 % of the processor time");
    tell("load", "the machine was busy with something else");
    tell("governor", "the frequency governor changed");
    tell("warm-up", "warm-up ended before the calls were steady");
    tell("predictions-differ", "a variant predicted differently than before");
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
    if (!study.variants.empty()) {
        verdict.batch = study.variants.front().batch;
        verdict.threads = study.variants.front().threads;
    }
    verdict.complete = std::all_of(study.trials.begin(), study.trials.end(), [](const auto& trial) {
        return trial.state == store::TrialState::kDone || trial.state == store::TrialState::kFailed;
    });
    for (const auto& model : study.models)
        verdict.models.push_back(ModelJudge(study, model, limits, costs, bootstrap).judge());
    return verdict;
}

}  // namespace espalier::lab
