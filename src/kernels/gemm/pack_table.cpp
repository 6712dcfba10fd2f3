#include "kernels/gemm/pack_table.h"

#include <array>

namespace espalier::kernels {

std::span<const PackTable* const> pack_tables() {
#if defined(__x86_64__)
    static constexpr std::array tables{&kPackPortable, &kPackAvx2, &kPackAvx512};
#else
    static constexpr std::array tables{&kPackPortable};
#endif
    return tables;
}

const PackTable& pack_table(Isa isa) {
    const PackTable* best = &kPackPortable;
    for (const PackTable* table : pack_tables()) {
        if (table->isa <= isa) best = table;
    }
    return *best;
}

PanelView pack_panels(const float* b, std::int64_t row, bool transposed, float alpha, std::int64_t k,
                      std::span<const Panel> list, const TileTable& table, float* memory) {
    const PackTable& pack = pack_table(table.isa);
    for (const Panel& panel : list) {
        const std::int64_t width = std::int64_t{panel.vectors} * table.lanes;
        const auto run = transposed ? pack.transposed : pack.plain;
        run(b + panel.column * (transposed ? row : 1), row, panel.columns, k, alpha, memory + panel.offset,
            width);
    }
    return {&table, list, k, memory};
}

}  // namespace espalier::kernels
