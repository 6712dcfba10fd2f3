#include <fmt/format.h>

#include <algorithm>

#include "imports/audit/audit.h"
#include "imports/audit/groups.h"
#include "imports/kinds.h"
#include "statistics/proportions.h"

namespace espalier::imports {
namespace {

/// So unlikely must a baseline's hits be under guessing that it is taken to classify at all.
constexpr double kClassifies = 0.001;
/// And so likely a variant's that guessing explains them.
constexpr double kGuesses = 0.05;

struct Hits {
    std::int64_t right;
    std::int64_t images;
    double by_chance;  ///< probability of so many hits or more by guessing
};

/// Nothing where there are no predictions or the classes are not told.
std::optional<Hits> hits_of(const Variant& variant) {
    if (!variant.prediction || variant.prediction->ranks.empty() || variant.classes < 2) return std::nullopt;
    const auto& ranks = variant.prediction->ranks;
    Hits hits{std::count(ranks.begin(), ranks.end(), 0), static_cast<std::int64_t>(ranks.size()), 1.0};
    hits.by_chance = statistics::binomial_tail(hits.right, hits.images, 1.0 / variant.classes);
    return hits;
}

}  // namespace

void check_accuracy(const Measurements& measurements, Artefacts& found) {
    for (const auto& [model, members] : variants_by_model(measurements)) {
        const Variant* baseline = baseline_of(measurements, members);
        const auto before = baseline ? hits_of(*baseline) : std::nullopt;
        for (const auto member : members) {
            const Variant& variant = measurements.variants[member];
            const auto hits = hits_of(variant);
            const bool itself = &variant == baseline;
            if (!hits || hits->by_chance < kGuesses || (before && !itself && before->by_chance > kClassifies))
                continue;
            std::string figures =
                fmt::format("{} of {} images right, of {} classes that occur: binomial p {:.2g}", hits->right,
                            hits->images, variant.classes, hits->by_chance);
            if (before && !itself)
                figures += fmt::format("; baseline {} of {}", before->right, before->images);
            found.push_back({&kind::kAccuracyAtChance, title(variant), std::move(figures)});
        }
    }
}

}  // namespace espalier::imports
