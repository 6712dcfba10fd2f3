#pragma once

#include "meters/discovery.h"

namespace espalier::meters {

/// Asks the meters that the options name, and no others. Adds a finding for each.
void discover_named(const DiscoveryOptions& options, Discovery& discovery);

/// A meter that was named and cannot be used is never replaced by another one. Throws an Error of kind
/// kCannotMeasure that says which, why and what helps.
void demand_named(const Discovery& discovery);

/// How often a meter that was named has a new value, seen by watching it for at most a minute; nothing where
/// its value changed too seldom to tell, where it cannot be used, or where the user states the period.
std::optional<Seconds> watch(const NamedMeter& named, Clock& clock);

}  // namespace espalier::meters
