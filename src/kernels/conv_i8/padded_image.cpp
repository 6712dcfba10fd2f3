#include "kernels/conv_i8/padded_image.h"

#include <algorithm>
#include <cstring>

#include "kernels/scratch.h"

namespace espalier::kernels {
namespace {

/// Bytes copied per chunk of work.
constexpr std::int64_t kGrainBytes = 65536;

/// Room behind the last row for kernels that read whole words.
constexpr std::int64_t kSlackBytes = 3;

}  // namespace

PaddedImages pad_images(const Conv2dShape& s, std::int64_t n, std::int64_t h, std::int64_t w,
                        const std::uint8_t* x, std::span<const Affine> affines, ThreadPool& pool) {
    const std::int64_t rows = h + s.pad_top + s.pad_bottom;
    const std::int64_t left = s.pad_left * s.c_in, middle = w * s.c_in, right = s.pad_right * s.c_in;
    const std::int64_t row_bytes = left + middle + right;
    auto* data = static_cast<std::uint8_t*>(
        scratch(Scratch::kShared, static_cast<std::size_t>(n * rows * row_bytes + kSlackBytes)));
    std::memset(data + n * rows * row_bytes, 0, kSlackBytes);
    pool.parallel_for(
        n * rows, std::max<std::int64_t>(1, kGrainBytes / row_bytes),
        [&](std::int64_t begin, std::int64_t end, int) {
            for (std::int64_t row = begin; row < end; ++row) {
                const std::int64_t image = row / rows, y = row % rows - s.pad_top;
                const int zero =
                    affines[affines.size() == 1 ? 0 : static_cast<std::size_t>(image)].zero_point;
                std::uint8_t* to = data + row * row_bytes;
                if (y < 0 || y >= h) {
                    std::memset(to, zero, static_cast<std::size_t>(row_bytes));
                    continue;
                }
                std::memset(to, zero, static_cast<std::size_t>(left));
                std::memcpy(to + left, x + (image * h + y) * middle, static_cast<std::size_t>(middle));
                std::memset(to + left + middle, zero, static_cast<std::size_t>(right));
            }
        });
    return {data, rows * row_bytes, row_bytes, s.c_in};
}

}  // namespace espalier::kernels
