#include "kernels/conv_i8/conv_i8.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "kernels/conv/output_pixel.h"
#include "kernels/conv_i8/depthwise_i8.h"
#include "kernels/conv_i8/padded_image.h"
#include "kernels/dispatch.h"
#include "kernels/gemm_i8/drive_i8.h"

namespace espalier::kernels {
namespace {

/// Elements per chunk of depthwise work.
constexpr std::int64_t kDepthwiseGrain = 16384;

/// Kernel rows become single taps when pixels are too thin to be taps of their own.
bool wants_row_taps(const Conv2dShape& s) {
    return s.groups == 1 && s.dilation_w == 1 && s.kernel_w > 1 && (s.c_in % 4 != 0 || s.c_in < 16);
}

/// Depth of one tap in row-tap form, a multiple of 4: the copied rows have room for it, the weights are 0
/// there.
std::int64_t row_tap_depth(const Conv2dShape& s) { return (s.kernel_w * s.c_in + 3) / 4 * 4; }

PanelsI8 pack_row_taps(const Conv2dShape& s, const std::int8_t* weights, std::span<const float> scales,
                       PackedMemory* memory) {
    return PanelsI8(s.c_out, s.kernel_h, row_tap_depth(s), scales, memory,
                    [&](std::int64_t o, std::int64_t r, std::int64_t p) -> std::int8_t {
                        const std::int64_t column = p / s.c_in, i = p % s.c_in;
                        if (column >= s.kernel_w) return 0;
                        return weights[((o * s.c_in + i) * s.kernel_h + r) * s.kernel_w + column];
                    });
}

PanelsI8 pack_group(const Conv2dShape& s, std::int64_t group, const std::int8_t* weights,
                    std::span<const float> scales, PackedMemory* memory) {
    const auto own = scales.size() == 1 ? scales
                                        : scales.subspan(static_cast<std::size_t>(group * s.group_out()),
                                                         static_cast<std::size_t>(s.group_out()));
    return PanelsI8(s.group_out(), s.taps(), s.group_in(), own, memory,
                    [&](std::int64_t j, std::int64_t t, std::int64_t i) {
                        const std::int64_t o = group * s.group_out() + j;
                        return weights[(o * s.group_in() + i) * s.taps() + t];
                    });
}

/// The tiles for a convolution. Groups of fewer columns than a register of AMX has would leave most of it
/// idle.
const TileI8Kernel& tile_kernel_of(const Conv2dShape& s, Isa limit) {
    const bool is_narrow = s.groups > 1 && s.group_out() < kI8Lanes;
    return select(tile_i8_kernels(), is_narrow ? std::min(limit, Isa::kAvx512Bf16) : limit);
}

/// The input of one call.
struct Input {
    std::int64_t n, h, w;
    const std::uint8_t* x;
    std::span<const Affine> affines;

