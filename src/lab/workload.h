#pragma once

#include <cstdint>

namespace espalier::lab {

/// What the protocol drives: one variant with its prepared images, cut into calls of one batch each.
class Workload {
  public:
    virtual ~Workload() = default;

    /// Reads the model.
    virtual void load() = 0;
    /// Applies the tactic and makes the variant ready to run.
    virtual void optimize() = 0;
    /// Calls that make one pass over the images of the measured window; at least 1. Valid after load().
    virtual std::int64_t window_calls() const = 0;
    /// Further calls that complete the predictions, for images that are too many for the window's memory.
    virtual std::int64_t further_calls() const = 0;
    /// Classifies batch `index` (0 <= index < window_calls() + further_calls()), and returns when the result
    /// is complete, with the number of images in it.
    virtual std::int64_t call(std::int64_t index) = 0;
    /// Returns when the device has finished everything it was given. Meters are read only then, so that no
    /// work leaks out of its window. A processor has nothing outstanding when a call returns.
    virtual void synchronize() {}
    /// Takes note of the predictions of the call just made.
    virtual void keep(std::int64_t index) = 0;
    /// Frees the model.
    virtual void unload() = 0;
};

}  // namespace espalier::lab
