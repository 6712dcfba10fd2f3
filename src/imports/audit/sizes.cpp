#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "imports/audit/audit.h"
#include "imports/audit/groups.h"
#include "imports/kinds.h"

namespace espalier::imports {
namespace {

struct Shrink {
    std::string_view part;  ///< of a tactic's name
    double factor;          ///< by which the stored model can get smaller
};

constexpr Shrink kShrinks[] = {
    {"dynamic-quantization", 4.0},
    {"static-quantization", 4.0},
    {"int8", 4.0},
    {"bf16", 2.0},
    {"fp16", 2.0},
    {"half", 2.0},
    {"compile", 1.0},
    {"local-pruning", 1.0},
    {"global-pruning", 1.0},
    {"block-pruning", 1.0},
    {"baseline", 1.0},
    {"repair", 1.0},
};

/// Heads, scales and headers let sizes differ by a little.
constexpr double kSlack = 1.05;

/// By how much a composed tactic can shrink a file; nothing where one part is not known, or takes weights
/// out.
std::optional<double> most_shrink(std::string_view tactic) {
    double factor = 1.0;
    while (!tactic.empty()) {
        const auto end = std::min(tactic.find('+'), tactic.size());
        const auto part = tactic.substr(0, std::min(tactic.find(':'), end));
        const auto found = std::find_if(std::begin(kShrinks), std::end(kShrinks),
                                        [&](const auto& one) { return one.part == part; });
        if (found == std::end(kShrinks)) return std::nullopt;
        factor = std::max(factor, found->factor);
        tactic.remove_prefix(std::min(end + 1, tactic.size()));
    }
    return factor;
}

}  // namespace

void check_sizes(const Measurements& measurements, Artefacts& found) {
    for (const auto& [model, members] : variants_by_model(measurements)) {
        const Variant* baseline = baseline_of(measurements, members);
        if (baseline == nullptr || !baseline->size) continue;
        for (const auto member : members) {
            const Variant& variant = measurements.variants[member];
            const auto most = most_shrink(variant.tactic);
            if (!most || !variant.size || *baseline->size <= *most * kSlack * *variant.size) continue;
            // Our own engine folds and stores zeros sparsely, so that its files do shrink.
            const bool dense = *most == 1.0;
            if (dense && variant.runtime == "native") continue;
            found.push_back(
                {dense ? &kind::kSizeOfPruned : &kind::kSizeBeyondType, title(variant),
                 fmt::format(
                     "size {:.6g}, baseline {:.6g}: {:.3g} times smaller, at most {:.3g} times can be",
                     *variant.size, *baseline->size, *baseline->size / *variant.size, *most)});
        }
    }
}

}  // namespace espalier::imports
