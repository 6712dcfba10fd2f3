#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "formats/tensor_map.h"
#include "tensor/tensor.h"

namespace espalier::models {

/// What a weight is for, which decides how it is drawn when weights are random.
enum class Role {
    kMatrix,      ///< weights of a convolution or a linear layer
    kEmbedding,   ///< class token, position embeddings
    kShift,       ///< bias, mean: zeros
    kGain,        ///< gamma, variance: ones
    kLayerScale,  ///< per-channel factor of a residual branch: 0.1
    kMean,        ///< running mean of batch normalization, a statistic and not a parameter: zeros
    kVariance,    ///< running variance, likewise: ones
};

/// Where the weights of a network come from. Counts what a network has learned: the elements of every tensor
/// that is asked for, each name once, without statistics.
class WeightSource {
  public:
    virtual ~WeightSource() = default;

    /// The f32 tensor of that name and shape. Throws Error naming the tensor when it is missing or has
    /// another shape.
    Tensor get(const std::string& name, const Shape& shape, Role role);

    /// Says that checkpoints hold a parameter of that name and shape, which inference does not need.
    void declare_unused(const std::string& name, const Shape& shape);

    /// Parameters of the network so far, as torch counts those of the class it was saved from.
    std::int64_t parameters() const { return parameters_; }

  protected:
    virtual Tensor read(const std::string& name, const Shape& shape, Role role) = 0;
    /// Names that were asked for or declared, in order.
    const std::set<std::string>& known() const { return known_; }

  private:
    void count(const std::string& name, const Shape& shape);

    std::set<std::string> known_;
    std::int64_t parameters_ = 0;
};

/// Weights of a checkpoint. Floating types are converted to f32; `source` names the file in errors.
class CheckpointWeights : public WeightSource {
  public:
    CheckpointWeights(formats::TensorMap tensors, std::string source)
        : tensors_(std::move(tensors)), source_(std::move(source)) {}

    /// Names of the file that nobody asked for or declared, apart from the counters of batch normalization.
    std::vector<std::string> unused() const;

    const formats::TensorMap& tensors() const { return tensors_; }

  protected:
    /// A missing "x.weight" or "x.bias" is also looked for under its old names "x.gamma" and "x.beta".
    Tensor read(const std::string& name, const Shape& shape, Role role) override;

  private:
    formats::TensorMap tensors_;
    std::string source_;
    std::set<std::string> used_;
};

/// Seeded random weights: matrices normal with variance 2 / fan-in (He et al. 2015), embeddings normal with
/// standard deviation 0.02. The tensor of a name depends on the seed and the name alone. Throws Error when a
/// network would need more than 4 GiB.
class RandomWeights : public WeightSource {
  public:
    explicit RandomWeights(std::uint64_t seed) : seed_(seed) {}

  protected:
    Tensor read(const std::string& name, const Shape& shape, Role role) override;

  private:
    std::uint64_t seed_;
    std::size_t bytes_ = 0;
};

/// Zeros that take no memory, to learn a network's shape and cost from its configuration alone.
class BlankWeights : public WeightSource {
  protected:
    Tensor read(const std::string& name, const Shape& shape, Role role) override;
};

}  // namespace espalier::models
