#include "kernels/gemm/gemm.h"

#include "base/error.h"
#include "kernels/gemm/multiply.h"
#include "kernels/gemm/partition.h"

namespace espalier::kernels {

std::string PackedF32::kernel_name() const { return fmt::format("gemm_f32/{}", panels_.table().name); }

PackedF32 pack_gemm_f32(const float* weights, std::int64_t n, std::int64_t k, Isa isa, PackedMemory* memory) {
    if (n < 1 || k < 1) fail("a matrix of weights needs at least one row and one column, not {} x {}", n, k);
    Panels panels(n, k, tile_table(isa), memory);
    if (!is_packed(memory)) panels.pack(weights, k);
    return {n, k, std::move(panels)};
}

PackedF32 pack_gemm_f32(const Tensor& weights, Isa isa, PackedMemory* memory) {
    const std::int64_t n = weights.shape()[0], k = weights.shape()[1];
    if (is_packed(memory)) return pack_gemm_f32(nullptr, n, k, isa, memory);
    if (!weights.stored().transposed) return pack_gemm_f32(weights.span<float>().data(), n, k, isa, memory);
    Panels panels(n, k, tile_table(isa), memory);
    panels.pack_rows(weights.stored().bytes.data(), n);
    return {n, k, std::move(panels)};
}

void gemm_f32(std::int64_t m, const float* a, std::int64_t lda, const PackedF32& weights, float* c,
              std::int64_t ldc, const Epilogue& epilogue, ThreadPool& pool) {
    if (m <= 0) return;
    const PanelView view = weights.panels().view();
    const std::int64_t panels = std::ssize(view.list);
    const Partition parts = partition_product(m, weights.k(), weights.n(), panels, pool.threads());
    pool.parallel_for(parts.tasks(), 1, [&](std::int64_t begin, std::int64_t end, int) {
        for (std::int64_t task = begin; task < end; ++task) {
            const std::int64_t row_part = task / parts.column_parts;
            const std::int64_t column_part = task % parts.column_parts;
            const std::int64_t row = part_begin(m, parts.row_parts, row_part);
            const std::int64_t rows = part_begin(m, parts.row_parts, row_part + 1) - row;
            const std::int64_t next = part_begin(panels, parts.column_parts, (task + 1) % parts.column_parts);
            Epilogue local = epilogue;
            if (local.residual) local.residual += row * ldc;
            multiply(view, part_begin(panels, parts.column_parts, column_part),
                     part_begin(panels, parts.column_parts, column_part + 1), rows, a + row * lda, lda,
                     c + row * ldc, ldc, local, view.data(view.list[static_cast<std::size_t>(next)]));
        }
    });
}

}  // namespace espalier::kernels
