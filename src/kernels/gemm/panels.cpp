#include "kernels/gemm/panels.h"

#include <algorithm>
#include <cstring>

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

Panels::Panels(std::int64_t n, std::int64_t k, const TileTable& table, PackedMemory* memory)
    : k_(k), table_(&table), list_(split_columns(n, k, table)) {
    // Whole cache lines, so that parts which follow one another are all aligned.
    constexpr std::int64_t kLine = Tensor::kAlignment / sizeof(float);
    const std::int64_t floats = (panel_floats(n, k, table) + kLine - 1) / kLine * kLine;
    memory_ = next_part(memory, fmt::format("panels_f32/{}", table.name), DType::kF32, floats);
}

void Panels::pack(const Panel& panel, const float* columns, std::int64_t stride) {
    float* out = memory_.mutable_span<float>().data() + panel.offset;
    const std::int64_t width = std::int64_t{panel.vectors} * table_->lanes;
    pack_table(table_->isa).transposed(columns, stride, panel.columns, k_, 1.0f, out, width);
}

void Panels::pack(const float* columns, std::int64_t stride) {
    for (const Panel& panel : list_) pack(panel, columns + panel.column * stride, stride);
}

void Panels::pack_rows(const std::byte* rows, std::int64_t n) {
    // Some rows at a time, which are read once from wherever they lie and then from the cache.
    constexpr std::int64_t kRows = 32;
    const PackTable& kernels = pack_table(table_->isa);
    std::vector<float> part(static_cast<std::size_t>(kRows * table_->max_vectors * table_->lanes));
    float* const out = memory_.mutable_span<float>().data();
    for (std::int64_t first = 0; first < k_; first += kRows) {
        const std::int64_t count = std::min(kRows, k_ - first);
        for (const Panel& panel : list_) {
            for (std::int64_t row = 0; row < count; ++row) {
                std::memcpy(part.data() + row * panel.columns,
                            rows + static_cast<std::size_t>((first + row) * n + panel.column) * sizeof(float),
                            static_cast<std::size_t>(panel.columns) * sizeof(float));
            }
            const std::int64_t width = std::int64_t{panel.vectors} * table_->lanes;
            kernels.plain(part.data(), panel.columns, panel.columns, count, 1.0f,
                          out + panel.offset + first * width, width);
        }
    }
}

}  // namespace espalier::kernels
