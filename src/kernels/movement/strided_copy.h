#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/cpu_features.h"
#include "base/thread_pool.h"
#include "kernels/movement/transpose.h"

namespace espalier::kernels {

/// y[i_0 .. i_r-1] (dense) = x[sum_k i_k strides[k]]; strides count elements and may be 0 or negative.
struct StridedCopy {
    int rank = 0;
    std::array<std::int64_t, kMaxMovedRank> extents{};
    std::array<std::int64_t, kMaxMovedRank> strides{};

    /// Appends an inner axis, merged into its outer neighbour where the two walk on evenly. Extent 1 is
    /// dropped. Throws Error beyond kMaxMovedRank axes.
    void push(std::int64_t extent, std::int64_t stride);
};

/// Runs the copy. element_bytes is 1, 2, 4 or 8; Throws Error for any other width. `x` points to index 0 of
/// every axis.
void copy_strided(const StridedCopy& copy, const void* x, std::size_t element_bytes, void* y,
                  ThreadPool& pool);

}  // namespace espalier::kernels
