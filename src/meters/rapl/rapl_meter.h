#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "meters/counter.h"
#include "meters/meter.h"
#include "meters/rapl/zone.h"

namespace espalier::meters {

/// No CPU package draws more; bounds the steps of a counter and the time between two reads.
inline constexpr Watts kMaxPackagePower{1000};

/// A meter of RAPL's energy counters, however they are reached. Covers CPU packages and, where the processor
/// counts it, DRAM; not voltage regulators, board, disks or fans. Adds by the domain algebra of
/// assign_roles(), unwraps each counter, and turns what fails into gaps.
class RaplMeter : public Meter {
  public:
    const Description& description() const final { return description_; }
    Reading read() final;

    const std::vector<RaplZone>& zones() const { return zones_; }
    /// How many zones belong to the total, those included of which it is not known yet.
    std::size_t zones_in_total() const;
    /// Whether a package has several dies of which it is not known if they repeat one counter.
    bool has_ambiguous_dies() const;
    /// Settles that question for the readings to come.
    void settle_dies(DieRelation dies);
    /// What the counter of zones()[zone] shows now; nothing where it cannot be read.
    std::optional<Joules> shown_now(std::size_t zone);
    /// Says that the numbers are worth less than the counter's own, and why. Whoever gives them may renew
    /// them when he pleases, so that they may rest. Before the first read.
    void lower_tier(Tier tier, const std::string& note);
    /// Adds a statement that belongs to every number.
    void add_note(const std::string& note);

  protected:
    /// Whether a read gives the counter itself, or what the kernel added up from it.
    enum class Wraps { kShown, kAddedUp };

    /// Throws Error when there is no zone. `clock` must outlive the meter.
    RaplMeter(const Clock& clock, std::string name, std::string source, std::vector<RaplZone> zones,
              Wraps wraps);

    /// What the counter of zones()[zone] shows now, in [0, range).
    virtual std::variant<Joules, Gap> read_counter(std::size_t zone) = 0;

  private:
    CounterLimits limits_of(const RaplZone& zone) const;
    void describe();

    const Clock& clock_;
    std::vector<RaplZone> zones_;
    Wraps wraps_;
    bool may_rest_ = false;  ///< the counters of the hardware itself always move
    std::vector<CounterAccumulator> counters_;
    DieRelation dies_ = DieRelation::kUnknown;
    std::vector<std::string> own_notes_;
    Description description_;
};

}  // namespace espalier::meters
