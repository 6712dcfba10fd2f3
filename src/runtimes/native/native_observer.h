#pragma once

#include "passes/observer.h"
#include "runtimes/calibration.h"

namespace espalier::runtimes {

/// Calibration images seen through our own engine.
class NativeObserver final : public passes::Observer {
  public:
    /// Executes on `threads` threads. `images` outlives it.
    NativeObserver(const CalibrationImages& images, int threads) : images_(images), threads_(threads) {}

    std::int64_t images() const override { return images_.size(); }
    void observe(const graph::Graph& graph, std::span<const graph::NodeId> nodes, const See& see) override;

  private:
    const CalibrationImages& images_;
    int threads_;
};

}  // namespace espalier::runtimes
