#include "kernels/conv_bf16/conv_bf16.h"

#include <algorithm>

#include "kernels/conv/output_pixel.h"
#include "kernels/conv_bf16/rounded_images.h"
#include "kernels/gemm_bf16/drive_bf16.h"

namespace espalier::kernels {
namespace {

/// Images are rounded in parts of at most this size, which stay in the level 2 and 3 caches until they are
/// multiplied.
constexpr std::int64_t kPartBytes = std::int64_t{4} << 20;

/// The channels of neighbouring taps are neighbours in memory, so that a kernel row is one run of numbers and
/// counts as one tap.
bool has_row_taps(const Conv2dShape& s) { return s.groups == 1 && s.dilation_w == 1; }

/// One tap without padding: a product over pixels, some of them left out where there is a stride.
bool is_product(const Conv2dShape& s) {
    return s.taps() == 1 && s.groups == 1 && s.pad_top == 0 && s.pad_left == 0 && s.pad_bottom == 0 &&
           s.pad_right == 0;
}

PanelsBF16 pack_row_taps(const Conv2dShape& s, const std::uint16_t* weights, PackedMemory* memory) {
    return PanelsBF16(s.c_out, s.kernel_h, s.kernel_w * s.c_in, memory,
                      [&](std::int64_t o, std::int64_t r, std::int64_t p) {
                          const std::int64_t column = p / s.c_in, i = p % s.c_in;
                          return weights[((o * s.c_in + i) * s.kernel_h + r) * s.kernel_w + column];
                      });
}

PanelsBF16 pack_group(const Conv2dShape& s, std::int64_t group, const std::uint16_t* weights,
                      PackedMemory* memory) {
    return PanelsBF16(s.group_out(), s.taps(), s.group_in(), memory,
                      [&](std::int64_t j, std::int64_t t, std::int64_t i) {
                          const std::int64_t o = group * s.group_out() + j;
                          return weights[(o * s.group_in() + i) * s.taps() + t];
                      });
}

void run_product(const PackedConvBF16& packed, std::int64_t h, std::int64_t w, const float* x,
                 const TileOutput& out, ThreadPool& pool, const TileBF16Kernel& kernel) {
    const Conv2dShape& s = packed.shape();
    const std::int64_t out_h = s.output_h(h), out_w = s.output_w(w);
    drive_rounding_bf16(packed.groups().front(), kernel, out, pool, [&](std::int64_t row) {
        if (s.stride_h == 1 && s.stride_w == 1) return x + row * s.c_in;
        const OutputPixel at(row, out_h, out_w);
        return x + ((at.image * h + at.y * s.stride_h) * w + at.x * s.stride_w) * s.c_in;
    });
}

/// The product of one group with the windows of rounded images.
void run_group(const PackedConvBF16& packed, std::int64_t group, const RoundedImages& images,
               const TileOutput& out, ThreadPool& pool, const TileBF16Kernel& kernel) {
    const Conv2dShape& s = packed.shape();
    const bool row_taps = has_row_taps(s);
    const std::int64_t taps_along = row_taps ? 1 : s.kernel_w;
    const std::int64_t down = s.dilation_h * images.row_bytes;
    const std::int64_t along = s.dilation_w * images.pixel_bytes;
    const std::int64_t channel = group * s.group_in() * kernel.element_bytes;
    const PanelsBF16& weights = packed.groups()[static_cast<std::size_t>(group)];
    drive_bf16(weights, kernel, out, 0, pool, [&](const TileRows& rows, const void** pointers, std::byte*) {
        OutputPixel at(rows.first, images.output_h, images.output_w);
        for (std::int64_t i = 0; i < rows.count; ++i, at.advance(images.output_h, images.output_w)) {
            const std::byte* row = images.pixel(at.image, at.y * s.stride_h, at.x * s.stride_w) + channel;
            const void** to = pointers + i;
            for (std::int64_t r = 0; r < s.kernel_h; ++r, row += down) {
                const std::byte* tap = row;
                for (std::int64_t c = 0; c < taps_along; ++c, tap += along, to += rows.count) *to = tap;
            }
        }
    });
}

void run_windows(const PackedConvBF16& packed, std::int64_t n, std::int64_t h, std::int64_t w, const float* x,
                 const TileOutput& out, ThreadPool& pool, const TileBF16Kernel& kernel) {
    const Conv2dShape& s = packed.shape();
    const std::int64_t pixels = s.output_h(h) * s.output_w(w);
    const std::int64_t part =
        std::clamp<std::int64_t>(kPartBytes / rounded_image_bytes(s, h, w, kernel), 1, n);
    for (std::int64_t image = 0; image < n; image += part) {
        const std::int64_t count = std::min(part, n - image), first = image * pixels * s.c_out;
        const RoundedImages images = round_images(s, count, h, w, x + image * h * w * s.c_in, kernel, pool);
        for (std::int64_t group = 0; group < s.groups; ++group) {
            const std::int64_t column = group * s.group_out();
            TileOutput own{count * pixels, out.c + first + column, out.ldc, out.epilogue};
            if (own.epilogue.bias) own.epilogue.bias += column;
            if (own.epilogue.residual) own.epilogue.residual += first + column;
            run_group(packed, group, images, own, pool, kernel);
        }
    }
}

}  // namespace

std::size_t PackedConvBF16::size_bytes() const {
    std::size_t bytes = 0;
    for (const PanelsBF16& group : groups_) bytes += group.size_bytes();
    return bytes;
}

PackedConvBF16 pack_conv2d_bf16(const Conv2dShape& shape, const std::uint16_t* weights,
                                PackedMemory* memory) {
    shape.check();
    std::vector<PanelsBF16> groups;
    if (has_row_taps(shape)) {
        groups.push_back(pack_row_taps(shape, weights, memory));
    } else {
        for (std::int64_t group = 0; group < shape.groups; ++group) {
            groups.push_back(pack_group(shape, group, weights, memory));
        }
    }
    return {shape, std::move(groups)};
}

void conv2d_bf16(const PackedConvBF16& weights, std::int64_t n, std::int64_t h, std::int64_t w,
                 const float* x, float* y, const Epilogue& epilogue, ThreadPool& pool,
                 const TileBF16Kernel& kernel) {
    const Conv2dShape& s = weights.shape();
    const std::int64_t pixels = s.output_h(h) * s.output_w(w);
    if (n < 1) return;
    const TileOutput out{n * pixels, y, s.c_out, epilogue};
    if (is_product(s)) {
        run_product(weights, h, w, x, out, pool, kernel);
    } else {
        run_windows(weights, n, h, w, x, out, pool, kernel);
    }
}

}  // namespace espalier::kernels
