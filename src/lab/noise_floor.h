#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lab/measures.h"
#include "statistics/interval.h"

namespace espalier::lab {

/// What two arms of the same variant differ by, in one quantity: what no study on this machine can look
/// below.
struct NoiseFloor {
    std::string quantity;  ///< "energy", "time" or "cpu time"
    std::string unit;      ///< of the medians, per image
    EnergySource source;   ///< of energy; empty of the others
    int blocks = 0;        ///< that both arms have
    double first = 0.0;    ///< medians of the arms
    double second = 0.0;
    double ratio = 1.0;  ///< typical second / first within a block (Hodges-Lehmann)
    /// Exact 95 % interval of the ratio; nothing for fewer than 6 blocks.
    std::optional<statistics::Interval> interval;
    double spread = 0.0;  ///< standard deviation of the log ratios over blocks

    /// False where the arms are shown to differ although they are one: then something else than noise is at
    /// work.
    bool holds_one() const { return !interval || interval->contains(1.0); }
};

/// Noise floors of every quantity that two blocks or more of both arms have; energy only of tiers A to D.
std::vector<NoiseFloor> noise_floors(const Measures& first, const Measures& second,
                                     const EnergySource& source);

}  // namespace espalier::lab
