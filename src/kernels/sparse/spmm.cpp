#include "kernels/sparse/spmm.h"

#include "kernels/sparse/spmm_cost.h"
#include "kernels/sparse/spmm_drive.h"

namespace espalier::kernels {
namespace {

void drive(const SparseF32& weights, std::int64_t m, const RowSource& source, float* c, std::int64_t ldc,
           const Epilogue& epilogue, ThreadPool& pool, Isa limit) {
    const SpmmKernel& kernel = choose_spmm_kernel(spmm_kernels(), limit);
    const auto finish = [&](const SpmmPart<float>& part) {
        const std::int64_t offset = part.first_row * ldc + part.first_feature;
        Epilogue own = epilogue;
        if (own.bias) own.bias += part.first_feature;
        if (own.residual) own.residual += offset;
        kernel.finish({part.rows, part.features, ldc}, part.sums, part.pixels, c + offset, own);
    };
    const SpmmExtent extent{m, weights.taps(), weights.k() * static_cast<std::int64_t>(sizeof(float))};
    SpmmDrive(kernel.runs, kernel.pack, kernel.lanes, weights.words(), extent, source, finish, pool).run();
}

}  // namespace

std::span<const SpmmKernel* const> spmm_kernels() {
#if defined(__x86_64__)
    static constexpr const SpmmKernel* kTable[] = {&kSpmmPortable, &kSpmmAvx2, &kSpmmAvx512};
#else
    static constexpr const SpmmKernel* kTable[] = {&kSpmmPortable};
#endif
    return kTable;
}

const char* kernel_name_spmm(Isa limit) { return choose_spmm_kernel(spmm_kernels(), limit).name; }

SparseF32 pack_sparse_f32(const float* weights, std::int64_t n, std::int64_t k, std::int64_t taps,
                          std::int64_t m, Isa limit) {
    if (n < 1 || k < 1 || taps < 1) {
        fail("sparse weights of {} x {} with {} taps: all extents must be positive", n, k, taps);
    }
    const std::int64_t tap_rows = spmm_rounded(k), elements = n * k * taps;
    const std::int64_t nonzeros = elements - std::count(weights, weights + elements, 0.0f);
    const SpmmKernel& kernel = choose_spmm_kernel(spmm_kernels(), limit);
    const double density = static_cast<double>(nonzeros) / static_cast<double>(n * taps * tap_rows);
    const std::int64_t block = spmm_block(m, density, kernel.lanes, std::ssize(kernel.runs));
    return {k, taps, SparseWords<float>(n, taps * tap_rows, block, [&](std::int64_t j, std::int64_t row) {
                const std::int64_t tap = row / tap_rows, p = row % tap_rows;
                return p < k ? weights[(j * k + p) * taps + tap] : 0.0f;
            })};
}

void spmm_f32(std::int64_t m, const float* a, std::int64_t lda, const SparseF32& weights, float* c,
              std::int64_t ldc, const Epilogue& epilogue, ThreadPool& pool, Isa limit) {
    if (m < 1) return;
    const MatrixRows rows(a, lda * static_cast<std::int64_t>(sizeof(float)));
    drive(weights, m, rows, c, ldc, epilogue, pool, limit);
}

void sparse_conv2d_f32(const Conv2dShape& shape, const SparseF32& weights, std::int64_t n, std::int64_t h,
                       std::int64_t w, const float* x, float* y, const Epilogue& epilogue, ThreadPool& pool,
                       Isa limit) {
    check_sparse_shape(shape, weights.n(), weights.k(), weights.taps());
    if (n < 1) return;
    const std::vector<float> zeros(static_cast<std::size_t>(shape.c_in), 0.0f);
    const WindowRows rows(shape, h, w, x, sizeof(float), {zeros.data()});
    drive(weights, n * shape.output_h(h) * shape.output_w(w), rows, y, shape.c_out, epilogue, pool, limit);
}

}  // namespace espalier::kernels
