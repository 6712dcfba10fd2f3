#include "kernels/winograd/winograd_table.h"

#include <array>

namespace espalier::kernels {

std::span<const WinogradTable* const> winograd_tables() {
#if defined(__x86_64__)
    static constexpr std::array tables{&kWinogradPortable, &kWinogradAvx2, &kWinogradAvx512};
#else
    static constexpr std::array tables{&kWinogradPortable};
#endif
    return tables;
}

const WinogradTable& winograd_table(Isa isa) {
    const WinogradTable* best = &kWinogradPortable;
    for (const WinogradTable* table : winograd_tables()) {
        if (table->isa <= isa) best = table;
    }
    return *best;
}

}  // namespace espalier::kernels
