#include "datasets/resize.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/cpu_features.h"
#include "base/error.h"
#include "datasets/resize_rows.h"

namespace espalier::datasets {
namespace {

std::size_t size_of(int count) { return static_cast<std::size_t>(count); }

/// Rows of bytes, each padded so that kernels may read and write whole blocks.
struct Rows {
    std::ptrdiff_t stride = 0;
    std::vector<std::uint8_t> bytes;

    Rows(int count, int row_bytes)
        : stride((row_bytes + kBlockBytes - 1) / kBlockBytes * kBlockBytes),
          bytes(size_of(count) * static_cast<std::size_t>(stride)) {}
    std::uint8_t* row(int y) { return bytes.data() + y * stride; }
};

/// Source indices of Pillow's nearest neighbour: the position is advanced by repeated addition.
std::vector<int> nearest_indices(int in, int out) {
    const double scale = static_cast<double>(in) / out;
    std::vector<int> indices(size_of(out));
    double position = scale * 0.5;
    for (int& index : indices) {
        index = std::min(static_cast<int>(position), in - 1);
        position += scale;
    }
    return indices;
}

Image resize_nearest(const Image& image, Extent size, Region region) {
    const std::vector<int> ys = nearest_indices(image.height, size.height);
    const std::vector<int> xs = nearest_indices(image.width, size.width);
    Image result = Image::make(region.height, region.width, image.channels);
    for (int y = 0; y < region.height; ++y) {
        const std::uint8_t* in = image.row(ys[size_of(region.top + y)]);
        std::uint8_t* out = result.row(y);
        for (int x = 0; x < region.width; ++x) {
            out = std::copy_n(in + xs[size_of(region.left + x)] * image.channels, image.channels, out);
        }
    }
    return result;
}

/// Filters rows [first_row, first_row + rows) along x; output row i is that of input row first_row + i.
Rows filter_horizontally(const Image& image, const Taps& taps, int first_row, int rows) {
    const RowKernels& kernels = row_kernels();
    const auto weigh = image.channels == 3 ? kernels.weigh_48 : kernels.weigh_16;
    const int outputs = static_cast<int>(taps.first.size());
    const int first_column = taps.first.front();
    const int last_column = taps.first.back() + taps.lengths.back();
    const int pixel_bytes = image.channels * kBandRows;
    Rows result(rows, outputs * image.channels);
    std::vector<std::uint8_t> band(size_of(last_column - first_column) * size_of(pixel_bytes));
    std::vector<std::uint8_t> filtered(size_of(outputs) * size_of(pixel_bytes));
    for (int y = 0; y < rows; y += kBandRows) {
        std::array<const std::uint8_t*, kBandRows> in;
        std::array<std::uint8_t*, kBandRows> out;
        // A short last band repeats its last row: the copies compute and store the same bytes again.
        for (int r = 0; r < kBandRows; ++r) {
            const int at = std::min(y + r, rows - 1);
            in[size_of(r)] = image.row(first_row + at) + first_column * image.channels;
            out[size_of(r)] = result.row(at);
        }
        kernels.interleave(in.data(), (last_column - first_column) * image.channels, band.data());
        for (int x = 0; x < outputs; ++x) {
            const auto i = size_of(x);
            weigh(band.data() + std::ptrdiff_t{taps.first[i] - first_column} * pixel_bytes, pixel_bytes,
                  taps.weights.data() + i * size_of(taps.taps), taps.lengths[i],
                  filtered.data() + i * size_of(pixel_bytes));
        }
        kernels.separate(filtered.data(), outputs * image.channels, out.data());
    }
    return result;
}

/// The needed part of the rows, without filtering along x.
Rows copy_rows(const Image& image, Region columns, int first_row, int rows) {
    Rows result(rows, columns.width * image.channels);
    for (int y = 0; y < rows; ++y) {
        std::memcpy(result.row(y), image.row(first_row + y) + columns.left * image.channels,
                    size_of(columns.width * image.channels));
    }
    return result;
}

/// Filters along y; input row 0 is row first_row of the image that the taps speak of.
Image filter_vertically(Rows& rows, const Taps& taps, int first_row, int width, int channels) {
    const RowKernels& kernels = row_kernels();
    const int outputs = static_cast<int>(taps.first.size());
    const auto row_bytes = size_of(width * channels);
    Image result = Image::make(outputs, width, channels);
    std::vector<std::uint8_t> out(static_cast<std::size_t>(rows.stride));
    for (int y = 0; y < outputs; ++y) {
        const auto i = size_of(y);
        const std::uint8_t* in = rows.row(taps.first[i] - first_row);
        const std::int32_t* weights = taps.weights.data() + i * size_of(taps.taps);
        for (std::ptrdiff_t x = 0; x < rows.stride; x += kBlockBytes) {
            kernels.weigh_48(in + x, rows.stride, weights, taps.lengths[i], out.data() + x);
        }
        std::memcpy(result.row(y), out.data(), row_bytes);
    }
    return result;
}

Image rows_to_image(Rows& rows, Region region, int channels) {
    Image result = Image::make(region.height, region.width, channels);
    for (int y = 0; y < region.height; ++y) {
        std::memcpy(result.row(y), rows.row(y), size_of(region.width * channels));
    }
    return result;
}

void check(Extent size, Region region) {
    if (size.height <= 0 || size.width <= 0 || std::int64_t{size.height} * size.width > kMaxPixels) {
        fail("an image cannot be resized to {} x {} pixels", size.width, size.height);
    }
    if (region.top < 0 || region.left < 0 || region.height <= 0 || region.width <= 0 ||
        region.height > size.height - region.top || region.width > size.width - region.left) {
        fail("the region at ({}, {}) of {} x {} pixels lies outside the resized image of {} x {}",
             region.left, region.top, region.width, region.height, size.width, size.height);
    }
}

}  // namespace

const RowKernels& row_kernels() {
    switch (best_isa()) {
        case Isa::kPortable:
            return kRowsPortable;
        case Isa::kAvx2:
            return kRowsAvx2;
        default:
            return kRowsAvx512;
    }
}

Image resize(const Image& image, Extent size, Filter filter) {
    return resize_region(image, size, filter, {0, 0, size.height, size.width});
}

Image resize_region(const Image& image, Extent size, Filter filter, Region region) {
    check(size, region);
    if (filter == Filter::kNearest) return resize_nearest(image, size, region);
    if (std::int64_t{image.height} * region.width > kMaxPixels) {
        fail("resizing {} x {} pixels to {} x {} takes too much memory", image.width, image.height,
             size.width, size.height);
    }
    const bool keep_rows = size.height == image.height;
    const Taps down =
        keep_rows ? Taps{}
                  : make_taps(image.height, size.height, filter, region.top, region.top + region.height);
    const int first_row = keep_rows ? region.top : down.first.front();
    const int rows = keep_rows ? region.height : down.first.back() + down.lengths.back() - first_row;
    Rows filtered =
        size.width == image.width
            ? copy_rows(image, region, first_row, rows)
            : filter_horizontally(
                  image, make_taps(image.width, size.width, filter, region.left, region.left + region.width),
                  first_row, rows);
    if (keep_rows) return rows_to_image(filtered, region, image.channels);
    return filter_vertically(filtered, down, first_row, region.width, image.channels);
}

}  // namespace espalier::datasets
