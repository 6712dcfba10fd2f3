#pragma once

#include <map>

#include "passes/observer.h"
#include "runtimes/calibration.h"

namespace espalier::runtimes {

/// Calibration images seen through our own engine.
class NativeObserver final : public passes::Observer {
  public:
    /// Executes on `threads` threads. `images` outlives it.
    NativeObserver(const CalibrationImages& images, int threads) : images_(images), threads_(threads) {}

    std::int64_t images() const override { return images_.size(); }
    int threads() const override { return threads_; }
    void observe(const graph::Graph& graph, std::span<const graph::NodeId> nodes, const See& see) override;

  private:
    /// The images from `first` on, preprocessed once where all fit in memory.
    Tensor batch(std::int64_t first, std::int64_t count);

    const CalibrationImages& images_;
    int threads_;
    std::map<std::int64_t, Tensor> kept_;  ///< batches by their first image
};

}  // namespace espalier::runtimes
