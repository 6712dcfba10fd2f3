#include <immintrin.h>

#include "kernels/gemm_bf16/tile_bf16_body.h"
#include "kernels/math_avx2.h"

namespace espalier::kernels {
namespace {

/// Six rows of two vectors leave room for the weights and a broadcast in sixteen registers.
constexpr int kRows = 6;

struct Words {
    ESPALIER_INLINE static __m256 low(const std::uint16_t* p) {
        return _mm256_castsi256_ps(_mm256_slli_epi32(load(p), 16));
    }
    ESPALIER_INLINE static __m256 high(const std::uint16_t* p) {
        return _mm256_castsi256_ps(
            _mm256_and_si256(load(p), _mm256_set1_epi32(static_cast<int>(0xffff0000u))));
    }

  private:
    ESPALIER_INLINE static __m256i load(const std::uint16_t* p) {
        return _mm256_load_si256(reinterpret_cast<const __m256i*>(p));
    }
};

constexpr auto kTiles = bf16_tiles<Avx2, WidenedBF16<Avx2, Words>, 2, kRows>();

}  // namespace

void round_bf16_avx2(const float* from, std::int64_t count, void* to) {
    auto* rounded = static_cast<float*>(to);
    const __m256i half = _mm256_set1_epi32(0x7fff), one = _mm256_set1_epi32(1);
    const __m256i upper = _mm256_set1_epi32(static_cast<int>(0xffff0000u));
    const __m256i quiet = _mm256_set1_epi32(0x400000);
    std::int64_t i = 0;
    for (; i + 8 <= count; i += 8) {
        const __m256 value = _mm256_loadu_ps(from + i);
        const __m256i bits = _mm256_castps_si256(value);
        const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), one);
        const __m256i sum = _mm256_add_epi32(_mm256_add_epi32(bits, half), odd);
        const __m256 nan = _mm256_cmp_ps(value, value, _CMP_UNORD_Q);
        const __m256 chosen = _mm256_blendv_ps(_mm256_castsi256_ps(sum),
                                               _mm256_castsi256_ps(_mm256_or_si256(bits, quiet)), nan);
        _mm256_storeu_ps(rounded + i, _mm256_and_ps(chosen, _mm256_castsi256_ps(upper)));
    }
    round_bf16_portable(from + i, count - i, rounded + i);
}

void run_tile_bf16_avx2(const TileBF16& tile, int rows, int vectors) {
    const std::int64_t pair_stride = std::int64_t{vectors} * 2 * kBF16Lanes;
    for (int column = 0; column < tile.columns; column += kBF16Lanes) {
        kTiles[static_cast<std::size_t>(rows - 1)](tile, column, pair_stride);
    }
}

}  // namespace espalier::kernels
