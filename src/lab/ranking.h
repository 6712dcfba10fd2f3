#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "statistics/omnibus.h"
#include "statistics/repetitions.h"

namespace espalier::lab {

/// What one variant, or one tactic, needs in each block, or of each model.
struct Candidate {
    std::string tactic;
    std::vector<statistics::BlockValue> values;  ///< positive
};

/// A place in a ranking.
struct Ranked {
    std::string tactic;
    std::size_t group = 1;  ///< 1 needs least; within a group no difference is shown that is worth a change
    double median = 0.0;    ///< over the blocks that all candidates have, in the unit of their values
};

/// Several candidates at once.
struct Contest {
    /// Friedman's test over complete blocks that all candidates are alike; of three or more.
    std::optional<statistics::Omnibus> omnibus;
    /// Groups of Scott-Knott ESD, by ranks of the logarithms; the least first.
    std::vector<Ranked> ranking;
};

/// Groups are parted only by differences of at least `min_effect`, as a share of the larger. Empty for fewer
/// than two candidates, fewer than kBlocksForTests blocks that all of them have, or a value that is not
/// positive. By ranks, because blocks are too few to show that their noise is normal.
Contest contest(const std::vector<Candidate>& candidates, double min_effect);

/// Two lines for people: the omnibus test over `units` ("blocks", "models"), and the groups. Empty for an
/// empty contest.
std::string describe(const Contest& contest, const std::string& units);

/// {"test", "statistic", "degrees_of_freedom", "p_value", "units"}, or null.
nlohmann::json omnibus_json(const std::optional<statistics::Omnibus>& omnibus);

/// [{"tactic", "group", "median"}, ...], the least first.
nlohmann::json ranking_json(const std::vector<Ranked>& ranking);

}  // namespace espalier::lab
