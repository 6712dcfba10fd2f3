#pragma once

#include <functional>
#include <span>
#include <vector>

#include "meters/counter.h"
#include "meters/discovery.h"
#include "meters/powercap/zones.h"

namespace espalier::meters {

/// No CPU package draws more; bounds the steps of a counter and the time between two reads.
inline constexpr Watts kMaxPackagePower{1000};

/// RAPL energy counters of the Linux powercap tree (Documentation/power/powercap/powercap.rst).
/// Covers CPU packages and, where the processor counts it, DRAM; not voltage regulators, board, disks or
/// fans.
class PowercapMeter final : public Meter {
  public:
    /// Throws Error when there is no zone. `files` and `clock` must outlive the meter.
    PowercapMeter(const FileTree& files, const Clock& clock, std::vector<RaplZone> zones);

    const Description& description() const override { return description_; }
    Reading read() override;

    /// Whether a package has several dies of which it is not known if they repeat one counter.
    bool has_ambiguous_dies() const;
    /// Settles that question.
    void settle_dies(DieRelation dies);
    /// Says that a hypervisor shows these counters: a share of the host's energy that the host computes (tier
    /// D), and that may rest until it does.
    void through_hypervisor();

  private:
    ZoneReading read_zone(std::size_t index);
    void describe();

    const FileTree& files_;
    const Clock& clock_;
    std::vector<RaplZone> zones_;
    std::vector<CounterAccumulator> counters_;
    DieRelation dies_ = DieRelation::kUnknown;
    std::vector<std::string> own_notes_;
    Description description_;
};

/// Judges the dies of one package from their energies, windows[w][die], under windows of different load.
/// Mirrored: at least 5 windows whose energies differ by a fifth or more, in each of which all dies agree
/// within 0.5 %. Distinct: in some window two dies differ by more than 5 %. Otherwise unknown.
DieRelation judge_dies(std::span<const std::vector<Joules>> windows);

/// Runs `windows` windows (run_window(i) returns after at least a second of a load pinned to one CPU and
/// different from window to window), judges the dies of every package and settles the meter. Returns what it
/// found; kUnknown leaves the meter as it is.
DieRelation examine_dies(PowercapMeter& meter, int windows, const std::function<void(int)>& run_window);

/// Looks at the counters of a package's dies for a fifth of a second: mirrored where, at every look, a die
/// shows the very number that the first one has between a read before and a read after; distinct where their
/// energies differ by more than 5 %. Otherwise, where packages differ, and without dies, unknown.
DieRelation compare_dies(const FileTree& files, Clock& clock, std::span<const RaplZone> zones);

/// Finds the RAPL meter, or says why there is none. Filtered energy (SGX) counts as unsupported; values seen
/// through a hypervisor are a model of the host's (tier D).
void discover_powercap(const DiscoveryOptions& options, Discovery& discovery);

/// Shell commands that let group `energy` read the counters, now and after a reboot; for an administrator to
/// run.
std::string powercap_permission_script();

}  // namespace espalier::meters
