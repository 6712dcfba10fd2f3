#pragma once

#include <cstdint>
#include <vector>

#include "base/cpu_features.h"
#include "base/thread_pool.h"
#include "kernels/epilogue.h"
#include "kernels/sparse/spmm_tile.h"

namespace espalier::kernels {

/// The non-zero weights of a linear layer, by output feature and block of input features.
class SparseF32 {
  public:
    SparseF32() = default;

    std::int64_t n() const { return n_; }  ///< output features
    std::int64_t k() const { return k_; }  ///< input features
    std::int64_t k_block() const { return k_block_; }
    std::int64_t blocks() const { return (k_ + k_block_ - 1) / k_block_; }
    std::int64_t nonzeros() const { return static_cast<std::int64_t>(entries_.size()); }
    /// Bytes of the packed weights.
    std::size_t size_bytes() const {
        return entries_.size() * sizeof(SparseEntry) + starts_.size() * sizeof(std::uint32_t);
    }
    /// starts(b)[j] .. starts(b)[j + 1] are the entries of feature j in block b.
    const std::uint32_t* starts(std::int64_t block) const { return starts_.data() + block * (n_ + 1); }
    const SparseEntry* entries() const { return entries_.data(); }

  private:
    friend SparseF32 pack_sparse_f32(const float*, std::int64_t, std::int64_t);
    std::int64_t n_ = 0;
    std::int64_t k_ = 0;
    std::int64_t k_block_ = 1;
    std::vector<SparseEntry> entries_;
    std::vector<std::uint32_t> starts_;
};

/// Packs weights[n][k], row-major, without its zeros. Throws Error unless n and k are positive and there are
/// fewer than 2^32 non-zeros.
SparseF32 pack_sparse_f32(const float* weights, std::int64_t n, std::int64_t k);

/// Share of zeros from which spmm_f32() was measured to beat gemm_f32(): with two 512-bit multiply-adds and
/// two loads per cycle every product needs a load of its own, where the dense kernel needs a twelfth.
inline constexpr double kSparseBreakEven = 0.6;

/// c[i][j] = activation(sum over p of a[i][p] * weights[j][p] + bias[j] + residual[i][j]), as gemm_f32()
/// computes it but adding only the products of non-zero weights, in order of p. a has row stride lda >= k, c
/// and residual ldc >= n (in floats); no alignment needed; m may be 0; c must not overlap a.
void spmm_f32(std::int64_t m, const float* a, std::int64_t lda, const SparseF32& weights, float* c,
              std::int64_t ldc, const Epilogue& epilogue, ThreadPool& pool, Isa limit = best_isa());

/// The kernel spmm_f32() runs within `limit`, for example "spmm_f32/avx512".
const char* kernel_name_spmm(Isa limit = best_isa());

}  // namespace espalier::kernels
