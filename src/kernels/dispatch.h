#pragma once

#include <algorithm>
#include <span>

#include "base/cpu_features.h"

namespace espalier::kernels {

/// The fastest row of a kernel table that both `limit` and this processor allow. Rows are sorted by
/// instruction set, slowest first, and the first row is portable. A row has a member `isa`.
template <typename Row>
const Row& select(std::span<const Row> table, Isa limit) {
    const Isa allowed = std::min(limit, best_isa());
    const Row* chosen = &table.front();
    for (const Row& row : table) {
        if (row.isa <= allowed) chosen = &row;
    }
    return *chosen;
}

}  // namespace espalier::kernels
