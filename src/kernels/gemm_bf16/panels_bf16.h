#pragma once

#include <cstdint>
#include <vector>

#include "kernels/gemm_bf16/tile_bf16.h"
#include "kernels/packed_memory.h"
#include "tensor/tensor.h"

namespace espalier::kernels {

/// One column panel of a packed bf16 matrix.
struct PanelBF16 {
    std::int64_t column;  ///< first column
    int columns;          ///< that exist; the rest up to kBF16Lanes * vectors is zero padding
    int vectors;          ///< 1 or 2
    std::int64_t offset;  ///< of its first number in the packed memory
};

/// The right-hand matrix of a bf16 product: n columns over a depth of taps * k, each tap padded with zeros to
/// a multiple of 2, laid out as TileBF16 wants it, whatever the instruction set. Copies share memory.
class PanelsBF16 {
  public:
    PanelsBF16() = default;
    /// Packs element(j, t, p), a bf16 bit pattern, for column j < n, tap t < taps, depth p < k, into the next
    /// part of `memory`, or new memory where that is null; asks for none where that is packed. Throws Error
    /// unless all three are positive and there are at most 2^31 numbers.
    template <typename Element>
    PanelsBF16(std::int64_t n, std::int64_t taps, std::int64_t k, PackedMemory* memory, Element&& element)
        : PanelsBF16(n, taps, k, memory) {
        if (is_packed(memory)) return;
        auto* out = reinterpret_cast<std::uint16_t*>(memory_.mutable_bytes().data());
        const std::int64_t k2 = (k + 1) / 2 * 2;
        for (const PanelBF16& panel : list_) {
            const std::int64_t width = std::int64_t{panel.vectors} * kBF16Lanes;
            for (std::int64_t j = 0; j < panel.columns; ++j) {
                for (std::int64_t t = 0; t < taps; ++t) {
                    for (std::int64_t p = 0; p < k; ++p) {
                        out[panel.offset + ((t * k2 + p) / 2 * width + j) * 2 + p % 2] =
                            element(panel.column + j, t, p);
                    }
                }
            }
        }
    }

    const std::vector<PanelBF16>& list() const { return list_; }
    const std::uint16_t* data(const PanelBF16& panel) const {
        return reinterpret_cast<const std::uint16_t*>(memory_.bytes().data()) + panel.offset;
    }
    std::int64_t taps() const { return taps_; }
    std::int64_t k() const { return k_; }
    std::size_t size_bytes() const { return memory_.size_bytes(); }

  private:
    /// Plans the panels and takes their memory.
    PanelsBF16(std::int64_t n, std::int64_t taps, std::int64_t k, PackedMemory* memory);

    std::int64_t taps_ = 0;
    std::int64_t k_ = 0;
    std::vector<PanelBF16> list_;
    Tensor memory_;
};

}  // namespace espalier::kernels
