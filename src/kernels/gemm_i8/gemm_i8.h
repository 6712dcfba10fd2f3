#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/cpu_features.h"
#include "base/thread_pool.h"
#include "kernels/epilogue.h"
#include "kernels/gemm_i8/coded_ends.h"
#include "kernels/gemm_i8/panels_i8.h"
#include "kernels/quantize/affine.h"

namespace espalier::kernels {

/// The symmetric s8 weights of a linear layer, packed once; the layout serves every instruction set.
class PackedI8 {
  public:
    PackedI8() = default;
    PackedI8(std::int64_t n, std::int64_t k, PanelsI8 panels) : n_(n), k_(k), panels_(std::move(panels)) {}

    std::int64_t n() const { return n_; }  ///< output features
    std::int64_t k() const { return k_; }  ///< input features
    const PanelsI8& panels() const { return panels_; }
    std::size_t size_bytes() const { return panels_.size_bytes(); }

  private:
    std::int64_t n_ = 0;
    std::int64_t k_ = 0;
    PanelsI8 panels_;
};

/// Packs weights[n][k], row-major. `scales` has one scale per output feature, or one for all.
/// Throws Error unless n is positive, k is 1 to kI8MaxDepth, and the number of scales is 1 or n.
PackedI8 pack_gemm_i8(const std::int8_t* weights, std::int64_t n, std::int64_t k,
                      std::span<const float> scales, PackedMemory* memory = nullptr);

/// How the rows of a u8 matrix are quantized: row i uses values[i / rows_per_value].
struct RowAffines {
    const Affine* values;
    std::int64_t rows_per_value = 1;  ///< 1: per token; m: per tensor; pixels of an image: per image
};

/// c[i][j] = activation(fma(acc[i][j], scale_i * scale_j, bias[j]) + residual[i][j]),
/// acc[i][j] = sum over p < k of (a[i][p] - zero_point_i) * w[j][p],   i < m, j < n.
/// acc is exact and the float expression the same for every instruction set, up to the activation. With one
/// affine for all rows it is, bit for bit, what torch.ao's fbgemm engine computes.
/// Where `ends` has codes, residual and c are what it says, and c may be null. Gives row codes, if ldc is n
/// and ends has no codes of a result. a has row stride lda >= k (bytes), c and residual ldc >= n (floats); no
/// alignment needed. m may be 0. c must not overlap a. Nothing outside the m x n elements of c is written.
void gemm_u8s8(std::int64_t m, const std::uint8_t* a, std::int64_t lda, const RowAffines& affines,
               const PackedI8& weights, float* c, std::int64_t ldc, const Epilogue& epilogue,
               ThreadPool& pool, Isa limit = best_isa(), const CodedEnds& ends = {});

/// The kernel gemm_u8s8() and conv2d_u8s8() run within `limit`, for example "i8/avx512vnni".
const char* kernel_name_i8(Isa limit = best_isa());

}  // namespace espalier::kernels
