#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "datasets/dataset.h"
#include "runtimes/runtime.h"

namespace espalier::lab {

/// What a variant says of labelled images, in their order.
struct Evaluation {
    std::vector<std::int32_t> predictions;  ///< class of the largest logit; the first of equal ones
    std::int64_t top1 = 0;                  ///< images whose label has the largest logit
    std::int64_t top5 = 0;                  ///< images whose label is among the five largest
    double decode_seconds = 0;              ///< reading, decoding and preprocessing
    double inference_seconds = 0;
};

/// Classifies every image of a data set with an optimized instance, `batch` at a time; reading and
/// preprocessing are spread over `threads`. Throws Error naming the image that cannot be read.
Evaluation evaluate(runtimes::Instance& instance, const datasets::Dataset& dataset, int batch, int threads);

/// Indices of the k largest values, largest first; equal values by index. k is cut to the number of values.
std::vector<std::int32_t> largest(std::span<const float> values, int k);

/// Place of values[index] in that order; 0 is the first.
std::int32_t place_of(std::span<const float> values, std::size_t index);

}  // namespace espalier::lab
