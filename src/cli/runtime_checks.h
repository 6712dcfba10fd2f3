#pragma once

#include <vector>

#include "meters/doctor.h"
#include "runtimes/access.h"

namespace espalier::cli {

/// One check for each runtime that the program knows: whether the Python it would take finds the libraries it
/// needs. Nothing of them is imported, so that it takes a moment; `espalier runtimes` starts them.
std::vector<meters::Check> runtime_checks(const runtimes::Access& access);

}  // namespace espalier::cli
