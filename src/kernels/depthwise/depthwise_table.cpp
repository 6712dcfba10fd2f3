#include "kernels/depthwise/depthwise_table.h"

namespace espalier::kernels {

std::span<const DepthwiseTable* const> depthwise_tables() {
#if defined(__x86_64__)
    static constexpr std::array tables{&kDepthwisePortable, &kDepthwiseAvx2, &kDepthwiseAvx512};
#else
    static constexpr std::array tables{&kDepthwisePortable};
#endif
    return tables;
}

const DepthwiseTable& depthwise_table(Isa isa) {
    const DepthwiseTable* best = &kDepthwisePortable;
    for (const DepthwiseTable* table : depthwise_tables()) {
        if (table->isa <= isa) best = table;
    }
    return *best;
}

}  // namespace espalier::kernels
