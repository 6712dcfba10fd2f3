#include <immintrin.h>

#include "kernels/conv_i8/depthwise_i8.h"
#include "kernels/gemm_i8/coded_ends_avx512.h"
#include "kernels/math_avx512.h"

// vpdpbusd adds four products per lane. Here the four are four kernel rows of one channel: every input column
// is interleaved once ("words": 16 channels x 4 rows), and serves all the outputs whose windows contain it.
namespace espalier::kernels {
namespace {

/// Channels interleaved at a time.
constexpr std::int64_t kBlock = 64;

/// Words that fit the scratch memory, per vector of 16 channels.
constexpr std::int64_t kMaxWords = static_cast<std::int64_t>(kDepthwiseScratchBytes) / kBlock / 4;

ESPALIER_INLINE __mmask16 mask_of(std::int64_t left) {
    return static_cast<__mmask16>(left >= 16 ? 0xffffu : (1u << left) - 1u);
}

/// Four rows of 64 bytes as four vectors of 16 words, in order; word c holds byte c of every row.
ESPALIER_INLINE void interleave(__m512i r0, __m512i r1, __m512i r2, __m512i r3, __m512i (&words)[4]) {
    const __m512i low01 = _mm512_unpacklo_epi8(r0, r1), high01 = _mm512_unpackhi_epi8(r0, r1);
    const __m512i low23 = _mm512_unpacklo_epi8(r2, r3), high23 = _mm512_unpackhi_epi8(r2, r3);
    // Unpacking works within 128-bit lanes: lane l of part p holds words 16 l + 4 p and on.
    const __m512i p0 = _mm512_unpacklo_epi16(low01, low23), p1 = _mm512_unpackhi_epi16(low01, low23);
    const __m512i p2 = _mm512_unpacklo_epi16(high01, high23), p3 = _mm512_unpackhi_epi16(high01, high23);
    const __m512i a = _mm512_shuffle_i32x4(p0, p1, 0x44), b = _mm512_shuffle_i32x4(p2, p3, 0x44);
    const __m512i c = _mm512_shuffle_i32x4(p0, p1, 0xee), d = _mm512_shuffle_i32x4(p2, p3, 0xee);
    words[0] = _mm512_shuffle_i32x4(a, b, 0x88);
    words[1] = _mm512_shuffle_i32x4(a, b, 0xdd);
    words[2] = _mm512_shuffle_i32x4(c, d, 0x88);
    words[3] = _mm512_shuffle_i32x4(c, d, 0xdd);
}

/// One block of channels and the kernel rows in groups of four.
struct Block {
    const DepthwiseI8& d;
    std::int64_t channel;
    std::int64_t groups;
    __mmask64 mask;
    int vectors;  ///< of 16 channels that exist

    ESPALIER_INLINE Block(const DepthwiseI8& work, std::int64_t c)
        : d(work), channel(c), groups((work.kernel_h + 3) / 4) {
        const std::int64_t left = work.channels - c;
        mask = left >= kBlock ? ~__mmask64{0} : (__mmask64{1} << left) - 1;
        vectors = left >= kBlock ? 4 : static_cast<int>((left + 15) / 16);
    }

    /// Writes the words of `columns` columns from `column` on: out[(v * columns + i) * groups + g].
    ESPALIER_INLINE void interleave_columns(std::int64_t column, std::int64_t columns, __m512i* out) const {
        const __m512i padding = _mm512_set1_epi8(static_cast<char>(d.zero_point));
        for (std::int64_t g = 0; g < groups; ++g) {
            const std::uint8_t* row[4];
            __mmask64 masks[4];
            for (int r = 0; r < 4; ++r) {
                const bool exists = 4 * g + r < d.kernel_h;
                row[r] = d.rows[exists ? 4 * g + r : 0];
                masks[r] = exists ? mask : 0;
            }
            for (std::int64_t i = 0; i < columns; ++i) {
                if (column + i < 0 || column + i >= d.width) {
                    for (int v = 0; v < vectors; ++v) out[(v * columns + i) * groups + g] = padding;
                    continue;
                }
                const std::int64_t at = (column + i) * d.channels + channel;
                __m512i words[4];
                interleave(_mm512_maskz_loadu_epi8(masks[0], row[0] + at),
                           _mm512_maskz_loadu_epi8(masks[1], row[1] + at),
                           _mm512_maskz_loadu_epi8(masks[2], row[2] + at),
                           _mm512_maskz_loadu_epi8(masks[3], row[3] + at), words);
                // A loop of unknown length would send the words through the stack.
#pragma GCC unroll 4
                for (int v = 0; v < 4; ++v) {
                    if (v < vectors) out[(v * columns + i) * groups + g] = words[v];
                }
            }
        }
    }
};

/// What 16 channels need to turn sums into output.
struct Channels {
    __mmask16 mask;
    __m512i start;  ///< what the zero point takes off the sums
    __m512 scales;
    __m512 bias;

    ESPALIER_INLINE Channels(const DepthwiseI8& d, std::int64_t c) : mask(mask_of(d.channels - c)) {
        const __m512i sums = _mm512_maskz_loadu_epi32(mask, d.sums + c);
        start = _mm512_mullo_epi32(sums, _mm512_set1_epi32(-d.zero_point));
        scales = _mm512_mul_ps(_mm512_set1_ps(d.scale), _mm512_maskz_loadu_ps(mask, d.scales + c));
        bias = d.bias ? _mm512_maskz_loadu_ps(mask, d.bias + c) : _mm512_setzero_ps();
    }
};

/// The epilogue of a row of outputs.
template <Activation A>
class End {
  public:
    ESPALIER_INLINE End(const DepthwiseI8& d, std::int64_t channel)
        : d_(d),
          channels_(d, channel),
          units_(CodeUnits(d.ends, clip_bounds(A, d.lo, d.hi))),
          lo_(_mm512_set1_ps(d.lo)),
          hi_(_mm512_set1_ps(d.hi)) {
        if (!kAtOnce || !d.ends.result) return;
        channels_.scales = units_.scale(channels_.scales);
        channels_.bias = units_.bias(channels_.bias);
    }

