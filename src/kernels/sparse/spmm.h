#pragma once

#include <cstdint>

#include "base/cpu_features.h"
#include "base/thread_pool.h"
#include "kernels/conv/conv2d_shape.h"
#include "kernels/epilogue.h"
#include "kernels/sparse/sparse_words.h"

namespace espalier::kernels {

/// The non-zero weights of a linear layer or of a convolution without groups.
class SparseF32 {
  public:
    SparseF32() = default;
    SparseF32(std::int64_t k, std::int64_t taps, SparseWords<float> words)
        : k_(k), taps_(taps), words_(std::move(words)) {}

    std::int64_t n() const { return words_.n(); }  ///< output features
    std::int64_t k() const { return k_; }          ///< input features
    std::int64_t taps() const { return taps_; }    ///< of the window; 1 for a linear layer
    std::int64_t nonzeros() const { return words_.nonzeros(); }
    std::size_t size_bytes() const { return words_.size_bytes(); }
    const SparseWords<float>& words() const { return words_; }

  private:
    std::int64_t k_ = 0;
    std::int64_t taps_ = 1;
    SparseWords<float> words_;
};

/// Packs weights[n][k][taps], row-major (torch's layout of linear layers and of convolutions), without its
/// zeros, for products with about `m` rows by the kernel of `limit`; others take them too. Throws Error
/// unless the extents are positive and there are fewer than 2^32 non-zeros.
SparseF32 pack_sparse_f32(const float* weights, std::int64_t n, std::int64_t k, std::int64_t taps = 1,
                          std::int64_t m = 196, Isa limit = best_isa());

/// c[i][j] = activation(sum over p of a[i][p] * weights[j][p] + bias[j] + residual[i][j]), as gemm_f32()
/// computes it but adding only the products of non-zero weights. weights have one tap. a has
/// row stride lda >= k, c and residual ldc >= n (in floats); no alignment needed; m may be 0; c must not
/// overlap a.
void spmm_f32(std::int64_t m, const float* a, std::int64_t lda, const SparseF32& weights, float* c,
              std::int64_t ldc, const Epilogue& epilogue, ThreadPool& pool, Isa limit = best_isa());

/// y = the convolution that conv2d_f32() computes, with the products of non-zero weights only, for a shape of
/// one group; x and y as there. Throws Error where the weights do not fit the shape or the window the image.
void sparse_conv2d_f32(const Conv2dShape& shape, const SparseF32& weights, std::int64_t n, std::int64_t h,
                       std::int64_t w, const float* x, float* y, const Epilogue& epilogue, ThreadPool& pool,
                       Isa limit = best_isa());

/// The kernel spmm_f32() and sparse_conv2d_f32() run within `limit`, for example "spmm_f32/avx512".
const char* kernel_name_spmm(Isa limit = best_isa());

}  // namespace espalier::kernels
