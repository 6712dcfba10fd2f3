#pragma once

#include "meters/named/kinds.h"

namespace espalier::meters::slurm {

/// The energy that Slurm's acct_gather_energy counts of the node on which this job step runs, asked through
/// `sstat`. Slurm counts nodes, not jobs: only a job that has one whole node for itself (--exclusive) is
/// taken, every other is refused. What Slurm writes where it collects nothing (0, and the largest numbers of
/// 32 and 64 bits) is a gap. Tier C, whatever its plugin reads: how it does so is not told.
Meters make(const NamedRequest& request);
void check(const MeterSpec& spec);

}  // namespace espalier::meters::slurm
