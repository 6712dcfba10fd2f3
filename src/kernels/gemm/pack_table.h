#pragma once

#include <cstdint>
#include <span>

#include "base/cpu_features.h"
#include "kernels/gemm/panels.h"

namespace espalier::kernels {

/// Packing of activations, done at every call and therefore vectorised; columns beyond `columns` become 0.
struct PackTable {
    const char* name;
    Isa isa;
    /// panel[p * width + j] = alpha * b[j * row + p] for j < columns, p < k: b is stored [n][k].
    void (*transposed)(const float* b, std::int64_t row, std::int64_t columns, std::int64_t k, float alpha,
                       float* panel, std::int64_t width);
    /// panel[p * width + j] = alpha * b[p * row + j] for j < columns, p < k: b is stored [k][n].
    void (*plain)(const float* b, std::int64_t row, std::int64_t columns, std::int64_t k, float alpha,
                  float* panel, std::int64_t width);
};

/// All tables, least capable first; those above best_isa() must not be called.
std::span<const PackTable* const> pack_tables();

/// The best table that needs nothing beyond `isa`.
const PackTable& pack_table(Isa isa);

/// Packs alpha * op(b) with n columns and depth k into `memory` of panel_floats(n, k, table) floats, laid out
/// as `list` from split_columns().
PanelView pack_panels(const float* b, std::int64_t row, bool transposed, float alpha, std::int64_t k,
                      std::span<const Panel> list, const TileTable& table, float* memory);

extern const PackTable kPackPortable;
extern const PackTable kPackAvx2;
extern const PackTable kPackAvx512;

}  // namespace espalier::kernels
