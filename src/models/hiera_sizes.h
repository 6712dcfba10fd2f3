#pragma once

#include <string>
#include <vector>

#include "models/config.h"

namespace espalier::models {

/// One stage of Hiera: layers of the same width.
struct HieraStage {
    std::int64_t depth, width, hidden, heads;
    std::int64_t pool;  ///< how many queries the first layer makes one of
    std::int64_t unit;  ///< tokens of a mask unit once they are pooled
    bool first_in_units, rest_in_units;
};

/// What a configuration of Hiera says, class defaults filled in.
struct Hiera {
    std::vector<HieraStage> stages;
    Pixels image, patch, stride, pad;
    Pixels pooling;  ///< along each edge
    double eps;
    std::string activation;
};

/// Throws Error naming the key where lists are too short or sizes do not divide.
Hiera read_hiera(const Config& config);

/// x / by along both edges, and whether that leaves nothing.
Pixels divided(Pixels x, Pixels by);
bool divides(Pixels by, Pixels x);
std::int64_t area(Pixels x);

}  // namespace espalier::models
