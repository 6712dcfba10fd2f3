#pragma once

#include <vector>

#include "store/records.h"

namespace espalier::lab {

/// Notes on the idle windows of a trial, by each meter of tiers A to D whose windows are long enough:
/// "idle-drift" where the powers before and after differ by more than 3 %, "net-not-positive" where the
/// window took no more than the machine draws at rest, which no work can.
std::vector<store::NoteRecord> judge_idle(const store::TrialRecord& trial);

}  // namespace espalier::lab
