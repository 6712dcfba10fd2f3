#pragma once

#include <string>
#include <string_view>

namespace espalier::tactics {

/// The fraction of weights to prune, in [0, 1), as canonical text ("0.3" when nothing is given).
/// Throws a usage Error naming `tactic` for anything else.
std::string canonical_amount(std::string_view tactic, std::string_view parameter);

/// The number a canonical amount stands for.
double amount_of(std::string_view canonical);

}  // namespace espalier::tactics
