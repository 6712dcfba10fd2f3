#pragma once

#include "meters/named/kinds.h"

namespace espalier::meters::command {

/// A program of the user's that prints a number, one a line: plain, or in JSON at the pointer that the option
/// "pointer" names. mode=once (usual): it is run for each reading, and its last line counts. mode=stream: it
/// is run once, and each line it prints is a new value. A program that fails, prints something else, or
/// nothing for too long, gives a gap; it never outlives the meter.
Meters make(const NamedRequest& request);
void check(const MeterSpec& spec);

}  // namespace espalier::meters::command
