#include "kernels/gemm/panels.h"

#include <algorithm>

#include "kernels/gemm/pack_table.h"

namespace espalier::kernels {

std::vector<Panel> split_columns(std::int64_t n, std::int64_t k, const TileTable& table) {
    const std::int64_t vectors = (n + table.lanes - 1) / table.lanes;
    const std::int64_t count = (vectors + table.max_vectors - 1) / table.max_vectors;
    std::vector<Panel> panels;
    std::int64_t column = 0;
    for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t wide = vectors * (i + 1) / count - vectors * i / count;
        panels.push_back({.column = column,
                          .columns = std::min(n - column, wide * table.lanes),
                          .vectors = static_cast<int>(wide),
                          .offset = column * k});
        column += wide * table.lanes;
    }
    return panels;
}

Panels::Panels(std::int64_t n, std::int64_t k, const TileTable& table)
    : k_(k), table_(&table), list_(split_columns(n, k, table)) {
    memory_ = Tensor::allocate(DType::kF32, Shape{panel_floats(n, k, table)});
}

void Panels::pack(const Panel& panel, const float* columns, std::int64_t stride) {
    float* out = memory_.mutable_span<float>().data() + panel.offset;
    const std::int64_t width = std::int64_t{panel.vectors} * table_->lanes;
    pack_table(table_->isa).transposed(columns, stride, panel.columns, k_, 1.0f, out, width);
}

void Panels::pack(const float* columns, std::int64_t stride) {
    for (const Panel& panel : list_) pack(panel, columns + panel.column * stride, stride);
}

}  // namespace espalier::kernels
