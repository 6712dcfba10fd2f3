#pragma once

#include <cstdint>
#include <string>

#include "base/cpu_features.h"
#include "base/thread_pool.h"
#include "kernels/epilogue.h"
#include "kernels/gemm/panels.h"

namespace espalier::kernels {

/// The weights of a linear layer, packed once into the column panels of one instruction set.
/// Copies share the packed memory.
class PackedF32 {
  public:
    PackedF32() = default;
    PackedF32(std::int64_t n, std::int64_t k, Panels panels) : n_(n), k_(k), panels_(std::move(panels)) {}

    std::int64_t n() const { return n_; }  ///< output features
    std::int64_t k() const { return k_; }  ///< input features
    const Panels& panels() const { return panels_; }
    std::size_t size_bytes() const { return panels_.size_bytes(); }
    /// For example "gemm_f32/avx512".
    std::string kernel_name() const;

  private:
    std::int64_t n_ = 0;
    std::int64_t k_ = 0;
    Panels panels_;
};

/// Packs weights[n][k], row-major, for the best kernel within `isa`, in the next part of `memory`, or in new
/// memory where that is null. They are not read where it is packed. Throws Error unless n and k are positive.
PackedF32 pack_gemm_f32(const float* weights, std::int64_t n, std::int64_t k, Isa isa = best_isa(),
                        PackedMemory* memory = nullptr);
/// The same for f32 weights [n, k], from where they are stored.
PackedF32 pack_gemm_f32(const Tensor& weights, Isa isa = best_isa(), PackedMemory* memory = nullptr);

/// c[i][j] = activation(sum over p of a[i][p] * weights[j][p] + bias[j] + residual[i][j])
/// for i < m, j < n, p < k; a has row stride lda >= k, c and residual ldc >= n (in floats); no alignment
/// needed. m may be 0. c must not overlap a. Nothing outside the m x n elements of c is written.
void gemm_f32(std::int64_t m, const float* a, std::int64_t lda, const PackedF32& weights, float* c,
              std::int64_t ldc, const Epilogue& epilogue, ThreadPool& pool);

}  // namespace espalier::kernels
