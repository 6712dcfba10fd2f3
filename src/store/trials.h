#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/database.h"
#include "store/records.h"

namespace espalier::store {

/// Tables trial, attempt, phase, energy, reading and trace.
class Trials {
  public:
    explicit Trials(Database& database) : database_(database) {}

    /// The study's trials in the order of the design, without measurements.
    std::vector<TrialRecord> list(Id study);

    /// Trials by state.
    Progress progress(Id study);

    /// Mean time from start to end of the trials that are done, in seconds; nothing when none is.
    std::optional<double> mean_seconds(Id study);

    /// Puts trials that were running when the runner died back to planned, their attempts ended as
    /// "interrupted". Returns how many there were.
    int recover(Id study, const std::string& now);

    /// Puts failed trials back to planned, for another try. Returns how many there were.
    int retry_failed(Id study);

    /// Marks a trial as running and opens its next attempt. Returns the attempt's number.
    int begin(Id trial, const std::string& now);

    /// Ends the open attempt with `outcome` and sets the trial's state: planned to be tried again, or failed.
    void give_up(Id trial, const std::string& outcome, const std::string& detail, TrialState next,
                 const std::string& now);

    /// Writes everything a finished trial measured and marks it done, all or nothing.
    void finish(const TrialRecord& trial, const std::string& now);

    /// Reads phases, traces and attempts of every trial, as list() gave them, into the records. Throws Error
    /// naming the trial whose measurements are not those that finish() wrote.
    void read_measurements(std::vector<TrialRecord>& trials);

  private:
    void add_phase(Id trial, int ordinal, const PhaseRecord& phase);

    Database& database_;
};

}  // namespace espalier::store
