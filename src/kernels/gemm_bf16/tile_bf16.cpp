#include "kernels/gemm_bf16/tile_bf16.h"

#include <algorithm>
#include <vector>

#include "base/clock.h"
#include "kernels/amx/tiles.h"
#include "kernels/dispatch.h"
#include "tensor/tensor.h"

namespace espalier::kernels {
namespace {

const TileBF16Kernel kTable[] = {
    {"bf16/portable", Isa::kPortable, 4, 4, round_bf16_portable, run_tile_bf16_portable},
#if defined(__x86_64__)
    {"bf16/avx2", Isa::kAvx2, 6, 4, round_bf16_avx2, run_tile_bf16_avx2},
    {"bf16/avx512", Isa::kAvx512, 12, 4, round_bf16_avx512, run_tile_bf16_avx512},
    {"bf16/avx512bf16", Isa::kAvx512Bf16, 14, 2, round_bf16_avx512bf16, run_tile_bf16_avx512bf16},
    {"bf16/amx", Isa::kAmx, 2 * kAmxRows, 2, round_bf16_avx512bf16, run_tile_bf16_amx, &kTileBF16RowsAmx,
     kAmxRows},
#endif
};

/// Seconds for one row of the highest tile: the least of several samples, which another process on the same
/// processor cannot shorten. Rows and panel fit into the level 1 cache together.
double seconds_per_row(const TileBF16Kernel& kernel) {
    constexpr std::int64_t kDepth = 192;
    constexpr int kColumns = 2 * kBF16Lanes, kSamples = 9, kRepeats = 4;
    const std::vector<float> ones(kDepth, 1.0f);
    std::vector<std::byte> row(static_cast<std::size_t>(kDepth * kernel.element_bytes));
    kernel.round(ones.data(), kDepth, row.data());
    const std::vector<const void*> rows(static_cast<std::size_t>(kernel.max_rows), row.data());
    const Tensor panel = Tensor::allocate(DType::kBF16, Shape{kDepth * kColumns});
    std::vector<float> c(static_cast<std::size_t>(kernel.max_rows * kColumns));
    const TileBF16 tile{.rows = rows.data(),
                        .taps = 1,
                        .k = kDepth,
                        .panel = reinterpret_cast<const std::uint16_t*>(panel.bytes().data()),
                        .c = c.data(),
                        .ldc = kColumns,
                        .columns = kColumns};
    const MonotonicClock clock;
    double least = 1e30;
    for (int sample = 0; sample < kSamples; ++sample) {
        const Seconds begin = clock.now();
        for (int i = 0; i < kRepeats; ++i) kernel.run(tile, kernel.max_rows, 2);
        least = std::min(least, (clock.now() - begin).value());
    }
    return least / kernel.max_rows;
}

}  // namespace

std::span<const TileBF16Kernel> tile_bf16_kernels() { return kTable; }

bool vdpbf16ps_pays() {
    static const bool pays = [] {
        const TileBF16Kernel& pairs = select(tile_bf16_kernels(), Isa::kAvx512Bf16);
        if (pairs.widens()) return false;  // the processor has none
        return seconds_per_row(pairs) < seconds_per_row(select(tile_bf16_kernels(), Isa::kAvx512Vnni));
    }();
    return pays;
}

const TileBF16Kernel& bf16_kernel(Isa limit) {
    const TileBF16Kernel& best = select(tile_bf16_kernels(), limit);
    if (best.isa != Isa::kAvx512Bf16 || vdpbf16ps_pays()) return best;
    return select(tile_bf16_kernels(), Isa::kAvx512Vnni);
}

}  // namespace espalier::kernels
