#pragma once

#include <cstdint>

namespace espalier::kernels {

/// Where part `index` of `parts` nearly equal parts of [0, count) begins; parts itself gives the end.
constexpr std::int64_t part_begin(std::int64_t count, std::int64_t parts, std::int64_t index) {
    return count * index / parts;
}

/// `parts` or a few more, so that each of `threads` threads has as many and the same share of all that is cut
/// so; never more than `most`, which may be too few for that.
constexpr std::int64_t round_to_threads(std::int64_t parts, std::int64_t most, int threads) {
    const std::int64_t rounded = (parts + threads - 1) / threads * threads;
    return rounded <= most ? rounded : parts < most ? parts : most;
}

/// A product of rows x k by k x panels cut into row_parts x column_parts tasks.
struct Partition {
    std::int64_t row_parts = 1;
    std::int64_t column_parts = 1;
    std::int64_t tasks() const { return row_parts * column_parts; }
};

/// Depth of one pass over a panel: 64 columns x 1280 floats are 320 KiB, a third of the level 2 cache that
/// rows and panel share. Longer sums are accumulated through the output.
constexpr std::int64_t kDepthBlock = 1280;

/// Cuts so that the rows of a task stay in the level 2 cache while all its panels pass over them, every
/// thread gets several tasks of at least some microseconds, and the least is read twice. Where rows are cut
/// at all, every thread has its own, for what it reads there was probably written by itself.
Partition partition_product(std::int64_t rows, std::int64_t k, std::int64_t columns, std::int64_t panels,
                            int threads);

}  // namespace espalier::kernels
