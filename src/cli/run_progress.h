#pragma once

#include <cstdint>
#include <string>

#include "cli/progress_bar.h"
#include "lab/runner.h"

namespace espalier::cli {

/// How far a run is, on standard error, drawn between trials only: a bar that redraws itself on a terminal,
/// one line per trial elsewhere, or nothing.
class RunProgress {
  public:
    /// `mode`: auto, bar, lines or none.
    explicit RunProgress(const std::string& mode);
    ~RunProgress();
    RunProgress(const RunProgress&) = delete;
    RunProgress& operator=(const RunProgress&) = delete;

    /// Images being decoded and preprocessed, before any trial.
    void preparing(const std::string& model, std::int64_t done, std::int64_t total);
    /// Before the first trial.
    void begin(const store::Progress& progress, Seconds left);
    void trial_ended(const lab::RunEvent& event);
    /// Leaves the bar's line, so that what follows starts on its own.
    void finish();

  private:
    void draw(const std::string& line);

    ProgressMode mode_;
    bool drawn_ = false;
    std::int64_t last_prepared_ = 0;
};

}  // namespace espalier::cli
