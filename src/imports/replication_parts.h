#pragma once

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "imports/table.h"

/// What the reader of the replication table is made of.
namespace espalier::imports {

/// Hash of a number whose bits differ much for numbers that differ little (the finalizer of SplitMix64).
inline std::uint64_t scatter(std::uint64_t x) {
    x += 0x9e3779b97f4a7c15ULL;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
}

/// Texts by the order in which they first came.
class Dictionary {
  public:
    std::int32_t index(std::string_view text) {
        key_.assign(text);
        const auto [found, added] = indices_.try_emplace(key_, static_cast<std::int32_t>(texts_.size()));
        if (added) texts_.push_back(&found->first);
        return found->second;
    }
    std::int32_t size() const { return static_cast<std::int32_t>(texts_.size()); }
    const std::string& text(std::int32_t index) const { return *texts_[static_cast<std::size_t>(index)]; }

  private:
    std::string key_;
    std::unordered_map<std::string, std::int32_t> indices_;
    std::vector<const std::string*> texts_;
};

/// A figure that stands on all rows of a run.
struct RunFigure {
    double sum = 0.0;
    std::int64_t count = 0;
    double least = std::numeric_limits<double>::infinity();
    double most = -std::numeric_limits<double>::infinity();

    void add(const std::optional<double>& value) {
        if (!value || !std::isfinite(*value)) return;
        sum += *value;
        ++count;
        least = std::min(least, *value);
        most = std::max(most, *value);
    }
    std::optional<double> mean() const {
        // Of equal values the mean is that value, whatever rounding would make of the sum.
        if (count == 0) return std::nullopt;
        return least == most ? least : sum / static_cast<double>(count);
    }
};

/// What the value of Experiment means: a number at its end tells repetitions apart, the rest is a condition.
struct Experiment {
    std::string condition;
    int number = 0;
};

inline Experiment parse_experiment(std::string_view text) {
    std::size_t digits = text.size();
    while (digits > 0 && text.size() - digits < 6 &&
           std::isdigit(static_cast<unsigned char>(text[digits - 1])))
        --digits;
    Experiment experiment;
    if (digits < text.size()) experiment.number = std::stoi(std::string(text.substr(digits)));
    auto condition = text.substr(0, digits);
    while (!condition.empty() && std::string_view(" _-#.:").find(condition.back()) != std::string_view::npos)
        condition.remove_suffix(1);
    experiment.condition = lower(condition);
    // Words that only introduce the number say nothing of the conditions.
    for (const char* word : {"run", "experiment", "exp", "repetition", "rep", "iteration"}) {
        if (experiment.condition == word) experiment.condition.clear();
    }
    return experiment;
}

}  // namespace espalier::imports
