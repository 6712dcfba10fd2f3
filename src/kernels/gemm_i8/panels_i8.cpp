#include "kernels/gemm_i8/panels_i8.h"

#include "base/error.h"

namespace espalier::kernels {

PanelsI8::PanelsI8(std::int64_t n, std::int64_t taps, std::int64_t k, std::span<const float> scales,
                   PackedMemory* memory)
    : taps_(taps), k_(k) {
    constexpr std::int64_t kMaxColumns = std::int64_t{1} << 24;
    if (n < 1 || n > kMaxColumns || taps < 1 || k < 1 || taps > kI8MaxDepth || k > kI8MaxDepth ||
        taps * k > kI8MaxDepth) {
        fail(
            "int8 weights of {} columns and depth {} x {}: expected 1 to 2^24 columns and a depth of 1 to {}",
            n, taps, k, kI8MaxDepth);
    }
    if (scales.size() != 1 && static_cast<std::int64_t>(scales.size()) != n) {
        fail("int8 weights of {} columns have {} scales: expected 1 or {}", n, scales.size(), n);
    }
    const std::int64_t depth =
        (taps * ((k + 3) / 4 * 4) + kI8DepthMultiple - 1) / kI8DepthMultiple * kI8DepthMultiple;
    std::int64_t bytes = 0, entries = 0;
    for (std::int64_t column = 0; column < n;) {
        const std::int64_t left = n - column;
        const int vectors = left > kI8Lanes ? 2 : 1;
        const std::int64_t width = std::int64_t{vectors} * kI8Lanes;
        list_.push_back({column, static_cast<int>(left < width ? left : width), vectors, bytes, entries});
        bytes += depth * width;
        entries += width;
        column += width;
    }
    sums_offset_ = bytes;
    memory_ = next_part(memory, "panels_i8", DType::kI8,
                        bytes + entries * static_cast<std::int64_t>(sizeof(std::int32_t)));
    data_ = memory_.span<std::int8_t>().data();
    scales_.assign(static_cast<std::size_t>(entries), 0.0f);
    for (const PanelI8& panel : list_) {
        for (std::int64_t j = 0; j < panel.columns; ++j) {
            scales_[static_cast<std::size_t>(panel.first + j)] =
                scales.size() == 1 ? scales[0] : scales[static_cast<std::size_t>(panel.column + j)];
        }
    }
}

}  // namespace espalier::kernels
