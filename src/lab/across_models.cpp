#include "lab/across_models.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "lab/numbers.h"
#include "lab/verdict.h"
#include "models/family.h"
#include "statistics/effect_size.h"

namespace espalier::lab {
namespace {

using nlohmann::json;
using Models = std::vector<const ModelVerdict*>;

std::string family_of(const std::string& architecture) {
    const auto known = models::family(architecture);
    return known.empty() ? architecture : std::string(known);
}

bool same_energy(const std::vector<ModelVerdict>& models) {
    const auto& first = models.front().source;
    return std::all_of(models.begin(), models.end(), [&](const ModelVerdict& model) {
        return model.by_energy && model.source.meter == first.meter && model.source.tier == first.tier &&
               model.source.scope == first.scope;
    });
}

const std::optional<Comparison>& quantity(const VariantFindings& variant, bool by_energy) {
    return by_energy ? variant.energy : variant.time;
}

/// Findings of a tactic, or null where the model was not studied under it.
const VariantFindings* find(const ModelVerdict& model, const std::string& tactic) {
    for (const auto& variant : model.variants) {
        if (variant.tactic == tactic) return &variant;
    }
    return nullptr;
}

/// The variant / baseline of every model that has one. The "block" is the model: it is the unit here.
std::vector<statistics::BlockValue> ratios(const Models& models, const std::string& tactic, bool by_energy) {
    std::vector<statistics::BlockValue> values;
    for (std::size_t i = 0; i < models.size(); ++i) {
        const auto* variant = find(*models[i], tactic);
        if (variant == nullptr || !quantity(*variant, by_energy)) continue;
        values.push_back({static_cast<std::int64_t>(i), quantity(*variant, by_energy)->ratio});
    }
    return values;
}

std::vector<statistics::BlockValue> ones(std::size_t models) {
    std::vector<statistics::BlockValue> values;
    for (std::size_t i = 0; i < models; ++i) values.push_back({static_cast<std::int64_t>(i), 1.0});
    return values;
}

/// Nothing where no model could compare the tactic.
std::optional<TacticAcross> summarize(const Models& models, const std::string& tactic, bool by_energy,
                                      double min_effect) {
    const auto values = ratios(models, tactic, by_energy);
    if (values.empty()) return std::nullopt;
    TacticAcross across{.tactic = tactic, .models = values.size()};
    for (const auto* model : models) {
        const auto* variant = find(*model, tactic);
        if (variant == nullptr) continue;
        const auto& compared = quantity(*variant, by_energy);
        across.saving += compared && compared->saves(min_effect) ? 1 : 0;
        across.admissible += variant->rejected.empty() ? 1 : 0;
        across.recommended += model->recommendation == tactic ? 1 : 0;
    }
    const auto typical = statistics::hodges_lehmann_ratio(
        {statistics::Repetitions(ones(models.size())), statistics::Repetitions(values)});
    across.ratio = typical.value;
    across.interval = typical.interval;
    return across;
}

std::vector<std::string> tactics_of(const Models& models) {
    std::vector<std::string> tactics;
    for (const auto* model : models) {
        for (const auto& variant : model->variants) {
            if (std::find(tactics.begin(), tactics.end(), variant.tactic) == tactics.end())
                tactics.push_back(variant.tactic);
        }
    }
    return tactics;
}

std::vector<TacticAcross> summarize_all(const Models& models, bool by_energy, double min_effect) {
    std::vector<TacticAcross> all;
    for (const auto& tactic : tactics_of(models)) {
        if (auto across = summarize(models, tactic, by_energy, min_effect)) all.push_back(std::move(*across));
    }
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.ratio < b.ratio; });
    return all;
}

FamilyAcross summarize_family(const std::string& family, const Models& models, bool by_energy,
                              double min_effect) {
    FamilyAcross result{.family = family};
    for (const auto* model : models) result.models.push_back(model->model);
    result.tactics = summarize_all(models, by_energy, min_effect);
    for (const auto& tactic : result.tactics) {
        if (tactic.saving < models.size() || tactic.admissible < models.size()) continue;
        result.best = tactic.tactic;
        break;
    }
    return result;
}

Contest contest_of(const Models& models, bool by_energy, double min_effect) {
    std::vector<Candidate> candidates = {{"baseline", ones(models.size())}};
    for (const auto& tactic : tactics_of(models))
        candidates.push_back({tactic, ratios(models, tactic, by_energy)});
    return contest(candidates, min_effect);
}