    bool shared() const { return affines.size() == 1; }
    const Affine& affine(std::int64_t image) const {
        return affines[shared() ? 0 : static_cast<std::size_t>(image)];
    }
};

void run_row_taps(const PackedConvI8& packed, const Input& in, const OutputI8& out, ThreadPool& pool,
                  const TileI8Kernel& kernel) {
    const Conv2dShape& s = packed.shape();
    const PaddedImages padded = pad_images(s, in.n, in.h, in.w, in.x, in.affines, pool);
    const std::int64_t out_h = s.output_h(in.h), out_w = s.output_w(in.w);
    drive_i8(packed.groups().front(), kernel, out, in.shared(), pool,
             [&](std::int64_t first, std::int64_t count, const std::uint8_t** pointers, Affine* affines) {
                 OutputPixel at(first, out_h, out_w);
                 for (std::int64_t i = 0; i < count; ++i, at.advance(out_h, out_w)) {
                     affines[i] = in.affine(at.image);
                     const std::uint8_t* corner =
                         padded.pixel(at.image, at.y * s.stride_h, at.x * s.stride_w);
                     for (std::int64_t r = 0; r < s.kernel_h; ++r) {
                         pointers[r * count + i] = corner + r * s.dilation_h * padded.row_bytes;
                     }
                 }
             });
}

/// Fills the addresses of one group's taps; taps outside of the image point to `outside`, a run of zero
/// points.
void locate_pixel(const Conv2dShape& s, const Input& in, const OutputPixel& at, std::int64_t channel,
                  const std::uint8_t* outside, std::int64_t stride, const std::uint8_t** pointers) {
    const std::uint8_t* image = in.x + at.image * in.h * in.w * s.c_in + channel;
    const std::int64_t top = at.y * s.stride_h - s.pad_top, left = at.x * s.stride_w - s.pad_left;
    const std::int64_t bottom = top + (s.kernel_h - 1) * s.dilation_h;
    const std::int64_t right = left + (s.kernel_w - 1) * s.dilation_w;
    if (top >= 0 && left >= 0 && bottom < in.h && right < in.w) {
        const std::uint8_t* row = image + (top * in.w + left) * s.c_in;
        const std::int64_t down = s.dilation_h * in.w * s.c_in, along = s.dilation_w * s.c_in;
        for (std::int64_t r = 0; r < s.kernel_h; ++r, row += down) {
            const std::uint8_t* tap = row;
            for (std::int64_t c = 0; c < s.kernel_w; ++c, tap += along, pointers += stride) *pointers = tap;
        }
        return;
    }
    for (std::int64_t r = 0; r < s.kernel_h; ++r) {
        const std::int64_t row = top + r * s.dilation_h;
        const bool row_inside = row >= 0 && row < in.h;
        for (std::int64_t c = 0; c < s.kernel_w; ++c, pointers += stride) {
            const std::int64_t column = left + c * s.dilation_w;
            const bool inside = row_inside && column >= 0 && column < in.w;
            *pointers = inside ? image + (row * in.w + column) * s.c_in : outside;
        }
    }
}

/// A product over pixels.
void run_pointwise(const PackedConvI8& packed, const Input& in, const OutputI8& out, ThreadPool& pool,
                   const TileI8Kernel& kernel) {
    const Conv2dShape& s = packed.shape();
    const std::int64_t out_h = s.output_h(in.h), out_w = s.output_w(in.w);
    const bool each_pixel = static_cast<std::int64_t>(in.affines.size()) == in.n * in.h * in.w;
    drive_i8(packed.groups().front(), kernel, out, in.shared(), pool,
             [&](std::int64_t first, std::int64_t count, const std::uint8_t** pointers, Affine* affines) {
                 OutputPixel at(first, out_h, out_w);
                 for (std::int64_t i = 0; i < count; ++i, at.advance(out_h, out_w)) {
                     const std::int64_t pixel = at.source(s, in.h, in.w);
                     pointers[i] = in.x + pixel * s.c_in;
                     affines[i] = in.affine(each_pixel ? pixel : at.image);
                 }
             });
}

void run_pixel_taps(const PackedConvI8& packed, const Input& in, const OutputI8& out, ThreadPool& pool,
                    const TileI8Kernel& kernel) {
    const Conv2dShape& s = packed.shape();
    const std::int64_t out_h = s.output_h(in.h), out_w = s.output_w(in.w);
    const std::int64_t depth = s.group_in();
    const auto rows = static_cast<std::int64_t>(in.affines.size());
    auto* outside =
        static_cast<std::uint8_t*>(scratch(Scratch::kShared, static_cast<std::size_t>(rows * depth)));
    for (std::int64_t i = 0; i < rows; ++i) {
        std::memset(outside + i * depth, in.affines[static_cast<std::size_t>(i)].zero_point,
                    static_cast<std::size_t>(depth));
    }
    for (std::int64_t group = 0; group < s.groups; ++group) {
        const std::int64_t column = group * s.group_out();
        OutputI8 part = out;
        if (part.c) part.c += column;
        part.ends = out.ends.at(column);
        if (part.epilogue.bias) part.epilogue.bias += column;
        if (part.epilogue.residual) part.epilogue.residual += column;
        drive_i8(packed.groups()[static_cast<std::size_t>(group)], kernel, part, rows == 1, pool,
                 [&](std::int64_t first, std::int64_t count, const std::uint8_t** pointers, Affine* affines) {
                     OutputPixel at(first, out_h, out_w);
                     for (std::int64_t i = 0; i < count; ++i, at.advance(out_h, out_w)) {
                         affines[i] = in.affine(at.image);
                         const std::uint8_t* zeros = outside + (rows == 1 ? 0 : at.image) * depth;
                         locate_pixel(s, in, at, group * depth, zeros, count, pointers + i);
                     }
                 });
    }
}

void run_depthwise(const PackedConvI8& packed, const Input& in, const OutputI8& out, ThreadPool& pool,
                   const DepthwiseI8Kernel& kernel) {
    const Conv2dShape& s = packed.shape();
    // Rows above and below the image: one row of zero points for every quantization.
    const std::int64_t row_bytes = in.w * s.c_in;
    auto* outside = static_cast<std::uint8_t*>(
        scratch(Scratch::kShared, in.affines.size() * static_cast<std::size_t>(row_bytes)));
    for (std::size_t i = 0; i < in.affines.size(); ++i) {
        std::memset(outside + static_cast<std::int64_t>(i) * row_bytes, in.affines[i].zero_point,
                    static_cast<std::size_t>(row_bytes));
    }
    const std::int64_t out_h = s.output_h(in.h), out_w = s.output_w(in.w), channels = s.c_in;
    const std::int64_t grain = std::max<std::int64_t>(1, kDepthwiseGrain / (out_w * channels));
    pool.parallel_for(in.n * out_h, grain, [&](std::int64_t begin, std::int64_t end, int) {
        auto** rows = static_cast<const std::uint8_t**>(
            scratch(Scratch::kLocal, static_cast<std::size_t>(s.kernel_h) * sizeof(void*)));
        void* words = scratch(Scratch::kLocalExtra, kDepthwiseScratchBytes);
        for (std::int64_t row = begin; row < end; ++row) {
            const std::int64_t image = row / out_h, y = row % out_h;
            for (std::int64_t r = 0; r < s.kernel_h; ++r) {
                const std::int64_t from = y * s.stride_h + r * s.dilation_h - s.pad_top;
                const std::int64_t zeros = in.affines.size() == 1 ? 0 : image;
                rows[r] = from >= 0 && from < in.h ? in.x + (image * in.h + from) * row_bytes
                                                   : outside + zeros * row_bytes;
            }
            const Affine& affine = in.affine(image);
            const std::int64_t offset = row * out_w * channels;
            kernel.run({.rows = rows,
                        .width = in.w,
                        .left = s.pad_left,
                        .kernel_h = s.kernel_h,
                        .kernel_w = s.kernel_w,
                        .stride = s.stride_w,
                        .dilation = s.dilation_w,
                        .pixels = out_w,
                        .channels = channels,
                        .weights = packed.depthwise().data(),
                        .words = packed.depthwise_words().span<std::int8_t>().data(),
                        .sums = packed.depthwise_sums().data(),
                        .scales = packed.scales().data(),
                        .scale = affine.scale,
                        .zero_point = affine.zero_point,
                        .bias = out.epilogue.bias,
                        .residual = out.epilogue.residual ? out.epilogue.residual + offset : nullptr,
                        .ends = out.ends.at(offset),
                        .y = out.c ? out.c + offset : nullptr,
                        .activation = out.epilogue.activation,
                        .lo = out.epilogue.lo,
                        .hi = out.epilogue.hi,
                        .scratch = words});
        }
    });
}

}  // namespace

std::size_t PackedConvI8::size_bytes() const {
    std::size_t bytes = depthwise_.size() + words_.size_bytes() + scales_.size() * sizeof(float) +
                        sums_.size() * sizeof(std::int32_t);
    for (const PanelsI8& group : groups_) bytes += group.size_bytes();
    return bytes;
}

const char* PackedConvI8::kernel_name(Isa limit) const {
    return groups_.empty() ? select(depthwise_i8_kernels(), limit).name : tile_kernel_of(shape_, limit).name;
}

PackedConvI8 pack_conv2d_i8(const Conv2dShape& shape, const std::int8_t* weights,
                            std::span<const float> scales, PackedMemory* memory) {
    shape.check();
    if (scales.size() != 1 && static_cast<std::int64_t>(scales.size()) != shape.c_out) {
        fail("an int8 convolution of {} output channels has {} scales: expected 1 or {}", shape.c_out,
             scales.size(), shape.c_out);
    }
    PackedConvI8 packed;
    packed.shape_ = shape;
    packed.row_taps_ = wants_row_taps(shape);
    if (shape.is_depthwise()) {
        packed.pack_depthwise(weights, scales);
    } else if (packed.row_taps_) {
        packed.groups_.push_back(pack_row_taps(shape, weights, scales, memory));
    } else {
        for (std::int64_t group = 0; group < shape.groups; ++group) {
            packed.groups_.push_back(pack_group(shape, group, weights, scales, memory));
        }
    }
    return packed;
}

void PackedConvI8::pack_depthwise(const std::int8_t* weights, std::span<const float> scales) {
    const std::int64_t channels = shape_.c_out, taps = shape_.taps();
    if (taps > kI8MaxDepth)
        fail("a depthwise convolution of {} taps is too deep: at most {}", taps, kI8MaxDepth);
    depthwise_.resize(static_cast<std::size_t>(channels * taps));
    sums_.assign(static_cast<std::size_t>(channels), 0);
    scales_.resize(static_cast<std::size_t>(channels));
    for (std::int64_t c = 0; c < channels; ++c) {
        const auto channel = static_cast<std::size_t>(c);
        scales_[channel] = scales.size() == 1 ? scales[0] : scales[channel];
        for (std::int64_t t = 0; t < taps; ++t) {
            const std::int8_t value = weights[c * taps + t];
            depthwise_[static_cast<std::size_t>(t * channels + c)] = value;
            sums_[channel] += value;
        }
    }
    const auto bytes =
        static_cast<std::int64_t>(depthwise_words_bytes(channels, shape_.kernel_h, shape_.kernel_w));
    words_ = Tensor::allocate(DType::kI8, Shape{bytes});
    kernels::depthwise_words(depthwise_.data(), channels, shape_.kernel_h, shape_.kernel_w,
                             words_.mutable_span<std::int8_t>().data());
}

void conv2d_u8s8(const PackedConvI8& weights, std::int64_t n, std::int64_t h, std::int64_t w,
                 const std::uint8_t* x, std::span<const Affine> affines, float* y, const Epilogue& epilogue,
                 ThreadPool& pool, Isa limit, const CodedEnds& ends) {
    const Conv2dShape& s = weights.shape();
    const std::int64_t out_h = s.output_h(h), out_w = s.output_w(w);
    if (n < 1) return;
    const auto maps = static_cast<std::int64_t>(affines.size());
    if (maps != 1 && maps != n && !(s.is_pointwise() && maps == n * h * w)) {
        fail(
            "an int8 convolution of {} images has {} quantizations: expected 1 or {}, or one for each pixel that "
            "windows of one pixel read",
            n, maps, n);
    }
    const Input in{n, h, w, x, affines};
    const OutputI8 out{n * out_h * out_w, y, s.c_out, epilogue, ends};
    if (weights.groups().empty()) {
        run_depthwise(weights, in, out, pool, select(depthwise_i8_kernels(), limit));
    } else if (s.is_pointwise()) {
        run_pointwise(weights, in, out, pool, tile_kernel_of(s, limit));
    } else if (weights.row_taps()) {
        run_row_taps(weights, in, out, pool, tile_kernel_of(s, limit));
    } else {
        run_pixel_taps(weights, in, out, pool, tile_kernel_of(s, limit));
    }
}

}  // namespace espalier::kernels
