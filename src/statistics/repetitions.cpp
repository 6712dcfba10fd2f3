#include "statistics/repetitions.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/error.h"

namespace espalier::statistics {
namespace {

Repetitions by_block(std::span<const std::int64_t> blocks, std::span<const double> values) {
    std::vector<BlockValue> entries;
    for (std::size_t i = 0; i < blocks.size(); ++i) entries.push_back({blocks[i], values[i]});
    return Repetitions(entries);
}

}  // namespace

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

Repetitions differences(const PairedRepetitions& sample) {
    return by_block(sample.blocks(), sample.differences());
}

Repetitions log_ratios(const PairedRepetitions& sample) {
    std::vector<double> logs(sample.size());
    for (std::size_t i = 0; i < sample.size(); ++i) {
        if (!(sample.baseline()[i] > 0 && sample.treated()[i] > 0)) {
            fail("a ratio needs positive values; block {} has {} and {}", sample.blocks()[i],
                 sample.baseline()[i], sample.treated()[i]);
        }
        logs[i] = std::log(sample.treated()[i] / sample.baseline()[i]);
    }
    return by_block(sample.blocks(), logs);
}

BlockedRepetitions::BlockedRepetitions(std::span<const Repetitions> treatments) {
    if (treatments.size() < 2)
        fail("a block design needs at least two treatments, got {}", treatments.size());
    std::map<std::int64_t, std::vector<double>> rows;
    for (const Repetitions& treatment : treatments) {
        for (std::size_t i = 0; i < treatment.size(); ++i)
            rows[treatment.blocks()[i]].push_back(treatment.values()[i]);
    }
    treatments_.resize(treatments.size());
    for (const auto& [block, row] : rows) {
        // A treatment has a block at most once, so a full row holds every treatment, in their order.
        if (row.size() != treatments.size()) {
            ++incomplete_;
            continue;
        }
        blocks_.push_back(block);
        for (std::size_t t = 0; t < row.size(); ++t) treatments_[t].push_back(row[t]);
    }
}

Repetitions BlockedRepetitions::sample(std::size_t index) const {
    return by_block(blocks_, treatments_.at(index));
}

PairedRepetitions BlockedRepetitions::pair(std::size_t baseline, std::size_t treated) const {
    return {sample(baseline), sample(treated)};
}

BlockedRepetitions BlockedRepetitions::only(std::span<const std::size_t> indices) const {
    std::vector<Repetitions> chosen;
    for (const std::size_t index : indices) chosen.push_back(sample(index));
    return BlockedRepetitions(chosen);
}

BlockedRepetitions BlockedRepetitions::aligned() const {
    BlockedRepetitions result = *this;
    for (std::size_t i = 0; i < size(); ++i) {
        double sum = 0;
        for (const auto& values : treatments_) sum += values[i];
        for (auto& values : result.treatments_) values[i] -= sum / static_cast<double>(treatments());
    }
    return result;
}

}  // namespace espalier::statistics
