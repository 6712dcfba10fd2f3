#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/cpu_features.h"
#include "kernels/quantize/row_codes.h"

namespace espalier::kernels {

/// How a float becomes an 8-bit code, in one of two arithmetics that differ on ties:
///     divide (ONNX):  clamp(round(x / factor), low - zero_point, high - zero_point) + zero_point
///     else (fbgemm):  clamp(round(fma(x, factor, zero_point)), low, high), factor the reciprocal of the
///     scale
/// round is to the nearest, halves to even. NaN gives `low`. Signed codes are stored in two's complement.
struct Quantization {
    float factor;
    bool divide;
    std::int32_t zero_point;
    std::int32_t low;
    std::int32_t high;
};

/// One implementation of the loops of quantization, single-threaded. `range` skips NaN and returns {+inf,
/// -inf} when nothing is left. `rows` codes each row of a dense matrix by choose_affine_u8() of its range.
struct QuantizeKernel {
    std::string_view name;
    Isa isa;
    Range (*range)(const float* x, std::int64_t n);
    void (*quantize)(const Quantization& to, const float* x, std::int64_t n, std::uint8_t* y);
    void (*rows)(const float* x, std::int64_t rows, std::int64_t columns, RowCodes y);
};

/// All implementations, portable reference first.
std::span<const QuantizeKernel> quantize_kernels();

/// One element, the reference for all.
std::uint8_t quantize_one(const Quantization& to, float x);

/// Defined in the file compiled for each instruction set.
Range find_range_avx2(const float* x, std::int64_t n);
Range find_range_avx512(const float* x, std::int64_t n);
void run_quantize_avx2(const Quantization& to, const float* x, std::int64_t n, std::uint8_t* y);
void run_quantize_avx512(const Quantization& to, const float* x, std::int64_t n, std::uint8_t* y);
void run_quantize_rows_avx2(const float* x, std::int64_t rows, std::int64_t columns, RowCodes y);
void run_quantize_rows_avx512(const float* x, std::int64_t rows, std::int64_t columns, RowCodes y);

}  // namespace espalier::kernels
