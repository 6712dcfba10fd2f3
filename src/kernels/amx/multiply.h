#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "kernels/amx/tiles.h"
#include "kernels/vector_math.h"

/// Products of tile registers, for files that are compiled for AMX. Two registers of rows meet two of
/// columns: each is loaded once for two products, which take as long as the loads.
namespace espalier::kernels {
namespace {

/// u8 times s8, four to a sum of 32 bits.
struct AmxI8 {
    ESPALIER_INLINE static void upper_left() { _tile_dpbusd(0, 4, 6); }
    ESPALIER_INLINE static void upper_right() { _tile_dpbusd(1, 4, 7); }
    ESPALIER_INLINE static void lower_left() { _tile_dpbusd(2, 5, 6); }
    ESPALIER_INLINE static void lower_right() { _tile_dpbusd(3, 5, 7); }
};

/// bf16 times bf16, two to a sum in f32.
struct AmxBF16 {
    ESPALIER_INLINE static void upper_left() { _tile_dpbf16ps(0, 4, 6); }
    ESPALIER_INLINE static void upper_right() { _tile_dpbf16ps(1, 4, 7); }
    ESPALIER_INLINE static void lower_left() { _tile_dpbf16ps(2, 5, 6); }
    ESPALIER_INLINE static void lower_right() { _tile_dpbf16ps(3, 5, 7); }
};

/// Where the sums of a tile go, 4 bytes each: rows `stride` bytes apart.
struct AmxSums {
    void* data;
    std::int64_t stride;
};

/// sums[16 * Halves][16 * Vectors] of rows of `depth` bytes and a panel whose lines of 64 * Vectors bytes are
/// 4 bytes of depth of every column.
template <class Product, int Halves, int Vectors>
ESPALIER_INLINE void multiply_amx(const AmxRows& rows, std::int64_t depth, const void* panel, AmxAhead ahead,
                                  const AmxSums& sums) {
    constexpr std::int64_t kLine = kAmxRowBytes * Vectors;
    const std::byte* a = rows.first;
    const std::byte* const lower = a + kAmxRows * rows.stride;
    const auto* b = static_cast<const std::byte*>(panel);
    // The intrinsics do not tell the compiler that they read memory.
    asm volatile("" ::: "memory");
    _tile_zero(0);
    if (Vectors > 1) _tile_zero(1);
    if (Halves > 1) _tile_zero(2);
    if (Halves > 1 && Vectors > 1) _tile_zero(3);
    for (std::int64_t p = 0; p < depth; p += kAmxRowBytes, b += kAmxRows * kLine) {
        for (std::int64_t line = 0; line < ahead.lines; ++line, ahead.begin += 64) {
            _mm_prefetch(ahead.begin, _MM_HINT_T1);
        }
        _tile_loadd(4, a + p, rows.stride);
        _tile_loadd(6, b, kLine);
        Product::upper_left();
        if (Vectors > 1) {
            _tile_loadd(7, b + kAmxRowBytes, kLine);
            Product::upper_right();
        }
        if (Halves > 1) {
            _tile_loadd(5, lower + p, rows.stride);
            Product::lower_left();
            if (Vectors > 1) Product::lower_right();
        }
    }
    auto* const upper_sums = static_cast<std::byte*>(sums.data);
    std::byte* const lower_sums = upper_sums + kAmxRows * sums.stride;
    _tile_stored(0, upper_sums, sums.stride);
    if (Vectors > 1) _tile_stored(1, upper_sums + kAmxRowBytes, sums.stride);
    if (Halves > 1) _tile_stored(2, lower_sums, sums.stride);
    if (Halves > 1 && Vectors > 1) _tile_stored(3, lower_sums + kAmxRowBytes, sums.stride);
}

/// multiply_amx() of as many registers as `rows` <= 32 rows and `vectors` take.
template <class Product>
void multiply_amx(const AmxRows& from, std::int64_t depth, const void* panel, const AmxAhead& ahead, int rows,
                  int vectors, const AmxSums& sums) {
    if (rows > kAmxRows) {
        return vectors > 1 ? multiply_amx<Product, 2, 2>(from, depth, panel, ahead, sums)
                           : multiply_amx<Product, 2, 1>(from, depth, panel, ahead, sums);
    }
    return vectors > 1 ? multiply_amx<Product, 1, 2>(from, depth, panel, ahead, sums)
                       : multiply_amx<Product, 1, 1>(from, depth, panel, ahead, sums);
}

}  // namespace
}  // namespace espalier::kernels
