#include "lab/ranking.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "lab/comparison.h"
#include "lab/numbers.h"
#include "statistics/scott_knott.h"
#include "statistics/summary.h"

namespace espalier::lab {
namespace {

using nlohmann::json;
using statistics::BlockedRepetitions;

/// Logarithms, so that noise in proportion to the value, such as drift, is common to the runs of a block.
/// Nothing where a value has none.
std::optional<statistics::Repetitions> logarithms(const Candidate& candidate) {
    std::vector<statistics::BlockValue> values = candidate.values;
    for (auto& entry : values) {
        if (!(entry.value > 0.0)) return std::nullopt;
        entry.value = std::log(entry.value);
    }
    return statistics::Repetitions(values);
}

std::vector<Ranked> rank(const std::vector<Candidate>& candidates, const BlockedRepetitions& blocked,
                         double min_effect) {
    const auto ranking = statistics::scott_knott(blocked, {.least_difference = -std::log1p(-min_effect)});
    std::vector<Ranked> ranked;
    for (const std::size_t i : ranking.order) {
        const double middle = std::exp(statistics::median(blocked.treatment(i)));
        ranked.push_back({candidates[i].tactic, ranking.group[i], middle});
    }
    return ranked;
}

}  // namespace

Contest contest(const std::vector<Candidate>& candidates, double min_effect) {
    std::vector<statistics::Repetitions> samples;
    for (const auto& candidate : candidates) {
        auto logs = logarithms(candidate);
        if (!logs) return {};
        samples.push_back(std::move(*logs));
    }
    if (samples.size() < 2) return {};
    const BlockedRepetitions blocked(samples);
    if (blocked.size() < kBlocksForTests) return {};
    Contest result;
    if (samples.size() > 2) result.omnibus = statistics::friedman(blocked);
    if (min_effect < 1.0) result.ranking = rank(candidates, blocked, min_effect);
    return result;
}

std::string describe(const Contest& contest, const std::string& units) {
    std::string text;
    if (const auto& test = contest.omnibus) {
        text += fmt::format("  all alike? Friedman over {} {}: chi2({}) {:.1f}, p {}\n", test->used, units,
                            test->degrees_of_freedom, test->statistic, p_text(test->p_value));
    }
    if (contest.ranking.empty()) return text;
    text += "  groups, the least first:";
    for (std::size_t i = 0; i < contest.ranking.size(); ++i) {
        const auto& one = contest.ranking[i];
        const bool opens = i == 0 || one.group != contest.ranking[i - 1].group;
        text +=
            opens ? fmt::format("{} {}. {}", i == 0 ? "" : ";", one.group, one.tactic) : ", " + one.tactic;
    }
    return text + "\n";
}

json omnibus_json(const std::optional<statistics::Omnibus>& omnibus) {
    if (!omnibus) return nullptr;
    return {{"test", "Friedman"},
            {"statistic", omnibus->statistic},
            {"degrees_of_freedom", omnibus->degrees_of_freedom},
            {"p_value", omnibus->p_value},
            {"units", omnibus->used}};
}

json ranking_json(const std::vector<Ranked>& ranking) {
    json places = json::array();
    for (const auto& one : ranking)
        places.push_back({{"tactic", one.tactic}, {"group", one.group}, {"median", one.median}});
    return places;
}

}  // namespace espalier::lab
