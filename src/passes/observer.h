#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "graph/graph.h"

namespace espalier::passes {

/// Executes graphs on calibration images and shows what becomes of them: how a pass sees data without knowing
/// who executes or where the images come from.
class Observer {
  public:
    /// The elements of node `index` of those asked for, for some of the images. They lie row by row, but
    /// those of an image (rank 4) may have their channels last. Valid during the call.
    using See = std::function<void(std::size_t index, std::span<const float> values)>;

    virtual ~Observer() = default;

    /// Images that observe() runs through a graph.
    virtual std::int64_t images() const = 0;

    /// Threads that a pass may take for what it computes from the images.
    virtual int threads() const = 0;

    /// Runs every image through `graph` and calls `see` for each of `nodes`, which are f32 and depend on the
    /// input, once for each batch of images. Throws Error naming the image that cannot be read.
    virtual void observe(const graph::Graph& graph, std::span<const graph::NodeId> nodes, const See& see) = 0;
};

}  // namespace espalier::passes