std::string family_line(const FamilyAcross& family, bool by_energy) {
    const std::string head = fmt::format("  {} ({} model{}): ", family.family, family.models.size(),
                                         family.models.size() == 1 ? "" : "s");
    const auto best = std::find_if(family.tactics.begin(), family.tactics.end(),
                                   [&](const auto& tactic) { return tactic.tactic == family.best; });
    if (best == family.tactics.end())
        return head + "no tactic saves in all of them without being ruled out by accuracy\n";
    return head + fmt::format("{}, {} {}\n", best->tactic, percent_change(best->ratio),
                              by_energy ? "energy" : "time");
}

std::string tactic_line(const TacticAcross& tactic) {
    std::string text = fmt::format(
        "  {:<28} {:<9} {} models: saving shown in {}, not ruled out by accuracy in {}", tactic.tactic,
        percent_change(tactic.ratio), tactic.models, tactic.saving, tactic.admissible);
    if (tactic.interval) {
        text += fmt::format("; {:.0f} % CI {} to {}", tactic.interval->level * 100.0,
                            percent_change(tactic.interval->low), percent_change(tactic.interval->high));
    }
    return text + "\n";
}

json number(const std::optional<double>& value) { return value ? json(*value) : json(nullptr); }

json tactic_json(const TacticAcross& tactic) {
    const auto& interval = tactic.interval;
    return {{"tactic", tactic.tactic},
            {"models", tactic.models},
            {"models_saving", tactic.saving},
            {"models_admissible", tactic.admissible},
            {"models_recommending", tactic.recommended},
            {"change_ratio", tactic.ratio - 1.0},
            {"ci", interval ? json{interval->low - 1.0, interval->high - 1.0} : json(nullptr)},
            {"ci_level", number(interval ? std::optional(interval->level) : std::nullopt)}};
}

json tactics_json(const std::vector<TacticAcross>& tactics) {
    json all = json::array();
    for (const auto& tactic : tactics) all.push_back(tactic_json(tactic));
    return all;
}

}  // namespace

std::optional<AcrossModels> compare_models(const std::vector<ModelVerdict>& models,
                                           const std::vector<std::string>& architectures, double min_effect) {
    if (models.size() != architectures.size())
        fail("{} models cannot have {} architectures", models.size(), architectures.size());
    if (models.size() < 2) return std::nullopt;
    AcrossModels across;
    across.by_energy = same_energy(models);
    Models all;
    std::map<std::string, Models> families;
    for (std::size_t i = 0; i < models.size(); ++i) {
        all.push_back(&models[i]);
        families[family_of(architectures[i])].push_back(&models[i]);
    }
    across.tactics = summarize_all(all, across.by_energy, min_effect);
    if (across.tactics.empty()) return std::nullopt;
    for (const auto& [family, members] : families)
        across.families.push_back(summarize_family(family, members, across.by_energy, min_effect));
    across.contest = contest_of(all, across.by_energy, min_effect);
    return across;
}

std::string describe(const AcrossModels& across, bool verbose) {
    std::string text = "By family:\n";
    for (const auto& family : across.families) text += family_line(family, across.by_energy);
    if (!verbose) return text;
    text +=
        fmt::format("Over all models, by {}; the model is the unit:\n", across.by_energy ? "energy" : "time");
    for (const auto& tactic : across.tactics) text += tactic_line(tactic);
    if (across.contest.ranking.empty())
        return text + fmt::format("  fewer than {} models: not tested\n", kBlocksForTests);
    return text + describe(across.contest, "models");
}

json to_json(const AcrossModels& across) {
    json families = json::array();
    for (const auto& family : across.families) {
        families.push_back({{"family", family.family},
                            {"models", family.models},
                            {"best", family.best.empty() ? json(nullptr) : json(family.best)},
                            {"tactics", tactics_json(family.tactics)}});
    }
    return {{"quantity", across.by_energy ? "energy" : "time"},
            {"tactics", tactics_json(across.tactics)},
            {"families", families},
            {"omnibus", omnibus_json(across.contest.omnibus)},
            {"ranking", ranking_json(across.contest.ranking)}};
}

}  // namespace espalier::lab