    ESPALIER_INLINE __m512i start() const { return channels_.start; }
    ESPALIER_INLINE void store(std::int64_t offset, __m512i acc) const {
        __m512 value = _mm512_fmadd_ps(_mm512_cvtepi32_ps(acc), channels_.scales, channels_.bias);
        if (kAtOnce && d_.ends.result) {
            if (d_.residual || d_.ends.residual) {
                value = units_.add(d_.residual ? d_.residual + offset : nullptr, d_.ends.residual + offset,
                                   channels_.mask, value);
            }
            store_codes(d_.ends.result + offset, channels_.mask, units_.bounded(value));
            return;
        }
        if (d_.residual) {
            value = _mm512_add_ps(value, _mm512_maskz_loadu_ps(channels_.mask, d_.residual + offset));
        } else if (d_.ends.residual) {
            value = add_codes(d_.ends.residual + offset, channels_.mask, d_.ends.residual_map, value);
        }
        value = Math<Avx512>::activate<A>(value, lo_, hi_);
        if (d_.ends.result) {
            quantize_codes(d_.ends.result + offset, channels_.mask, value, d_.ends.result_map);
        } else if (channels_.mask == kAllLanes) {
            _mm512_storeu_ps(d_.y + offset, value);
        } else {
            _mm512_mask_storeu_ps(d_.y + offset, channels_.mask, value);
        }
    }

  private:
    static constexpr bool kAtOnce =
        A == Activation::kNone || A == Activation::kRelu || A == Activation::kClip;

    // A copy: stores to y could change any member of the original, as far as the compiler knows.
    DepthwiseI8 d_;
    Channels channels_;
    CodeUnitsAvx512 units_;
    __m512 lo_, hi_;
};

/// Outputs [first, first + count) of vector v, from its words; N = kernel_w * groups if known, so that the
/// weights stay in registers, or 0.
template <Activation A, int N>
ESPALIER_INLINE void run_outputs(const DepthwiseI8& d, std::int64_t groups, std::int64_t channel,
                                 std::int64_t first, std::int64_t count, const __m512i* words,
                                 const __m512i* weights) {
    const End<A> end(d, channel);
    const std::int64_t taps = N > 0 ? N : d.kernel_w * groups, step = d.stride * groups;
    const std::int64_t dilation = d.dilation, channels = d.channels;
    const bool dense = dilation == 1;
    for (std::int64_t q = 0; q < count; ++q, words += step) {
        __m512i acc = end.start();
        if (dense) {
#pragma GCC unroll 14
            for (std::int64_t t = 0; t < taps; ++t) acc = _mm512_dpbusd_epi32(acc, words[t], weights[t]);
        } else {
            for (std::int64_t t = 0; t < taps; ++t) {
                const std::int64_t at = t / groups * dilation * groups + t % groups;
                acc = _mm512_dpbusd_epi32(acc, words[at], weights[t]);
            }
        }
        end.store((first + q) * channels + channel, acc);
    }
}

template <Activation A>
ESPALIER_INLINE void run_vector(const Block& block, int v, std::int64_t first, std::int64_t count,
                                const __m512i* words, const __m512i* weights) {
    const std::int64_t channel = block.channel + 16 * v;
    const auto run = [&]<int N>() {
        run_outputs<A, N>(block.d, block.groups, channel, first, count, words, weights);
    };
    switch (block.d.kernel_w * block.groups) {
        case 3:
            return run.template operator()<3>();
        case 10:
            return run.template operator()<10>();
        case 14:
            return run.template operator()<14>();
        default:
            return run.template operator()<0>();
    }
}

template <Activation A>
ESPALIER_INLINE void run_block(const DepthwiseI8& d, std::int64_t c, std::int64_t span) {
    const Block block(d, c);
    auto* words = static_cast<__m512i*>(d.scratch);
    const std::int64_t most = (kMaxWords / block.groups - span) / d.stride + 1;
    for (std::int64_t first = 0; first < d.pixels; first += most) {
        const std::int64_t count = d.pixels - first < most ? d.pixels - first : most;
        const std::int64_t columns = (count - 1) * d.stride + span;
        block.interleave_columns(first * d.stride - d.left, columns, words);
        for (int v = 0; v < block.vectors; ++v) {
            const auto* weights = reinterpret_cast<const __m512i*>(d.words) +
                                  (c / kWordChannels + v) * d.kernel_w * block.groups;
            run_vector<A>(block, v, first, count, words + v * columns * block.groups, weights);
        }
    }
}

}  // namespace

void run_depthwise_i8_avx512vnni(const DepthwiseI8& work) {
    const std::int64_t groups = (work.kernel_h + 3) / 4, span = (work.kernel_w - 1) * work.dilation + 1;
    if (span * groups > kMaxWords) return run_depthwise_i8_portable(work);
    with_activation(work.activation, [&]<Activation A>() {
        for (std::int64_t c = 0; c < work.channels; c += kBlock) run_block<A>(work, c, span);
    });
}

}  // namespace espalier::kernels
