#pragma once

#include <string>

#include "base/clock.h"
#include "cli/progress_bar.h"
#include "hub/fetch.h"

namespace espalier::cli {

/// How far a download is, on standard error: a bar that redraws itself on a terminal, a line for every tenth
/// elsewhere, or nothing.
class FetchProgress {
  public:
    /// `mode`: auto, bar, lines or none.
    explicit FetchProgress(const std::string& mode);
    ~FetchProgress();
    FetchProgress(const FetchProgress&) = delete;
    FetchProgress& operator=(const FetchProgress&) = delete;

    void report(const hub::FetchProgress& progress);

  private:
    std::string describe(const hub::FetchProgress& progress, Seconds now) const;

    ProgressMode mode_;
    MonotonicClock clock_;
    bool begun_ = false;
    bool drawn_ = false;
    Seconds start_;
    Seconds last_drawn_;
    std::int64_t start_bytes_ = 0;  ///< there before: they say nothing about the speed
    std::int64_t last_tenth_ = 0;
};

}  // namespace espalier::cli
