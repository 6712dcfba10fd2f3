#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "lab/accuracy.h"
#include "lab/across_models.h"
#include "lab/comparison.h"
#include "lab/economics.h"
#include "lab/measures.h"
#include "lab/plan.h"
#include "lab/ranking.h"
#include "statistics/gum.h"
#include "store/records.h"

namespace espalier::lab {

/// How far the mean energy per image may be from the truth, in J: the scatter of the blocks (type A) and the
/// meter's budget (type B) as the GUM combines them. The budget is kept whole and not divided by the blocks,
/// since it is not known how much of it repeats in every window.
struct EnergyUncertainty {
    statistics::UncertainFigure figure;
    statistics::CombinedUncertainty combined;
};

/// Nothing where fewer than two blocks have an energy, or one of them no budget.
std::optional<EnergyUncertainty> energy_uncertainty(const Measures& measures);

/// One variant against the baseline of its model.
struct VariantFindings {
    store::Id variant_id = 0;
    std::string tactic;                ///< behind its runtime where the study has several (store::label)
    std::optional<Comparison> energy;  ///< per image, in J; only of a source that counts
    std::optional<Comparison> time;    ///< per image, in s
    std::optional<Comparison> p95;
    std::optional<Comparison> cpu;  ///< processor time per image, in s
    std::optional<AccuracyComparison> accuracy;
    std::optional<EnergyUncertainty> uncertainty;  ///< of the mean energy per image
    /// Of treated / baseline, whatever both have of the meter's error left out.
    std::optional<statistics::CombinedUncertainty> ratio_uncertainty;
    std::optional<double> estimate_j;  ///< per image, of a tier E source: never compared, never tested
    std::vector<Payback> paybacks;
    std::string happened;  ///< evidence in one line; of an import, that there is none
    std::string rejected;  ///< why it cannot be recommended; empty where it can
    int done = 0;          ///< trials
    int failed = 0;
    int excluded = 0;  ///< trials that are done, but left out for a cause that the plan names

    /// The quantity by which variants are chosen: energy where it is measured, else time.
    const std::optional<Comparison>& primary() const { return energy ? energy : time; }
};

enum class Decision {
    kAdopt,               ///< a saving and an accuracy within the limit are both shown
    kAdoptProvisionally,  ///< a saving is shown; no loss of accuracy beyond the limit was seen, but too few
                          ///< images were classified to exclude one
    kKeep,                ///< nothing admissible saves: ship the original
    kNone,                ///< the study cannot tell: too few blocks, or no baseline
};

/// "adopt", "adopt-if-accuracy-holds", "keep-original", "none".
std::string name(Decision decision);

/// The recommendation for one model.
struct ModelVerdict {
    store::Id model_id = 0;
    std::string model;
    Decision decision = Decision::kNone;
    std::string recommendation = "baseline";  ///< label of the variant to ship
    std::string because;                      ///< one sentence
    bool by_energy = false;                   ///< compared by energy; otherwise by time
    EnergySource source;
    std::optional<double> baseline_estimate_j;  ///< per image, tier E
    std::optional<EnergyUncertainty> baseline_uncertainty;
    int baseline_excluded = 0;  ///< trials of the baseline, as VariantFindings::excluded
    std::optional<Share> baseline_top1;
    std::vector<VariantFindings> variants;  ///< without the baseline
    /// Whether baseline and variants are all alike in a quantity, and how they rank in it; "energy" or "time"
    /// is the one by which variants are chosen, "p95_time" and "cpu_time" are the others.
    std::map<std::string, Contest> contests;
    std::vector<std::string> cautions;

    /// The contest of the quantity by which variants are chosen; empty where there are too few blocks.
    const Contest& contest() const;
    /// Findings of the recommended variant, or null when the original is kept.
    const VariantFindings* chosen() const;
};

struct StudyVerdict {
    std::string study;  ///< key
    int batch = 1;
    int threads = 1;
    int blocks = 0;
    std::int64_t images = 0;
    LimitSettings limits;
    CostSettings costs;
    bool complete = true;                         ///< every trial is done or failed
    std::optional<store::ImportRecord> imported;  ///< what was measured elsewhere holds for that place
    std::vector<ModelVerdict> models;
    std::optional<AcrossModels> across;  ///< of two models or more
};

/// Compares every variant with the baseline of its model and recommends.
///
/// A variant is admissible when its top-1 accuracy is not worse by more than limits.max_accuracy_drop: shown
/// by the 95 % interval of the paired difference (kNotWorse), or, only where no such variant saves, not
/// excluded by it while the observed loss is within the limit (kNotShown): then the decision is
/// kAdoptProvisionally and says how many images would settle it. Among admissible variants the one with the
/// greatest shown saving of the primary quantity is recommended: energy of tiers A to D, otherwise time per
/// image. Otherwise the original is kept. A saving is shown when the exact signed-rank test over blocks,
/// Holm-adjusted over the variants of the model, rejects at 5 %, and so does Friedman's test over all of them
/// (where there are two variants or more), the bootstrap interval of the ratio of medians leaves out 1, and
/// it is at least limits.min_effect. With fewer than kBlocksForTests blocks nothing is tested and nothing is
/// recommended.
StudyVerdict judge(const store::StudyRecord& study, const LimitSettings& limits, const CostSettings& costs,
                   const statistics::BootstrapOptions& bootstrap = {});

/// What the tests say of a comparison, to be put after its number: "" where a difference is shown, ", no
/// difference" where it is shown that there is none, ", not shown", ", not tested".
std::string strength(const Comparison& comparison);

/// What a verdict holds for: machine, batch, threads and images, "unknown" where an import does not tell.
std::vector<std::string> conditions_of(const StudyVerdict& verdict);

/// For people. `verbose` adds the arithmetic of the pay-back, every p-value and what was compared.
std::string describe(const StudyVerdict& verdict, bool verbose);

/// "espalier.verdict/1".
nlohmann::json to_json(const StudyVerdict& verdict);

/// Evidence of a variant against that of the baseline (JSON of runtimes::Evidence), in one line; empty where
/// either is missing.
std::string describe_evidence(const std::string& baseline, const std::string& treated);

}  // namespace espalier::lab
