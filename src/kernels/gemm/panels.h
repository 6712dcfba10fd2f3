#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/gemm/tile.h"
#include "kernels/packed_memory.h"
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

/// The right-hand matrix b[k][n] of a product as panels [k][vectors * lanes], in memory of someone else.
struct PanelView {
    const TileTable* table;
    std::span<const Panel> list;
    std::int64_t k;
    const float* memory;  ///< aligned to one vector

    /// Row p of a panel.
    const float* data(const Panel& panel, std::int64_t p = 0) const {
        return memory + panel.offset + p * panel.vectors * table->lanes;
    }
};

/// Floats of panels that hold n columns of depth k.
inline std::int64_t panel_floats(std::int64_t n, std::int64_t k, const TileTable& table) {
    return (n + table.lanes - 1) / table.lanes * table.lanes * k;
}

/// Weights packed as panels once, by the vectors of the table's instruction set: what a model takes to load
/// is mostly this. Copies share the memory.
class Panels {
  public:
    Panels() = default;
    /// Panels for n columns of depth k in the next part of `memory`, or in new memory where that is null.
    Panels(std::int64_t n, std::int64_t k, const TileTable& table, PackedMemory* memory = nullptr);

    const TileTable& table() const { return *table_; }
    const std::vector<Panel>& list() const { return list_; }
    std::int64_t k() const { return k_; }
    PanelView view() const { return {table_, list_, k_, memory_.span<float>().data()}; }
    std::size_t size_bytes() const { return memory_.size_bytes(); }

    /// Packs one panel of list() from its columns, each of k floats, `stride` floats apart.
    void pack(const Panel& panel, const float* columns, std::int64_t stride);
    /// Packs every panel from all n columns.
    void pack(const float* columns, std::int64_t stride);
    /// Packs every panel from k rows of all n floats, one behind the other, with any alignment.
    void pack_rows(const std::byte* rows, std::int64_t n);

  private:
    std::int64_t k_ = 0;
    const TileTable* table_ = nullptr;
    std::vector<Panel> list_;
    Tensor memory_;
};

}  // namespace espalier::kernels
