#pragma once

#include <string>

namespace espalier::lab {

/// The time of day in UTC, "2026-11-23T05:58:01.123Z". For records only: intervals are never computed from
/// it, because it jumps.
std::string utc_now();

}  // namespace espalier::lab
