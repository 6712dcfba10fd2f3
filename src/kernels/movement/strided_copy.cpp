#include "kernels/movement/strided_copy.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "kernels/movement/transpose_tile.h"

namespace espalier::kernels {
namespace {

/// Elements per chunk of work.
constexpr std::int64_t kGrain = 16384;

/// Side of a square of elements that is transposed at once: one cache line of f32.
constexpr std::int64_t kTile = 16;

/// Height of a tile of fewer columns than that, such as the three colours of an image.
constexpr std::int64_t kThinTile = 1024;

/// Offset in x of output position `index`, counted row-major over the first `axes` axes except `skip`.
std::int64_t offset_of(const StridedCopy& c, int axes, std::int64_t index) {
    std::int64_t offset = 0;
    for (int k = axes; k-- > 0;) {
        const auto i = static_cast<std::size_t>(k);
        offset += index % c.extents[i] * c.strides[i];
        index /= c.extents[i];
    }
    return offset;
}

template <typename T>
void copy_row(const T* x, std::int64_t stride, std::int64_t n, T* y) {
    if (stride == 1) {
        std::memcpy(y, x, static_cast<std::size_t>(n) * sizeof(T));
    } else if (stride == 0) {
        std::fill_n(y, n, *x);
    } else {
        for (std::int64_t i = 0; i < n; ++i) y[i] = x[i * stride];
    }
}

/// Rows of the innermost axis, shared by the threads.
template <typename T>
void copy_rows(const StridedCopy& c, const T* x, T* y, ThreadPool& pool) {
    const auto last = static_cast<std::size_t>(c.rank - 1);
    const std::int64_t n = c.extents[last], stride = c.strides[last];
    std::int64_t rows = 1;
    for (std::size_t k = 0; k < last; ++k) rows *= c.extents[k];
    if (rows == 1) {
        pool.parallel_for(n, kGrain, [&](std::int64_t begin, std::int64_t end, int) {
            copy_row(x + begin * stride, stride, end - begin, y + begin);
        });
        return;
    }
    // The axis next to the innermost one is walked by addition; only its ends need a division.
    const std::int64_t inner = c.extents[last - 1], step = c.strides[last - 1];
    pool.parallel_for(
        rows, std::max<std::int64_t>(1, kGrain / n), [&](std::int64_t begin, std::int64_t end, int) {
            while (begin < end) {
                const std::int64_t first = begin % inner, stop = std::min(inner, first + end - begin);
                const T* from = x + offset_of(c, c.rank - 2, begin / inner);
                for (std::int64_t i = first; i < stop; ++i, ++begin) {
                    copy_row(from + i * step, stride, n, y + begin * n);
                }
            }
        });
}

/// The axis along which x is dense, if it is another one than the innermost: then a tile of (axis, innermost)
/// is read and written in whole cache lines. -1 otherwise.
int dense_axis(const StridedCopy& c) {
    const auto last = static_cast<std::size_t>(c.rank - 1);
    if (c.rank < 2 || c.strides[last] == 1 || c.strides[last] == 0) return -1;
    for (int k = c.rank - 2; k >= 0; --k) {
        const auto i = static_cast<std::size_t>(k);
        if (c.strides[i] == 1 && c.extents[i] >= 4) return k;
    }
    return -1;
}

template <typename T>
void copy_tiles(const StridedCopy& c, int dense, const T* x, T* y, ThreadPool& pool) {
    const auto last = static_cast<std::size_t>(c.rank - 1);
    const auto j_axis = static_cast<std::size_t>(dense);
    const std::int64_t columns = c.extents[last], x_column = c.strides[last];
    const std::int64_t height = columns < kTile ? kThinTile : kTile;
    std::int64_t y_row = columns;
    for (std::size_t k = last - 1; k > j_axis; --k) y_row *= c.extents[k];
    StridedCopy outer = c;  // every axis but the two of the tile; the dense one is walked in steps of height
    outer.rank = c.rank - 1;
    std::int64_t tasks = 1;
    outer.extents[j_axis] = (c.extents[j_axis] + height - 1) / height;
    outer.strides[j_axis] = height;
    std::array<std::int64_t, kMaxMovedRank> y_strides{};
    std::int64_t y_stride = columns;
    for (std::size_t k = last; k-- > 0;) {
        y_strides[k] = y_stride * (k == j_axis ? height : 1);
        y_stride *= c.extents[k];
        tasks *= outer.extents[k];
    }
    const std::int64_t grain = std::max<std::int64_t>(1, kGrain / (columns * height));
    pool.parallel_for(tasks, grain, [&](std::int64_t begin, std::int64_t end, int) {
        for (std::int64_t task = begin; task < end; ++task) {
            std::int64_t from = 0, to = 0, j = 0, rest = task;
            for (std::size_t k = last; k-- > 0;) {
                const std::int64_t i = rest % outer.extents[k];
                rest /= outer.extents[k];
                from += i * outer.strides[k];
                to += i * y_strides[k];
                if (k == j_axis) j = i * height;
            }
            const std::int64_t rows = std::min(height, c.extents[j_axis] - j);
            transpose_panel(x + from, x_column, y + to, y_row, rows, columns);
        }
    });
}

template <typename T>
void copy(const StridedCopy& c, const void* x, void* y, ThreadPool& pool) {
    const int dense = dense_axis(c);
    if (dense >= 0) {
        copy_tiles(c, dense, static_cast<const T*>(x), static_cast<T*>(y), pool);
    } else {
        copy_rows(c, static_cast<const T*>(x), static_cast<T*>(y), pool);
    }
}

}  // namespace

void StridedCopy::push(std::int64_t extent, std::int64_t stride) {
    if (extent == 1) return;
    if (rank > 0) {
        const auto last = static_cast<std::size_t>(rank - 1);
        if (strides[last] == stride * extent) {
            extents[last] *= extent;
            strides[last] = stride;
            return;
        }
    }
    if (rank == kMaxMovedRank) fail("moving elements over more than {} axes is not supported", kMaxMovedRank);
    extents[static_cast<std::size_t>(rank)] = extent;
    strides[static_cast<std::size_t>(rank)] = stride;
    ++rank;
}

void copy_strided(const StridedCopy& given, const void* x, std::size_t element_bytes, void* y,
                  ThreadPool& pool) {
    StridedCopy c = given;
    for (int k = 0; k < c.rank; ++k) {
        if (c.extents[static_cast<std::size_t>(k)] == 0) return;
    }
    if (c.rank == 0) {
        c.rank = 1;
        c.extents[0] = c.strides[0] = 1;
    }
    switch (element_bytes) {
        case 1:
            return copy<std::uint8_t>(c, x, y, pool);
        case 2:
            return copy<std::uint16_t>(c, x, y, pool);
        case 4:
            return copy<std::uint32_t>(c, x, y, pool);
        case 8:
            return copy<std::uint64_t>(c, x, y, pool);
        default:
            fail("elements of {} bytes cannot be moved: expected 1, 2, 4 or 8", element_bytes);
    }
}

}  // namespace espalier::kernels
