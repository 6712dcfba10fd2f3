#include "kernels/matmul/matmul.h"

#include <algorithm>
#include <vector>

#include "kernels/gemm/multiply.h"
#include "kernels/gemm/pack_table.h"
#include "kernels/gemm/partition.h"
#include "kernels/scratch.h"

namespace espalier::kernels {
namespace {

void clear(const MatmulShape& shape, float* c) {
    for (std::int64_t i = 0; i < shape.outer * shape.inner * shape.m; ++i) {
        float* row = c + i / (shape.inner * shape.m) * shape.c.outer_stride +
                     i / shape.m % shape.inner * shape.c.inner_stride + i % shape.m * shape.c.row_stride;
        std::fill_n(row, shape.n, 0.0f);
    }
}

/// Row parts of one matrix: one where the batch alone keeps the threads busy, since each part packs b again.
std::int64_t row_parts(const MatmulShape& shape, int threads) {
    const std::int64_t matrices = shape.outer * shape.inner;
    if (threads == 1 || matrices >= 4 * threads) return 1;
    return std::clamp<std::int64_t>(4 * threads / matrices, 1, std::max<std::int64_t>(1, shape.m / 48));
}

}  // namespace

void matmul_f32(const MatmulShape& shape, const float* a, const float* b, float* c, ThreadPool& pool,
                Isa isa) {
    const std::int64_t matrices = shape.outer * shape.inner;
    if (matrices <= 0 || shape.m <= 0 || shape.n <= 0) return;
    if (shape.k <= 0) return clear(shape, c);
    const TileTable& table = tile_table(isa);
    const std::vector<Panel> list = split_columns(shape.n, shape.k, table);
    const std::int64_t parts = row_parts(shape, pool.threads());
    // The matrix whose b lies packed in the scratch memory of each thread.
    std::vector<std::int64_t> packed(static_cast<std::size_t>(pool.threads()), -1);
    pool.parallel_for(matrices * parts, 1, [&](std::int64_t begin, std::int64_t end, int thread) {
        for (std::int64_t task = begin; task < end; ++task) {
            const std::int64_t matrix = task / parts, part = task % parts;
            const std::int64_t o = matrix / shape.inner, i = matrix % shape.inner;
            const auto floats = static_cast<std::size_t>(panel_floats(shape.n, shape.k, table));
            float* memory = scratch_floats(Scratch::kLocal, floats);
            PanelView view{&table, list, shape.k, memory};
            if (packed[static_cast<std::size_t>(thread)] != matrix) {
                view =
                    pack_panels(b + o * shape.b.outer_stride + i * shape.b.inner_stride, shape.b.row_stride,
                                shape.transpose_b, shape.alpha, shape.k, list, table, memory);
                packed[static_cast<std::size_t>(thread)] = matrix;
            }
            const std::int64_t first = part_begin(shape.m, parts, part);
            multiply(view, 0, static_cast<std::int64_t>(list.size()),
                     part_begin(shape.m, parts, part + 1) - first,
                     a + o * shape.a.outer_stride + i * shape.a.inner_stride + first * shape.a.row_stride,
                     shape.a.row_stride,
                     c + o * shape.c.outer_stride + i * shape.c.inner_stride + first * shape.c.row_stride,
                     shape.c.row_stride, {});
        }
    });
}

}  // namespace espalier::kernels
