#include <immintrin.h>

#include "kernels/gemm_bf16/tile_bf16_body.h"
#include "kernels/math_avx512.h"

namespace espalier::kernels {
namespace {

/// Fourteen rows of two vectors leave room for the weights; the rows are broadcast by the product itself.
constexpr int kRows = 14;

/// Products of bf16 numbers, two depths at a time: vdpbf16ps.
struct Pairs {
    using Element = std::uint16_t;

    template <int Vectors, int Rows>
    ESPALIER_INLINE static void pair(const std::uint16_t* const (&row)[Rows], std::int64_t p,
                                     const std::uint16_t* panel, __m512 (&acc)[Vectors * Rows]) {
        multiply<Vectors, Rows>(
            [&](int i) {
                std::int32_t word;
                __builtin_memcpy(&word, row[i] + p, sizeof word);
                return word;
            },
            panel, acc);
    }

    template <int Vectors, int Rows>
    ESPALIER_INLINE static void single(const std::uint16_t* const (&row)[Rows], std::int64_t p,
                                       const std::uint16_t* panel, __m512 (&acc)[Vectors * Rows]) {
        multiply<Vectors, Rows>([&](int i) { return std::int32_t{row[i][p]}; }, panel, acc);
    }

  private:
    template <int Vectors, int Rows, class Word>
    ESPALIER_INLINE static void multiply(Word&& word, const std::uint16_t* panel,
                                         __m512 (&acc)[Vectors * Rows]) {
        __m512i b[Vectors];
#pragma GCC unroll 2
        for (int v = 0; v < Vectors; ++v) b[v] = _mm512_load_si512(panel + 2 * v * kBF16Lanes);
#pragma GCC unroll 16
        for (int i = 0; i < Rows; ++i) {
            const __m512i a = _mm512_set1_epi32(word(i));
#pragma GCC unroll 2
            for (int v = 0; v < Vectors; ++v) {
                acc[v * Rows + i] = _mm512_dpbf16_ps(acc[v * Rows + i], (__m512bh)a, (__m512bh)b[v]);
            }
        }
    }
};

constexpr auto kOneVector = bf16_tiles<Avx512, Pairs, 1, kRows>();
constexpr auto kTwoVectors = bf16_tiles<Avx512, Pairs, 2, kRows>();

}  // namespace

void round_bf16_avx512bf16(const float* from, std::int64_t count, void* to) {
    auto* out = static_cast<std::uint16_t*>(to);
    std::int64_t i = 0;
    for (; i + 32 <= count; i += 32) {
        const __m512bh both = _mm512_cvtne2ps_pbh(Avx512::load(from + i + 16), Avx512::load(from + i));
        _mm512_storeu_si512(out + i, (__m512i)both);
    }
    for (; i < count; i += 16) {
        const int left = static_cast<int>(count - i), lanes = left < 16 ? left : 16;
        const __m256bh rounded = _mm512_cvtneps_pbh(Avx512::load_first(from + i, lanes));
        _mm256_mask_storeu_epi16(out + i, Avx512::first(lanes), (__m256i)rounded);
    }
}

void run_tile_bf16_avx512bf16(const TileBF16& tile, int rows, int vectors) {
    const auto& tiles = vectors == 1 ? kOneVector : kTwoVectors;
    tiles[static_cast<std::size_t>(rows - 1)](tile, 0, std::int64_t{vectors} * 2 * kBF16Lanes);
}

}  // namespace espalier::kernels
