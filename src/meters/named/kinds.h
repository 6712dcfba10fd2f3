#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "meters/meter.h"
#include "meters/named/named_meter.h"
#include "meters/named/spec.h"

namespace espalier::meters {

/// What a meter that was named is made from.
struct NamedRequest {
    const MeterSpec& spec;
    const NamedMeter& named;
    std::string name;  ///< begins the names of its meters, unique among those named
    Clock& clock;      ///< outlives the meters

    /// How often the source has a new value: as measured, as stated, or as is usual for it.
    Seconds refresh_period(Seconds usual) const;
};

using Meters = std::vector<std::unique_ptr<Meter>>;

/// A kind of meter that can be named.
struct NamedKind {
    std::string_view scheme;
    std::string_view form;  ///< how it is written; the scheme alone where there is one such thing
    std::string_view what;
    Tier tier;
    std::span<const std::string_view> options;  ///< that it knows
    /// Asks the source once; the meter by which variants should be compared comes first. Throws SourceError
    /// where it gives no number, and a usage Error for options that make no sense.
    Meters (*make)(const NamedRequest& request);
    /// Throws a usage Error where something is wrong with the name, without asking anybody.
    void (*check)(const MeterSpec& spec);
};

/// All of them, in the order in which they are documented.
std::span<const NamedKind> named_kinds();

/// The kind of a name. Throws a usage Error with a suggestion when there is none, or it does not know an
/// option.
const NamedKind& kind_of(const MeterSpec& spec);

}  // namespace espalier::meters
