#pragma once

#include <cstdint>

#include "base/cpu_features.h"
#include "base/thread_pool.h"
#include "kernels/quantize/row_codes.h"

namespace espalier::kernels {

/// Smallest and largest of x[0..n), NaN skipped. {0, 0} when n is 0 or all are NaN.
Range find_range(const float* x, std::int64_t n, ThreadPool& pool, Isa limit = best_isa());

/// y = min(max(round(fma(x, 1 / scale, zero_point)), 0), 255), round to nearest, halves to even: the
/// arithmetic of fbgemm, and so of torch.ao. NaN gives code 0. zero_point must be in 0..255.
void quantize_u8(const float* x, std::int64_t n, Affine affine, std::uint8_t* y, ThreadPool& pool,
                 Isa limit = best_isa());

/// Dynamic quantization by group: affine[g] = choose_affine_u8(range of x[g, :]), y[g, :] = quantize_u8(x[g,
/// :]). A group is a row (token) of a matrix or a whole image; x and y are dense, `affine` has room for
/// `groups`.
void quantize_groups_u8(const float* x, std::int64_t groups, std::int64_t group_elements, std::uint8_t* y,
                        Affine* affine, ThreadPool& pool, Isa limit = best_isa());

/// The same for the rows of a dense matrix by the calling thread alone, for kernels that have just made them.
void quantize_rows_u8(const float* x, std::int64_t rows, std::int64_t columns, RowCodes y,
                      Isa limit = best_isa());

}  // namespace espalier::kernels
