#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "imports/audit/audit.h"
#include "imports/audit/groups.h"
#include "imports/kinds.h"

namespace espalier::imports {
namespace {

using ByVariant = std::vector<std::vector<const Repetition*>>;

/// Sets of images that differ from that of the model's first repetition.
void check_image_sets(const Measurements& measurements, const std::vector<std::size_t>& members,
                      const ByVariant& runs, Artefacts& found) {
    const Repetition* first = nullptr;
    std::vector<std::string> others;
    for (const auto member : members) {
        std::size_t differ = 0;
        const Repetition* example = nullptr;
        for (const auto* run : runs[member]) {
            if (run->image_set == 0) continue;
            if (first == nullptr) first = run;
            if (run->image_set == first->image_set && run->images == first->images) continue;
            if (differ++ == 0) example = run;
        }
        if (differ == 0) continue;
        others.push_back(fmt::format("{}: {} of {} repetitions, the first of {} images ({})",
                                     measurements.variants[member].tactic, differ, runs[member].size(),
                                     example->images, example->where));
    }
    if (others.empty()) return;
    found.push_back(
        {&kind::kUnpairedImages, measurements.variants[members.front()].model,
         fmt::format("{} images in {}, others in {}", first->images, first->where, fmt::join(others, "; "))});
}

void check_balance(const Measurements& measurements, const std::vector<std::size_t>& members,
                   const ByVariant& runs, Artefacts& found) {
    std::set<std::size_t> counts;
    std::vector<std::string> texts;
    for (const auto member : members) {
        counts.insert(runs[member].size());
        texts.push_back(fmt::format("{} {}", measurements.variants[member].tactic, runs[member].size()));
    }
    if (counts.size() < 2) return;
    found.push_back({&kind::kUnbalanced, measurements.variants[members.front()].model,
                     fmt::format("repetitions: {}", fmt::join(texts, ", "))});
}

/// Equal to the last digit in time, each call and energy.
bool copies(const Repetition& a, const Repetition& b) {
    if (!a.duration_s || a.duration_s != b.duration_s || a.latency_s != b.latency_s || a.energies.empty())
        return false;
    return std::equal(
        a.energies.begin(), a.energies.end(), b.energies.begin(), b.energies.end(),
        [](const auto& x, const auto& y) { return x.record.joules && x.record.joules == y.record.joules; });
}

void check_copies(const Measurements& measurements, const ByVariant& runs, Artefacts& found) {
    for (std::size_t variant = 0; variant < runs.size(); ++variant) {
        auto sorted = runs[variant];
        std::stable_sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) {
            return a->duration_s.value_or(0.0) < b->duration_s.value_or(0.0);
        });
        for (std::size_t i = 1; i < sorted.size(); ++i) {
            if (!copies(*sorted[i - 1], *sorted[i])) continue;
            found.push_back({&kind::kCopiedRepetition, title(measurements.variants[variant]),
                             fmt::format("{} and {}: {:.6g} s", sorted[i - 1]->where, sorted[i]->where,
                                         *sorted[i]->duration_s)});
        }
    }
}

/// Files whose rows are images: one run of many rows, and figures of a run on each of its rows.
void check_rows(const Measurements& measurements, const ByVariant& runs, Artefacts& found) {
    std::size_t single = 0, copied = 0;
    const Repetition *first_single = nullptr, *first_copied = nullptr;
    for (const auto& own : runs) {
        if (own.size() == 1 && own.front()->images > 1 && single++ == 0) first_single = own.front();
        for (const auto* run : own) {
            if (run->copied_time && copied++ == 0) first_copied = run;
        }
    }
    if (single > 0) {
        found.push_back(
            {&kind::kImagesAsRepetitions,
             fmt::format("{} of {} variants, the first {}", single, runs.size(), first_single->where),
             fmt::format("1 repetition, {} images", first_single->images)});
    }
    if (copied > 0) {
        found.push_back({&kind::kCopiedValue,
                         fmt::format("{} of {} repetitions, the first {}", copied,
                                     measurements.repetitions.size(), first_copied->where),
                         fmt::format("Total Time {:.6g} on each of {} rows", *first_copied->duration_s,
                                     first_copied->images)});
    }
}

}  // namespace

void check_repetitions(const Measurements& measurements, Artefacts& found) {
    const auto runs = repetitions_by_variant(measurements);
    for (const auto& [model, members] : variants_by_model(measurements)) {
        check_image_sets(measurements, members, runs, found);
        check_balance(measurements, members, runs, found);
    }
    check_copies(measurements, runs, found);
    if (measurements.rows_are_images) check_rows(measurements, runs, found);
}

}  // namespace espalier::imports
