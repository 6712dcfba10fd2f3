#include "kernels/sparse/spmm_i8.h"

#include "kernels/conv/output_pixel.h"
#include "kernels/sparse/spmm_cost.h"
#include "kernels/sparse/spmm_drive.h"

namespace espalier::kernels {
namespace {

template <typename AffineOf>
void drive(const SparseI8& weights, std::int64_t m, const RowSource& source, AffineOf&& affine_of, float* c,
           std::int64_t ldc, const Epilogue& epilogue, ThreadPool& pool, Isa limit) {
    const SpmmI8Kernel& kernel = choose_spmm_kernel(spmm_i8_kernels(), limit);
    const auto finish = [&](const SpmmPart<std::int32_t>& part) {
        std::array<float, kSpmmMaxPixels> scales{};
        std::array<std::int32_t, kSpmmMaxPixels> zero_points{};
        for (std::int64_t i = 0; i < part.rows; ++i) {
            const Affine affine = affine_of(part.first_row + i);
            scales[static_cast<std::size_t>(i)] = affine.scale;
            zero_points[static_cast<std::size_t>(i)] = affine.zero_point;
        }
        const SpmmScaling scaling{scales.data(), zero_points.data(),
                                  weights.scales().data() + part.first_feature,
                                  weights.sums().data() + part.first_feature};
        const std::int64_t offset = part.first_row * ldc + part.first_feature;
        Epilogue own = epilogue;
        if (own.bias) own.bias += part.first_feature;
        if (own.residual) own.residual += offset;
        kernel.finish({part.rows, part.features, ldc}, scaling, part.sums, part.pixels, c + offset, own);
    };
    const SpmmExtent extent{m, weights.taps(), weights.k()};
    SpmmDrive(kernel.runs, kernel.pack, kernel.lanes, weights.words(), extent, source, finish, pool).run();
}

/// Four weights from position p of tap `tap` of feature j on, 0 beyond k.
std::int32_t word_at(const std::int8_t* weights, std::int64_t k, std::int64_t taps, std::int64_t j,
                     std::int64_t tap, std::int64_t p) {
    std::int8_t bytes[kSparseBlock] = {};
    for (std::int64_t b = 0; b < kSparseBlock && p + b < k; ++b)
        bytes[b] = weights[(j * k + p + b) * taps + tap];
    std::int32_t word;
    std::memcpy(&word, bytes, sizeof word);
    return word;
}

}  // namespace

std::span<const SpmmI8Kernel* const> spmm_i8_kernels() {
#if defined(__x86_64__)
    static constexpr const SpmmI8Kernel* kTable[] = {&kSpmmI8Portable, &kSpmmI8Avx2, &kSpmmI8Avx512Vnni};
#else
    static constexpr const SpmmI8Kernel* kTable[] = {&kSpmmI8Portable};
#endif
    return kTable;
}

const char* kernel_name_spmm_i8(Isa limit) { return choose_spmm_kernel(spmm_i8_kernels(), limit).name; }

std::int64_t count_sparse_blocks(const std::int8_t* weights, std::int64_t n, std::int64_t k,
                                 std::int64_t taps) {
    std::int64_t count = 0;
    for (std::int64_t j = 0; j < n; ++j) {
        for (std::int64_t tap = 0; tap < taps; ++tap) {
            for (std::int64_t p = 0; p < k; p += kSparseBlock) {
                count += word_at(weights, k, taps, j, tap, p) != 0;
            }
        }
    }
    return count;
}

SparseI8 pack_sparse_i8(const std::int8_t* weights, std::int64_t n, std::int64_t k,
                        std::span<const float> scales, std::int64_t taps, std::int64_t m, Isa limit) {
    if (n < 1 || k < 1 || taps < 1 || k > kI8MaxDepth / taps) {
        fail("sparse int8 weights of {} x {} with {} taps: extents must be positive, the depth at most {}", n,
             k, taps, kI8MaxDepth);
    }
    if (scales.size() != 1 && static_cast<std::int64_t>(scales.size()) != n) {
        fail("sparse int8 weights of {} features have {} scales: expected 1 or {}", n, scales.size(), n);
    }
    const std::int64_t tap_rows = spmm_rounded((k + kSparseBlock - 1) / kSparseBlock);
    const double density = static_cast<double>(count_sparse_blocks(weights, n, k, taps)) /
                           static_cast<double>(n * taps * tap_rows);
    const SpmmI8Kernel& kernel = choose_spmm_kernel(spmm_i8_kernels(), limit);
    const std::int64_t block = spmm_block(m, density, kernel.lanes, std::ssize(kernel.runs));
    SparseI8 packed;
    packed.k_ = k;
    packed.taps_ = taps;
    packed.words_ =
        SparseWords<std::int32_t>(n, taps * tap_rows, block, [&](std::int64_t j, std::int64_t row) {
            return word_at(weights, k, taps, j, row / tap_rows, row % tap_rows * kSparseBlock);
        });
    packed.scales_.assign(static_cast<std::size_t>(spmm_rounded(n)), 0.0f);
    packed.sums_.assign(packed.scales_.size(), 0);
    for (std::int64_t j = 0; j < n; ++j) {
        const auto feature = static_cast<std::size_t>(j);
        packed.scales_[feature] = scales[scales.size() == 1 ? 0 : feature];
        for (std::int64_t i = 0; i < k * taps; ++i) packed.sums_[feature] += weights[j * k * taps + i];
    }
    return packed;
}

void spmm_u8s8(std::int64_t m, const std::uint8_t* a, std::int64_t lda, const RowAffines& affines,
               const SparseI8& weights, float* c, std::int64_t ldc, const Epilogue& epilogue,
               ThreadPool& pool, Isa limit) {
    if (m < 1) return;
    const auto affine_of = [&](std::int64_t i) { return affines.values[i / affines.rows_per_value]; };
    drive(weights, m, MatrixRows(a, lda), affine_of, c, ldc, epilogue, pool, limit);
}

void sparse_conv2d_u8s8(const Conv2dShape& shape, const SparseI8& weights, std::int64_t n, std::int64_t h,
                        std::int64_t w, const std::uint8_t* x, std::span<const Affine> affines, float* y,
                        const Epilogue& epilogue, ThreadPool& pool, Isa limit) {
    check_sparse_shape(shape, weights.n(), weights.k(), weights.taps());
    if (n < 1) return;
    const auto maps = static_cast<std::int64_t>(affines.size());
    const bool each_pixel = shape.is_pointwise() && maps == n * h * w;
    if (maps != 1 && maps != n && !each_pixel) {
        fail(
            "a sparse int8 convolution of {} images has {} quantizations: expected 1 or {}, or one for each "
            "pixel that windows of one pixel read",
            n, maps, n);
    }
    const auto channels = static_cast<std::size_t>(shape.c_in);
    // Nothing lies outside for a pointwise convolution, but rows want an address.
    const std::span<const Affine> of_images = each_pixel ? affines.first(1) : affines;
    std::vector<std::uint8_t> codes(of_images.size() * channels);
    std::vector<const void*> outside;
    for (std::size_t i = 0; i < of_images.size(); ++i) {
        std::memset(codes.data() + i * channels, of_images[i].zero_point, channels);
        outside.push_back(codes.data() + i * channels);
    }
    const std::int64_t out_h = shape.output_h(h), out_w = shape.output_w(w), pixels = out_h * out_w;
    const auto affine_of = [&](std::int64_t i) {
        if (maps == 1) return affines[0];
        const std::int64_t map = each_pixel ? OutputPixel(i, out_h, out_w).source(shape, h, w) : i / pixels;
        return affines[static_cast<std::size_t>(map)];
    };
    drive(weights, n * pixels, WindowRows(shape, h, w, x, 1, std::move(outside)), affine_of, y, shape.c_out,
          epilogue, pool, limit);
}

}  // namespace espalier::kernels
