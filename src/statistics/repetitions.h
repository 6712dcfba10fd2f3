#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace espalier::statistics {

/// One number of one block: the unit of inference.
struct BlockValue {
    std::int64_t block = 0;
    double value = 0.0;
};

/// A sample for inference: exactly one finite value per block, in order of block.
/// It cannot be made from a bare vector of numbers, so the images of one run are never taken for repetitions.
class Repetitions {
  public:
    /// Throws Error when a block occurs twice or a value is not finite.
    explicit Repetitions(std::span<const BlockValue> values);

    std::span<const double> values() const { return values_; }
    std::span<const std::int64_t> blocks() const { return blocks_; }
    std::size_t size() const { return values_.size(); }

  private:
    std::vector<std::int64_t> blocks_;
    std::vector<double> values_;
};

/// Two samples of the same blocks: baseline()[i] and treated()[i] come from blocks()[i].
class PairedRepetitions {
  public:
    /// Keeps the blocks that both samples have.
    PairedRepetitions(const Repetitions& baseline, const Repetitions& treated);

    std::span<const std::int64_t> blocks() const { return blocks_; }
    std::span<const double> baseline() const { return baseline_; }
    std::span<const double> treated() const { return treated_; }
    /// treated - baseline, by block.
    std::vector<double> differences() const;
    std::size_t size() const { return baseline_.size(); }
    /// Blocks that only one of the samples had.
    std::size_t unpaired() const { return unpaired_; }

  private:
    std::vector<std::int64_t> blocks_;
    std::vector<double> baseline_;
    std::vector<double> treated_;
    std::size_t unpaired_ = 0;
};

}  // namespace espalier::statistics
