#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lab/plan.h"
#include "lab/trial.h"
#include "store/records.h"

namespace espalier::lab {

/// What a request names in place of a runtime where its trial runs the control workload.
inline constexpr const char* kControl = "control";

/// Times or energies of the control workload that scatter by more than this share of their mean say that the
/// machine changed during a study.
inline constexpr double kControlLimit = 0.01;

/// A trial of the control workload with so many threads. It needs no model and no images.
TrialRequest control_request(int threads, const ProtocolSettings& protocol);

bool is_control(const TrialRequest& request);

/// What a trial of the control workload showed. Throws Error where it has no measured window.
store::ControlRecord control_record(const store::TrialRecord& trial, std::int64_t after_trials,
                                    const std::string& now);

/// Standard deviation over mean; nothing for fewer than two.
std::optional<double> relative_scatter(const std::vector<double>& values);

/// The note "control-drift" where the controls of a study scatter by more than kControlLimit in time, energy
/// or power; else nothing.
std::optional<store::NoteRecord> judge_controls(const std::vector<store::ControlRecord>& controls);

}  // namespace espalier::lab
