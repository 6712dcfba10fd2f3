#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "store/records.h"

namespace espalier::lab {

/// Codes of notes for which a plan may have trials left out: what disturbs a trial from outside. A value
/// alone, however strange, is never a cause.
inline constexpr std::array<std::string_view, 10> kExclusionCauses = {
    "battery", "foreign-load", "governor", "idle-drift", "power-limit",
    "steal",   "suspended",    "swap",     "thermal",    "throttled"};

/// One note "excluded" for the first of `notes` whose code is among `causes`, with its reason; none where no
/// note is. The trial keeps everything that it measured.
std::vector<store::NoteRecord> exclude(const std::vector<store::NoteRecord>& notes,
                                       const std::vector<std::string>& causes);

}  // namespace espalier::lab
