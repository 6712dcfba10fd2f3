#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/cpu_features.h"
#include "base/thread_pool.h"
#include "kernels/quantize/row_codes.h"
#include "tensor/shape.h"

namespace espalier::kernels {

/// y = f(a, b), one element at a time.
enum class Binary : std::uint8_t { kAdd, kSub, kMul, kDiv, kMax, kMin, kPow };

/// Number of kinds, for tables indexed by kind.
inline constexpr int kBinaryKinds = static_cast<int>(Binary::kPow) + 1;

/// Lower-case name, e.g. "add".
std::string_view name(Binary kind);

/// NumPy broadcasting: shapes are aligned at the last axis; each pair of extents is equal or one of them
/// is 1. Throws Error naming both shapes when they do not fit.
Shape broadcast_shape(const Shape& a, const Shape& b);

/// y[...] = f(a[...], b[...]) with y of shape broadcast_shape(shape_a, shape_b), all dense row-major.
/// y may be an operand that has y's shape; otherwise nothing may overlap.
/// kMax and kMin give NaN when either operand is NaN, as in torch.
/// Where `codes` has a place, the rows of y along its last axis go there as quantize_groups_u8() codes them
/// with a row for a group, and y may be null.
void binary(Binary kind, const float* a, const Shape& shape_a, const float* b, const Shape& shape_b, float* y,
            ThreadPool& pool, Isa limit = best_isa(), RowCodes codes = {});

/// Rows of an operation after broadcasting has been reduced to two loops:
/// y[r c] = f(a[r a_row + c a_column], b[r b_row + c b_column]), columns in [0, columns), and the column
/// strides are 0 or 1, not both 0 unless columns is 1.
struct BinaryRows {
    const float* a;
    const float* b;
    float* y;
    std::int64_t rows;
    std::int64_t columns;
    std::int64_t a_row, b_row;
    int a_column, b_column;
};

/// One implementation, single-threaded. `function` handles every kind.
struct BinaryKernel {
    std::string_view name;
    Isa isa;
    void (*function)(Binary kind, const BinaryRows& rows);
};

/// All implementations, portable reference first.
std::span<const BinaryKernel> binary_kernels();

/// Defined in the file compiled for each instruction set.
void run_binary_portable(Binary kind, const BinaryRows& rows);
void run_binary_avx2(Binary kind, const BinaryRows& rows);
void run_binary_avx512(Binary kind, const BinaryRows& rows);

}  // namespace espalier::kernels
