#pragma once

#include <vector>

#include "base/thread_pool.h"
#include "lab/workload.h"

namespace espalier::lab {

/// Work of our own that is the same on every call and needs neither model nor images: in each thread repeated
/// x <- a x + b over numbers that fit a core's cache. What varies in its time and energy is the machine, so
/// that it shows the noise floor, and in a study whether the machine drifts.
class ControlWorkload final : public Workload {
  public:
    explicit ControlWorkload(int threads);

    void load() override;
    void optimize() override {}
    std::int64_t window_calls() const override { return 1; }
    std::int64_t further_calls() const override { return 0; }
    /// One call is a few milliseconds of work; it counts as one image.
    std::int64_t call(std::int64_t index) override;
    void keep(std::int64_t) override {}
    void unload() override;

    /// Sum of the numbers after the last call; the same wherever and however often it is called.
    double checksum() const { return checksum_; }

  private:
    ThreadPool pool_;
    std::vector<float> numbers_;
    double checksum_ = 0.0;
};

}  // namespace espalier::lab
