#pragma once

#include <tuple>

#include "graph/cost.h"
#include "graph/fields.h"
#include "graph/type.h"

namespace espalier::graph {

/// Inference batch normalization (Ioffe & Szegedy 2015):
/// y = activation( (x - mean[c]) / sqrt(var[c] + eps) * gamma[c] + beta[c] ).
///
/// Inputs: x f32 of rank 2 or 4, gamma, beta, mean, var f32 [C]; c is axis 1, or the last axis when layout is
/// nhwc.
struct BatchNorm {
    static constexpr std::string_view kName = "batch_norm";
    double eps = 1e-5;
    Layout layout = Layout::kNchw;
    Activation activation;

    static constexpr auto fields() {
        return std::tuple{Field{"eps", &BatchNorm::eps}, Field{"layout", &BatchNorm::layout},
                          Field{"activation", &BatchNorm::activation}};
    }
    TensorType infer(InputTypes inputs) const;
    Cost cost(InputTypes inputs, const TensorType& output) const;
    bool operator==(const BatchNorm&) const = default;
};

/// Group normalization (Wu & He 2018): the channels are cut into `groups` runs of equal length, and
/// y = activation( (x - mean) / sqrt(var + eps) * gamma[c] + beta[c] ), mean and biased variance those of all
/// the elements of one run of one image.
///
/// Inputs: x f32 [N, C, ...] (or [N, ..., C] when layout is nhwc), gamma, beta f32 [C].
struct GroupNorm {
    static constexpr std::string_view kName = "group_norm";
    std::int64_t groups = 1;
    double eps = 1e-5;
    Layout layout = Layout::kNchw;
    Activation activation;

    static constexpr auto fields() {
        return std::tuple{Field{"groups", &GroupNorm::groups}, Field{"eps", &GroupNorm::eps},
                          Field{"layout", &GroupNorm::layout}, Field{"activation", &GroupNorm::activation}};
    }
    TensorType infer(InputTypes inputs) const;
    Cost cost(InputTypes inputs, const TensorType& output) const;
    bool operator==(const GroupNorm&) const = default;
};

/// Layer normalization over the last axis (Ba et al. 2016): y = (x - mean) / sqrt(var + eps) * gamma + beta.
///
/// Inputs: x f32 [..., C], optional gamma f32 [C], optional beta f32 [C].
struct LayerNorm {
    static constexpr std::string_view kName = "layer_norm";
    double eps = 1e-5;

    static constexpr auto fields() { return std::tuple{Field{"eps", &LayerNorm::eps}}; }
    TensorType infer(InputTypes inputs) const;
    Cost cost(InputTypes inputs, const TensorType& output) const;
    bool operator==(const LayerNorm&) const = default;
};

/// y = exp(x) / sum exp(x) along `axis`, or its logarithm.
struct Softmax {
    static constexpr std::string_view kName = "softmax";
    std::int64_t axis = -1;
    bool log = false;

    static constexpr auto fields() {
        return std::tuple{Field{"axis", &Softmax::axis}, Field{"log", &Softmax::log}};
    }
    TensorType infer(InputTypes inputs) const;
    Cost cost(InputTypes inputs, const TensorType& output) const;
    bool operator==(const Softmax&) const = default;
};

}  // namespace espalier::graph
