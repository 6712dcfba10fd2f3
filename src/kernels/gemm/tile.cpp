#include "kernels/gemm/tile.h"

namespace espalier::kernels {

std::span<const TileTable* const> tile_tables() {
#if defined(__x86_64__)
    static constexpr std::array tables{&kTilesPortable, &kTilesAvx2, &kTilesAvx512};
#else
    static constexpr std::array tables{&kTilesPortable};
#endif
    return tables;
}

const TileTable& tile_table(Isa isa) {
    const TileTable* best = &kTilesPortable;
    for (const TileTable* table : tile_tables()) {
        if (table->isa <= isa) best = table;
    }
    return *best;
}

}  // namespace espalier::kernels
