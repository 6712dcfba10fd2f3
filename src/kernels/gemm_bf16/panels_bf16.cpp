#include "kernels/gemm_bf16/panels_bf16.h"

#include <algorithm>

#include "base/error.h"

namespace espalier::kernels {

PanelsBF16::PanelsBF16(std::int64_t n, std::int64_t taps, std::int64_t k, PackedMemory* memory)
    : taps_(taps), k_(k) {
    constexpr std::int64_t kMost = std::int64_t{1} << 31;
    // By division, lest the product overflow.
    if (n < 1 || taps < 1 || k < 1 || n > kMost || taps > kMost / n || k > kMost / n / taps) {
        fail(
            "bf16 weights of {} columns and depth {} x {}: expected positive extents and at most 2^31 "
            "weights",
            n, taps, k);
    }
    const std::int64_t depth =
        (taps * ((k + 1) / 2 * 2) + kBF16DepthMultiple - 1) / kBF16DepthMultiple * kBF16DepthMultiple;
    std::int64_t numbers = 0;
    for (std::int64_t column = 0; column < n;) {
        const std::int64_t left = n - column;
        const int vectors = left > kBF16Lanes ? 2 : 1;
        const std::int64_t width = std::int64_t{vectors} * kBF16Lanes;
        list_.push_back({column, static_cast<int>(std::min(left, width)), vectors, numbers});
        numbers += depth * width;
        column += width;
    }
    memory_ = next_part(memory, "panels_bf16", DType::kBF16, numbers);
}

}  // namespace espalier::kernels
