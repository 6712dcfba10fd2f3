#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "passes/observer.h"
#include "passes/pass.h"

namespace espalier::tactics {

/// Order in which the parts of a composed tactic are applied, whatever order they were written in: channels
/// are taken out first, then weights are chosen, then what is left makes up for both, then the graph is
/// simplified, then what is left is quantized.
enum class Phase { kShrink, kPrune, kRepair, kCompile, kQuantize };

/// A treatment by its name, e.g. "global-pruning" with parameter "0.5". An empty parameter means the default.
struct Part {
    std::string name;
    std::string parameter;
    bool operator==(const Part&) const = default;
};

/// What a tactic that looks at images has before it.
struct Sight {
    passes::Observer& images;
    const graph::Graph& whole;             ///< the model as it came, before any part was applied
    std::vector<passes::KeptSlices> kept;  ///< of its operands that earlier parts cut
};

/// One row of the table of tactics.
struct Tactic {
    std::string_view name;
    std::string_view parameter;  ///< what may follow the colon, for help; empty when nothing may
    std::string_view summary;
    Phase phase;
    /// Canonical text of a parameter ("" gives the default). Throws a usage Error when it is not valid.
    std::string (*canonical)(std::string_view parameter);
    /// The passes to run for a canonical parameter; null for a tactic that looks at images.
    std::vector<passes::Pass> (*passes)(std::string_view parameter) = nullptr;
    /// The same for a tactic that looks at calibration images; null for one that does not. What is seen
    /// outlives the passes.
    std::vector<passes::Pass> (*calibrated_passes)(std::string_view parameter, const Sight& sight) = nullptr;
};

/// Images that a tactic which looks at some wants, where there are as many.
inline constexpr std::int64_t kCalibrationImages = 256;

/// All tactics. To add one: its file, declared below, and a row in tactic.cpp.
std::span<const Tactic> all_tactics();

extern const Tactic kBaseline;
extern const Tactic kCompile;
extern const Tactic kDynamicQuantization;
extern const Tactic kBf16;
extern const Tactic kLocalPruning;
extern const Tactic kGlobalPruning;
extern const Tactic kStaticQuantization;
extern const Tactic kBlockPruning;
extern const Tactic kChannelPruning;
extern const Tactic kRepair;

/// Parses "global-pruning:0.5+compile". Throws a usage Error with a suggestion for an unknown name, for a bad
/// or unexpected parameter, for a tactic given twice, for two of Phase::kQuantize, and for one of
/// Phase::kRepair without another that prunes. "baseline" composes with nothing.
std::vector<Part> parse(std::string_view text);

/// The text under which a composition is stored and compared: defaults written out, parts in the order of
/// their phases.
std::string canonical(const std::vector<Part>& parts);
std::string canonical(std::string_view text);

/// The canonical text without the parameters that are the defaults: as somebody writes it who leaves the
/// choice to whatever applies the tactic. Throws as parse().
std::string without_defaults(std::string_view text);

/// Whether one of the parts looks at calibration images.
bool needs_calibration(const std::vector<Part>& parts);
bool needs_calibration(std::string_view text);

/// What a tactic made of a graph.
struct Applied {
    graph::Graph graph;
    std::vector<passes::PassRecord> passes;
    std::vector<std::string> notes;  ///< what did not happen, e.g. a pass that found nothing to do

    /// Learned numbers that the model no longer has; below 0 where it got more.
    std::int64_t removed_parameters() const;

    /// What is left of the operands that passes cut. These come first of all, so that the nodes are those of
    /// the graph that the tactic was applied to.
    std::vector<passes::KeptSlices> kept() const;
};

/// Applies the parts to a verified graph in the order of their phases. `images` may be null where no part
/// looks at calibration images; a usage Error says so where one does. Throws Error when a pass fails.
Applied apply(const graph::Graph& graph, const std::vector<Part>& parts, passes::Observer* images = nullptr);

}  // namespace espalier::tactics
