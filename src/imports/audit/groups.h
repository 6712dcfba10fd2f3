#pragma once

#include <fmt/format.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "imports/measurements.h"

namespace espalier::imports {

/// Indices of the variants of each model.
inline std::map<std::string, std::vector<std::size_t>> variants_by_model(const Measurements& measurements) {
    std::map<std::string, std::vector<std::size_t>> models;
    for (std::size_t i = 0; i < measurements.variants.size(); ++i)
        models[measurements.variants[i].model].push_back(i);
    return models;
}

/// The repetitions of each variant.
inline std::vector<std::vector<const Repetition*>> repetitions_by_variant(const Measurements& measurements) {
    std::vector<std::vector<const Repetition*>> all(measurements.variants.size());
    for (const auto& repetition : measurements.repetitions) all[repetition.variant].push_back(&repetition);
    return all;
}

/// The baseline among `members`, or null.
inline const Variant* baseline_of(const Measurements& measurements, const std::vector<std::size_t>& members) {
    for (const auto member : members) {
        if (measurements.variants[member].tactic == "baseline") return &measurements.variants[member];
    }
    return nullptr;
}

/// Finds of one kind that repetitions of a variant share: told once, with their number and the first place.
class FindsByVariant {
  public:
    explicit FindsByVariant(const Kind& kind) : kind_(&kind) {}

    void add(const Repetition& repetition, std::string figures) {
        auto& find = finds_[repetition.variant];
        if (find.count++ == 0) find = {1, repetition.where, std::move(figures)};
    }

    void hand_over(const Measurements& measurements, std::vector<Artefact>& found) const {
        const auto repetitions = repetitions_by_variant(measurements);
        for (const auto& [variant, find] : finds_) {
            found.push_back(
                {kind_,
                 fmt::format("{}: {} of {} repetitions, the first {}", title(measurements.variants[variant]),
                             find.count, repetitions[variant].size(), find.where),
                 find.figures});
        }
    }

  private:
    struct Find {
        std::size_t count = 0;
        std::string where;
        std::string figures;
    };
    const Kind* kind_;
    std::map<std::size_t, Find> finds_;
};

}  // namespace espalier::imports
