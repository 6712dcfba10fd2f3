#pragma once

#include <functional>
#include <span>
#include <vector>

#include "meters/rapl/rapl_meter.h"

namespace espalier::meters {

/// Judges the dies of one package from their energies, windows[w][die], under windows of different load.
/// Mirrored: at least 5 windows whose energies differ by a fifth or more, in each of which all dies agree
/// within 0.5 %. Distinct: in some window two dies differ by more than 5 %. Otherwise unknown.
DieRelation judge_dies(std::span<const std::vector<Joules>> windows);

/// Looks at the counters of a package's dies for a fifth of a second: mirrored where, at every look, a die
/// shows the very number that the first one has between a read before and a read after; distinct where their
/// energies differ by more than 5 %. Otherwise, where packages differ, and without dies, unknown.
DieRelation compare_dies(RaplMeter& meter, Clock& clock);

/// Runs `windows` windows (run_window(i) returns after at least a second of a load pinned to one CPU and
/// different from window to window), judges the dies of every package and settles the meter. Returns what it
/// found; kUnknown leaves the meter as it is.
DieRelation examine_dies(RaplMeter& meter, int windows, const std::function<void(int)>& run_window);

}  // namespace espalier::meters
