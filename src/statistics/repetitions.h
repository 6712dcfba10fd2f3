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

/// treated - baseline, one for each block: the sample that one-sample tests take.
Repetitions differences(const PairedRepetitions& sample);

/// log(treated / baseline), one for each block. Throws Error naming the block unless all values are positive.
Repetitions log_ratios(const PairedRepetitions& sample);

/// Several treatments of the same blocks, a complete block design: treatment(t)[i] comes from blocks()[i].
class BlockedRepetitions {
  public:
    /// Keeps the blocks that all treatments have. Throws Error for fewer than two treatments.
    explicit BlockedRepetitions(std::span<const Repetitions> treatments);

    std::span<const std::int64_t> blocks() const { return blocks_; }
    std::span<const double> treatment(std::size_t index) const { return treatments_.at(index); }
    std::size_t treatments() const { return treatments_.size(); }
    /// Number of complete blocks.
    std::size_t size() const { return blocks_.size(); }
    /// Blocks that only some of the treatments had.
    std::size_t incomplete() const { return incomplete_; }

    /// Two of the treatments as pairs. Throws std::out_of_range for an index that is none.
    PairedRepetitions pair(std::size_t baseline, std::size_t treated) const;
    /// A choice of treatments, in the order of the indices. Throws as the constructor and as pair() do.
    BlockedRepetitions only(std::span<const std::size_t> indices) const;
    /// Every value less the mean of its block, so that what the runs of a block have in common is gone.
    BlockedRepetitions aligned() const;

  private:
    Repetitions sample(std::size_t index) const;

    std::vector<std::int64_t> blocks_;
    std::vector<std::vector<double>> treatments_;
    std::size_t incomplete_ = 0;
};

}  // namespace espalier::statistics
