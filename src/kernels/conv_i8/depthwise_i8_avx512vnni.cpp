#include <immintrin.h>

#include "kernels/conv_i8/depthwise_i8.h"
#include "kernels/math_avx512.h"

namespace espalier::kernels {
namespace {

/// Four taps of 64 channels as 64 words of four taps: word w of part[p] belongs to channel
/// 16 * (w / 4) + 4 * p + w % 4.
struct Words {
    __m512i part[4];
};

ESPALIER_INLINE Words interleave(__m512i t0, __m512i t1, __m512i t2, __m512i t3) {
    const __m512i low01 = _mm512_unpacklo_epi8(t0, t1), high01 = _mm512_unpackhi_epi8(t0, t1);
    const __m512i low23 = _mm512_unpacklo_epi8(t2, t3), high23 = _mm512_unpackhi_epi8(t2, t3);
    return {{_mm512_unpacklo_epi16(low01, low23), _mm512_unpackhi_epi16(low01, low23),
             _mm512_unpacklo_epi16(high01, high23), _mm512_unpackhi_epi16(high01, high23)}};
}

/// Undoes the channel order of Words: four vectors of 16 consecutive channels from four parts.
ESPALIER_INLINE void in_order(__m512i (&a)[4]) {
    const __m512i low01 = _mm512_shuffle_i32x4(a[0], a[1], 0x44),
                  low23 = _mm512_shuffle_i32x4(a[2], a[3], 0x44);
    const __m512i high01 = _mm512_shuffle_i32x4(a[0], a[1], 0xee),
                  high23 = _mm512_shuffle_i32x4(a[2], a[3], 0xee);
    a[0] = _mm512_shuffle_i32x4(low01, low23, 0x88);
    a[1] = _mm512_shuffle_i32x4(low01, low23, 0xdd);
    a[2] = _mm512_shuffle_i32x4(high01, high23, 0x88);
    a[3] = _mm512_shuffle_i32x4(high01, high23, 0xdd);
}

ESPALIER_INLINE __mmask16 mask_of(std::int64_t left) {
    return static_cast<__mmask16>(left >= 16 ? 0xffffu : left <= 0 ? 0u : (1u << left) - 1u);
}

/// What 16 channels need to turn sums into output.
struct Channels {
    __mmask16 mask;
    __m512i correction;  ///< zero point times weight sums
    __m512 scales;
    __m512 bias;
};

ESPALIER_INLINE Channels channels_of(const DepthwiseI8& d, std::int64_t c) {
    const __mmask16 mask = mask_of(d.channels - c);
    const __m512i sums = _mm512_maskz_loadu_epi32(mask, d.sums + c);
    return {mask, _mm512_mullo_epi32(sums, _mm512_set1_epi32(d.zero_point)),
            _mm512_mul_ps(_mm512_set1_ps(d.scale), _mm512_maskz_loadu_ps(mask, d.scales + c)),
            d.bias ? _mm512_maskz_loadu_ps(mask, d.bias + c) : _mm512_setzero_ps()};
}

template <Activation A>
ESPALIER_INLINE void finish(const DepthwiseI8& d, const Channels& channels, std::int64_t offset,
                            __m512i acc) {
    const __m512 centred = _mm512_cvtepi32_ps(_mm512_sub_epi32(acc, channels.correction));
    __m512 value = _mm512_fmadd_ps(centred, channels.scales, channels.bias);
    if (d.residual) value = _mm512_add_ps(value, _mm512_maskz_loadu_ps(channels.mask, d.residual + offset));
    value = Math<Avx512>::activate<A>(value, _mm512_set1_ps(d.lo), _mm512_set1_ps(d.hi));
    _mm512_mask_storeu_ps(d.y + offset, channels.mask, value);
}

/// Weights of one block of 64 channels, interleaved like the pixels; missing taps are 0.
constexpr std::int64_t kMaxGroups = 32;

/// All pixels of 64 channels from c on; `taps4` groups of four taps.
template <Activation A>
ESPALIER_INLINE void run_block(const DepthwiseI8& d, std::int64_t c) {
    const std::int64_t left = d.channels - c;
    const __mmask64 mask = left >= 64 ? ~__mmask64{0} : (__mmask64{1} << left) - 1;
    const std::int64_t groups = (d.taps + 3) / 4;
    Words weights[kMaxGroups];
    const auto weight = [&](std::int64_t t) {
        return t < d.taps ? _mm512_maskz_loadu_epi8(mask, d.weights + t * d.channels + c)
                          : _mm512_setzero_si512();
    };
    for (std::int64_t g = 0; g < groups; ++g) {
        weights[g] = interleave(weight(4 * g), weight(4 * g + 1), weight(4 * g + 2), weight(4 * g + 3));
    }
    Channels channels[4];
    for (int i = 0; i < 4; ++i) channels[i] = channels_of(d, c + 16 * i);
    for (std::int64_t q = 0; q < d.pixels; ++q) {
        const std::int64_t from = q * d.step + c;
        __m512i acc[4] = {_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512(),
                          _mm512_setzero_si512()};
        for (std::int64_t g = 0; g < groups; ++g) {
            const auto pixel = [&](std::int64_t t) {
                return t < d.taps ? _mm512_maskz_loadu_epi8(mask, d.rows[t] + from) : _mm512_setzero_si512();
            };
            const Words words =
                interleave(pixel(4 * g), pixel(4 * g + 1), pixel(4 * g + 2), pixel(4 * g + 3));
#pragma GCC unroll 4
            for (int i = 0; i < 4; ++i)
                acc[i] = _mm512_dpbusd_epi32(acc[i], words.part[i], weights[g].part[i]);
        }
        in_order(acc);
        const std::int64_t offset = q * d.channels + c;
#pragma GCC unroll 4
        for (int i = 0; i < 4; ++i) {
            if (left > 16 * i) finish<A>(d, channels[i], offset + 16 * i, acc[i]);
        }
    }
}

}  // namespace

void run_depthwise_i8_avx512vnni(const DepthwiseI8& work) {
    if (work.taps > 4 * kMaxGroups) return run_depthwise_i8_portable(work);
    with_activation(work.activation, [&]<Activation A>() {
        for (std::int64_t c = 0; c < work.channels; c += 64) run_block<A>(work, c);
    });
}

}  // namespace espalier::kernels
