#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/cpu_features.h"
#include "base/thread_pool.h"
#include "kernels/conv/conv2d_shape.h"
#include "kernels/epilogue.h"
#include "kernels/gemm_i8/gemm_i8.h"
#include "kernels/quantize/affine.h"
#include "kernels/sparse/sparse_words.h"

namespace espalier::kernels {

/// Input features of a block: the four products that one instruction adds.
inline constexpr std::int64_t kSparseBlock = 4;

/// The symmetric s8 weights of a linear layer or of a convolution without groups, without the blocks of four
/// consecutive input features of one tap that are all 0.
class SparseI8 {
  public:
    SparseI8() = default;

    std::int64_t n() const { return words_.n(); }              ///< output features
    std::int64_t k() const { return k_; }                      ///< input features
    std::int64_t taps() const { return taps_; }                ///< of the window; 1 for a linear layer
    std::int64_t blocks() const { return words_.nonzeros(); }  ///< that are not 0
    std::size_t size_bytes() const { return words_.size_bytes() + scales_.size() * 8; }
    const SparseWords<std::int32_t>& words() const { return words_; }
    /// Scale and weight sum of every feature, padded to a multiple of 16.
    const std::vector<float>& scales() const { return scales_; }
    const std::vector<std::int32_t>& sums() const { return sums_; }

  private:
    friend SparseI8 pack_sparse_i8(const std::int8_t*, std::int64_t, std::int64_t, std::span<const float>,
                                   std::int64_t, std::int64_t, Isa);
    std::int64_t k_ = 0;
    std::int64_t taps_ = 1;
    SparseWords<std::int32_t> words_;
    std::vector<float> scales_;
    std::vector<std::int32_t> sums_;
};

/// Packs weights[n][k][taps], row-major (torch's layout), for products with about `m` rows by the kernel of
/// `limit`; others take them too. `scales` has one scale per output feature, or one for all. Throws Error
/// unless the extents are positive, k * taps is at most kI8MaxDepth, and the number of scales is 1 or n.
SparseI8 pack_sparse_i8(const std::int8_t* weights, std::int64_t n, std::int64_t k,
                        std::span<const float> scales, std::int64_t taps = 1, std::int64_t m = 196,
                        Isa limit = best_isa());

/// Blocks of four consecutive input features of one tap, in weights[n][k][taps], that are not all 0.
std::int64_t count_sparse_blocks(const std::int8_t* weights, std::int64_t n, std::int64_t k,
                                 std::int64_t taps);

/// What gemm_u8s8() computes, bit for bit up to the activation, skipping blocks of zero weights. weights have
/// one tap.
void spmm_u8s8(std::int64_t m, const std::uint8_t* a, std::int64_t lda, const RowAffines& affines,
               const SparseI8& weights, float* c, std::int64_t ldc, const Epilogue& epilogue,
               ThreadPool& pool, Isa limit = best_isa());

/// What conv2d_u8s8() computes for a shape of one group, bit for bit up to the activation, skipping blocks of
/// zero weights; one affine per pixel is allowed for the same shapes. Throws Error where the weights do not
/// fit the shape, the window the image, or the number of affines is none of these.
void sparse_conv2d_u8s8(const Conv2dShape& shape, const SparseI8& weights, std::int64_t n, std::int64_t h,
                        std::int64_t w, const std::uint8_t* x, std::span<const Affine> affines, float* y,
                        const Epilogue& epilogue, ThreadPool& pool, Isa limit = best_isa());

/// The kernel both run within `limit`, for example "spmm_i8/avx512vnni".
const char* kernel_name_spmm_i8(Isa limit = best_isa());

}  // namespace espalier::kernels
