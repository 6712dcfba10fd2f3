#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace espalier::engine {

/// How a batch goes through a network: in parts of `part` images, one part after the other. A part is
/// computed by all threads together, or, where `own_parts`, by one thread while the others compute parts of
/// their own.
///
/// Small parts keep activations in the cache of one core, parts of its own spare a thread every wait for the
/// others, and large parts make long matrix products and read the weights less often. Which matters most
/// depends on the network, so a schedule is measured (Session::tune).
struct Schedule {
    std::int64_t part = 1;
    bool own_parts = false;

    /// For example "parts of 4 images, a thread each".
    std::string str() const;
    bool operator==(const Schedule&) const = default;
};

/// True when every image of a batch is computed independently of the others, so that any schedule gives the
/// same bits. False where one quantization spans the batch, as torch.ao's does.
bool computes_images_apart(const graph::Graph& graph);

/// The part sizes worth a measurement for a batch of n >= 1 images, ascending: 1, 4, what lets each of
/// `threads` threads take one part, and the whole batch; none above 32, where a larger part has nothing more
/// to gain.
std::vector<std::int64_t> part_sizes(std::int64_t n, int threads);

}  // namespace espalier::engine
