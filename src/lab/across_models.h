#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "lab/ranking.h"
#include "statistics/interval.h"

namespace espalier::lab {

struct ModelVerdict;

/// One tactic over several models. The model is the unit: each gives one ratio, however many blocks it had.
struct TacticAcross {
    std::string tactic;
    std::size_t models = 0;       ///< in which it could be compared
    std::size_t saving = 0;       ///< in which its saving is shown and at least the least effect
    std::size_t admissible = 0;   ///< in which its accuracy does not rule it out
    std::size_t recommended = 0;  ///< in which it is what the verdict recommends
    double ratio = 1.0;           ///< typical variant / baseline: Hodges-Lehmann of the models' log ratios
    /// Exact, from the signed-rank test over models; nothing for fewer than 6 models.
    std::optional<statistics::Interval> interval;
};

/// Models of one kind, and what suits them.
struct FamilyAcross {
    std::string family;  ///< "convolution", "transformer", "hybrid", the architecture where that is not known
    std::vector<std::string> models;
    std::vector<TacticAcross> tactics;  ///< the greatest saving first
    /// The tactic with the greatest typical saving of those that save and are admissible in every model of
    /// the family; empty where none does.
    std::string best;
};

/// The models of a study compared with each other: which tactic, for which family.
struct AcrossModels {
    bool by_energy = false;  ///< ratios are of energy, which all models measured by the same meter; else time
    std::vector<TacticAcross> tactics;  ///< over all models, the greatest saving first
    std::vector<FamilyAcross> families;
    /// Tactics and the baseline over models as blocks, as shares of the baseline; empty below kBlocksForTests
    /// models that have all of them.
    Contest contest;
};

/// Nothing for fewer than two models or where no variant could be compared. `architectures[i]` is that of
/// models[i]; `min_effect` as in LimitSettings. Throws Error when the lengths differ.
std::optional<AcrossModels> compare_models(const std::vector<ModelVerdict>& models,
                                           const std::vector<std::string>& architectures, double min_effect);

/// A few lines for people: what suits each family.
std::string describe(const AcrossModels& across, bool verbose);

nlohmann::json to_json(const AcrossModels& across);

}  // namespace espalier::lab
