#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/gemm_i8/tile_i8.h"
#include "kernels/packed_memory.h"
#include "tensor/tensor.h"

namespace espalier::kernels {

/// One column panel of a packed s8 matrix.
struct PanelI8 {
    std::int64_t column;  ///< first column
    int columns;          ///< that exist; the rest up to 16 * vectors is zero padding
    int vectors;          ///< 1 or 2
    std::int64_t offset;  ///< of its first byte in the packed memory
    std::int64_t first;   ///< of its first entry in the padded scales and sums
};

/// The right-hand matrix of an int8 product: n columns over a depth of taps * k, each tap padded with zeros
/// to a multiple of 4, laid out as TileI8 wants it, with the scale and the sum of every column. Copies share
/// memory.
class PanelsI8 {
  public:
    PanelsI8() = default;
    /// Packs element(j, t, p) for column j < n, tap t < taps, depth p < k, into the next part of `memory`, or
    /// new memory where that is null; asks for none where that is packed. `scales` has n entries or one.
    template <typename Element>
    PanelsI8(std::int64_t n, std::int64_t taps, std::int64_t k, std::span<const float> scales,
             PackedMemory* memory, Element&& element)
        : PanelsI8(n, taps, k, scales, memory) {
        if (is_packed(memory)) return;
        std::int8_t* out = memory_.mutable_span<std::int8_t>().data();
        auto* sums = reinterpret_cast<std::int32_t*>(out + sums_offset_);
        const std::int64_t k4 = (k + 3) / 4 * 4;
        for (const PanelI8& panel : list_) {
            const std::int64_t width = std::int64_t{panel.vectors} * kI8Lanes;
            for (std::int64_t j = 0; j < panel.columns; ++j) {
                std::int32_t sum = 0;
                for (std::int64_t t = 0; t < taps; ++t) {
                    for (std::int64_t p = 0; p < k; ++p) {
                        const std::int8_t value = element(panel.column + j, t, p);
                        out[panel.offset + ((t * k4 + p) / 4 * width + j) * 4 + p % 4] = value;
                        sum += value;
                    }
                }
                sums[panel.first + j] = sum;
            }
        }
    }

    const std::vector<PanelI8>& list() const { return list_; }
    const std::int8_t* data(const PanelI8& panel) const { return data_ + panel.offset; }
    const float* scales(const PanelI8& panel) const { return scales_.data() + panel.first; }
    const std::int32_t* sums(const PanelI8& panel) const {
        return reinterpret_cast<const std::int32_t*>(data_ + sums_offset_) + panel.first;
    }
    std::int64_t taps() const { return taps_; }
    std::int64_t k() const { return k_; }
    /// Bytes of the packed weights with their scales and sums.
    std::size_t size_bytes() const { return memory_.size_bytes() + scales_.size() * sizeof(float); }

  private:
    /// Plans the panels, takes their memory and spreads the scales.
    PanelsI8(std::int64_t n, std::int64_t taps, std::int64_t k, std::span<const float> scales,
             PackedMemory* memory);

    std::int64_t taps_ = 0;
    std::int64_t k_ = 0;
    std::vector<PanelI8> list_;
    Tensor memory_;  ///< the panels, and behind them the sums
    const std::int8_t* data_ = nullptr;
    std::int64_t sums_offset_ = 0;
    std::vector<float> scales_;
};

}  // namespace espalier::kernels
