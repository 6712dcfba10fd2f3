#include "statistics/repetitions.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace espalier::statistics {

Repetitions::Repetitions(std::span<const BlockValue> values) {
    std::vector<BlockValue> sorted(values.begin(), values.end());
    std::sort(sorted.begin(), sorted.end(),
              [](const BlockValue& a, const BlockValue& b) { return a.block < b.block; });
    for (const BlockValue& entry : sorted) {
        if (!std::isfinite(entry.value)) fail("block {} has no finite value", entry.block);
        if (!blocks_.empty() && blocks_.back() == entry.block) {
            fail("block {} occurs twice: a sample has one value per block", entry.block);
        }
        blocks_.push_back(entry.block);
        values_.push_back(entry.value);
    }
}

PairedRepetitions::PairedRepetitions(const Repetitions& baseline, const Repetitions& treated) {
    std::size_t i = 0;
    std::size_t j = 0;
    while (i < baseline.size() && j < treated.size()) {
        const std::int64_t left = baseline.blocks()[i];
        const std::int64_t right = treated.blocks()[j];
        if (left == right) {
            blocks_.push_back(left);
            baseline_.push_back(baseline.values()[i]);
            treated_.push_back(treated.values()[j]);
        }
        if (left <= right) ++i;
        if (right <= left) ++j;
    }
    unpaired_ = baseline.size() + treated.size() - 2 * blocks_.size();
}

std::vector<double> PairedRepetitions::differences() const {
    std::vector<double> result(size());
    for (std::size_t i = 0; i < size(); ++i) result[i] = treated_[i] - baseline_[i];
    return result;
}

}  // namespace espalier::statistics
