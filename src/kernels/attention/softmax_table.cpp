#include "kernels/attention/softmax_table.h"

#include <array>

namespace espalier::kernels {

std::span<const SoftmaxTable* const> softmax_tables() {
#if defined(__x86_64__)
    static constexpr std::array tables{&kSoftmaxPortable, &kSoftmaxAvx2, &kSoftmaxAvx512};
#else
    static constexpr std::array tables{&kSoftmaxPortable};
#endif
    return tables;
}

const SoftmaxTable& softmax_table(Isa isa) {
    const SoftmaxTable* best = &kSoftmaxPortable;
    for (const SoftmaxTable* table : softmax_tables()) {
        if (table->isa <= isa) best = table;
    }
    return *best;
}

}  // namespace espalier::kernels
