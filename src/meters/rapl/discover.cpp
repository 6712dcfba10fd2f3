#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <vector>

#include "meters/hwmon/amd_energy.h"
#include "meters/msr/msr.h"
#include "meters/perf/perf.h"
#include "meters/powercap/powercap.h"
#include "meters/rapl/dies.h"
#include "meters/rapl/rapl.h"

namespace espalier::meters {
namespace {

constexpr std::array<RaplCandidate (*)(const DiscoveryOptions&), 4> kWays = {find_perf, find_powercap,
                                                                             find_msr, find_amd_energy};

/// The index of the candidate to use, or the number of candidates where none works.
std::size_t best_of(const std::vector<RaplCandidate>& candidates) {
    std::size_t best = candidates.size();
    std::size_t most = 0;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        if (!candidates[i].meter || candidates[i].meter->zones_in_total() <= most) continue;
        best = i;
        most = candidates[i].meter->zones_in_total();
    }
    return best;
}

/// The index of the first candidate that only permission is missing for, or their number.
std::size_t first_to_allow(const std::vector<RaplCandidate>& candidates) {
    const auto found = std::find_if(candidates.begin(), candidates.end(), [](const RaplCandidate& candidate) {
        return candidate.finding.availability.state == State::kNoPermission;
    });
    return static_cast<std::size_t>(found - candidates.begin());
}

/// Says that another way to the same counters is used, or should be.
void stand_back(Finding& finding, const std::string& other, bool other_works) {
    Availability& found = finding.availability;
    if (found.state == State::kAbsent) return;
    finding.replaced_by = other;
    if (found.state == State::kOk) {
        found.reason = fmt::format("not used: {} reads the same counters", other);
    } else {
        found.reason += other_works ? fmt::format("; not needed, {} reads the same counters", other)
                                    : fmt::format("; rather allow {}, which reads the same counters", other);
    }
}

/// Tells the dies of its packages apart where a look suffices, and says so where it does not.
void settle(RaplCandidate& candidate, Clock& clock) {
    if (!candidate.meter->has_ambiguous_dies()) return;
    const DieRelation dies = compare_dies(*candidate.meter, clock);
    if (dies != DieRelation::kUnknown) candidate.meter->settle_dies(dies);
    std::string& reason = candidate.finding.availability.reason;
    reason = candidate.meter->description().scope;
    if (candidate.meter->has_ambiguous_dies()) reason += "; its dies may mirror each other: calibrate";
}

}  // namespace

void discover_rapl(const DiscoveryOptions& options, Discovery& discovery) {
    std::vector<RaplCandidate> candidates;
    for (const auto find : kWays) candidates.push_back(find(options));
    const std::size_t best = best_of(candidates);
    if (best < candidates.size()) settle(candidates[best], options.clock);
    const bool any_works = best < candidates.size();
    const std::size_t preferred = any_works ? best : first_to_allow(candidates);
    const std::string name = preferred < candidates.size() ? candidates[preferred].finding.source : "";
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        if (preferred < candidates.size() && i != preferred)
            stand_back(candidates[i].finding, name, any_works);
        discovery.findings.push_back(std::move(candidates[i].finding));
    }
    if (any_works) discovery.meters.push_back(std::move(candidates[best].meter));
}

}  // namespace espalier::meters
