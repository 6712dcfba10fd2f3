#pragma once

#include <cstdint>

#include "base/thread_pool.h"
#include "kernels/epilogue.h"
#include "kernels/gemm_bf16/panels_bf16.h"

namespace espalier::kernels {

/// The bf16 weights of a linear layer, packed once; the layout serves every instruction set.
class PackedBF16 {
  public:
    PackedBF16() = default;
    PackedBF16(std::int64_t n, std::int64_t k, PanelsBF16 panels)
        : n_(n), k_(k), panels_(std::move(panels)) {}

    std::int64_t n() const { return n_; }  ///< output features
    std::int64_t k() const { return k_; }  ///< input features
    const PanelsBF16& panels() const { return panels_; }
    std::size_t size_bytes() const { return panels_.size_bytes(); }

  private:
    std::int64_t n_ = 0;
    std::int64_t k_ = 0;
    PanelsBF16 panels_;
};

/// Packs weights[n][k], row-major bf16 bit patterns. Throws Error unless n and k are positive.
PackedBF16 pack_gemm_bf16(const std::uint16_t* weights, std::int64_t n, std::int64_t k,
                          PackedMemory* memory = nullptr);

/// c[i][j] = activation(sum over p of bf16(a[i][p]) * weights[j][p] + bias[j] + residual[i][j])
/// for i < m, j < n, p < k, where bf16() rounds to the nearest, ties to even, and the sum is in f32.
/// a has row stride lda >= k, c and residual ldc >= n (in floats); no alignment needed. m may be 0. c must
/// not overlap a. Nothing outside the m x n elements of c is written.
void gemm_bf16(std::int64_t m, const float* a, std::int64_t lda, const PackedBF16& weights, float* c,
               std::int64_t ldc, const Epilogue& epilogue, ThreadPool& pool,
               const TileBF16Kernel& kernel = bf16_kernel());

}  // namespace espalier::kernels
