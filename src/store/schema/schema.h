#pragma once

#include <span>
#include <string_view>

namespace espalier::store {

/// Written into the database header so that a file of another program is recognised: "ESPL".
inline constexpr int kApplicationId = 0x4553504C;

/// SQL of every schema step in order. Step k (from 1) brings a store from version k - 1 to k; steps are only
/// ever added, so any older store can be brought forward.
std::span<const std::string_view> schema_steps();

}  // namespace espalier::store
