#pragma once

#include <cstdint>
#include <vector>

#include "kernels/gemm/tile.h"
#include "tensor/tensor.h"

namespace espalier::kernels {

/// One panel: `vectors` vectors of columns starting at `column`; `columns` of them exist, the rest is zero
/// padding.
struct Panel {
    std::int64_t column;
    std::int64_t columns;
    int vectors;
    std::int64_t offset;  ///< of its first float in the packed memory
};

/// Splits n columns into panels of nearly equal width: 80 columns on 16 lanes are 48 + 32, not 64 + 16, since
/// a tile of a single vector waits for its loads.
std::vector<Panel> split_columns(std::int64_t n, std::int64_t k, const TileTable& table);

/// The right-hand matrix b[k][n] of a product, packed as panels [k][vectors * lanes]. Copies share memory.
class Panels {
  public:
    Panels() = default;
    Panels(std::int64_t n, std::int64_t k, const TileTable& table);

    const TileTable& table() const { return *table_; }
    const std::vector<Panel>& list() const { return list_; }
    std::int64_t k() const { return k_; }
    /// Row p of a panel.
    const float* data(const Panel& panel, std::int64_t p = 0) const {
        return data_ + panel.offset + p * panel.vectors * table_->lanes;
    }
    std::size_t size_bytes() const { return memory_.size_bytes(); }

    /// Fills all panels from element(column, depth).
    template <typename Element>
    void fill(Element&& element) {
        float* out = memory_.mutable_span<float>().data();
        for (const Panel& panel : list_) {
            const std::int64_t width = std::int64_t{panel.vectors} * table_->lanes;
            for (std::int64_t p = 0; p < k_; ++p) {
                for (std::int64_t j = 0; j < panel.columns; ++j) {
                    out[panel.offset + p * width + j] = element(panel.column + j, p);
                }
            }
        }
    }

  private:
    std::int64_t k_ = 0;
    const TileTable* table_ = nullptr;
    std::vector<Panel> list_;
    Tensor memory_;
    const float* data_ = nullptr;
};

}  // namespace espalier::kernels
