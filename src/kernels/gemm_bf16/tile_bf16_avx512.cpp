#include <immintrin.h>

#include "kernels/gemm_bf16/tile_bf16_body.h"
#include "kernels/math_avx512.h"

namespace espalier::kernels {
namespace {

/// Twelve rows of two vectors leave room for the weights, their mask and a broadcast in 32 registers.
constexpr int kRows = 12;

struct Words {
    ESPALIER_INLINE static __m512 low(const std::uint16_t* p) {
        return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_load_si512(p), 16));
    }
    ESPALIER_INLINE static __m512 high(const std::uint16_t* p) {
        return _mm512_castsi512_ps(
            _mm512_and_si512(_mm512_load_si512(p), _mm512_set1_epi32(static_cast<int>(0xffff0000u))));
    }
};

using Arithmetic = WidenedBF16<Avx512, Words>;
constexpr auto kOneVector = bf16_tiles<Avx512, Arithmetic, 1, kRows>();
constexpr auto kTwoVectors = bf16_tiles<Avx512, Arithmetic, 2, kRows>();

/// Sixteen floats rounded to bf16.
ESPALIER_INLINE __m512 rounded(__m512 value) {
    const __m512i bits = _mm512_castps_si512(value);
    const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    const __m512i sum = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd);
    const __mmask16 nan = _mm512_cmp_ps_mask(value, value, _CMP_UNORD_Q);
    const __m512i chosen = _mm512_mask_or_epi32(sum, nan, bits, _mm512_set1_epi32(0x400000));
    return _mm512_castsi512_ps(_mm512_and_si512(chosen, _mm512_set1_epi32(static_cast<int>(0xffff0000u))));
}

}  // namespace

void round_bf16_avx512(const float* from, std::int64_t count, void* to) {
    auto* out = static_cast<float*>(to);
    std::int64_t i = 0;
    for (; i + 16 <= count; i += 16) Avx512::store(out + i, rounded(Avx512::load(from + i)));
    if (const int rest = static_cast<int>(count - i); rest > 0) {
        Avx512::store_first(out + i, rest, rounded(Avx512::load_first(from + i, rest)));
    }
}

void run_tile_bf16_avx512(const TileBF16& tile, int rows, int vectors) {
    const auto& tiles = vectors == 1 ? kOneVector : kTwoVectors;
    tiles[static_cast<std::size_t>(rows - 1)](tile, 0, std::int64_t{vectors} * 2 * kBF16Lanes);
}

}  // namespace espalier::kernels
