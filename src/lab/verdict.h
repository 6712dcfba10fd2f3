#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "lab/accuracy.h"
#include "lab/comparison.h"
#include "lab/economics.h"
#include "lab/measures.h"
#include "lab/plan.h"
#include "store/records.h"

namespace espalier::lab {

/// One variant against the baseline of its model.
struct VariantFindings {
    store::Id variant_id = 0;
    std::string tactic;
    std::optional<Comparison> energy;  ///< per image, in J; only of a source that counts
    std::optional<Comparison> time;    ///< per image, in s
    std::optional<Comparison> p95;
    std::optional<Comparison> cpu;  ///< processor time per image, in s
    std::optional<AccuracyComparison> accuracy;
    std::optional<double> estimate_j;  ///< per image, of a tier E source: never compared, never tested
    std::vector<Payback> paybacks;
    std::string happened;  ///< evidence in one line
    std::string rejected;  ///< why it cannot be recommended; empty where it can
    int done = 0;          ///< trials
    int failed = 0;

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
    std::string recommendation = "baseline";  ///< tactic to ship
    std::string because;                      ///< one sentence
    bool by_energy = false;                   ///< compared by energy; otherwise by time
    EnergySource source;
    std::optional<double> baseline_estimate_j;  ///< per image, tier E
    std::optional<Share> baseline_top1;
    std::vector<VariantFindings> variants;  ///< without the baseline
    std::vector<std::string> cautions;

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
    bool complete = true;  ///< every trial is done or failed
    std::vector<ModelVerdict> models;
};

/// Compares every variant with the baseline of its model and recommends.
///
/// A variant is admissible when its top-1 accuracy is not worse by more than limits.max_accuracy_drop: shown
/// by the 95 % interval of the paired difference (kNotWorse), or, only where no such variant saves, not
/// excluded by it while the observed loss is within the limit (kNotShown): then the decision is
/// kAdoptProvisionally and says how many images would settle it. Among admissible variants the one with the
/// greatest shown saving of the primary quantity is recommended: energy of tiers A to D, otherwise time per
/// image. Otherwise the original is kept. A saving is shown when the exact signed-rank test over blocks,
/// Holm-adjusted over the variants of the model, rejects at 5 %, the bootstrap interval of the ratio of
/// medians leaves out 1, and it is at least limits.min_effect. With fewer than kBlocksForTests blocks nothing
/// is tested and nothing is recommended.
StudyVerdict judge(const store::StudyRecord& study, const LimitSettings& limits, const CostSettings& costs,
                   const statistics::BootstrapOptions& bootstrap = {});

/// For people. `verbose` adds the arithmetic of the pay-back, every p-value and what was compared.
std::string describe(const StudyVerdict& verdict, bool verbose);

/// "espalier.verdict/1".
nlohmann::json to_json(const StudyVerdict& verdict);

/// Evidence of a variant against that of the baseline (JSON of runtimes::Evidence), in one line; empty where
/// either is missing.
std::string describe_evidence(const std::string& baseline, const std::string& treated);

}  // namespace espalier::lab
