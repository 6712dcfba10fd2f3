#pragma once

#include <immintrin.h>

#include <algorithm>
#include <cstdint>

#include "kernels/conv_i8/depthwise_i8.h"
#include "kernels/gemm_i8/coded_ends_avx2.h"
#include "kernels/math_avx2.h"

namespace espalier::kernels {

/// Vectors of eight sums that a pixel has room for.
inline constexpr int kPixelVectors = 4;

/// The epilogue of depthwise_i8_avx2.cpp, which gives codes or f32.
template <Activation A, bool Codes>
class DepthwiseEnd {
  public:
    ESPALIER_INLINE explicit DepthwiseEnd(const DepthwiseI8& work)
        : d_(work), units_(work.ends, clip_bounds(A, work.lo, work.hi)), lowest_(lowest_code()) {}

    /// Pixels [first, first + count) of 8 * Vectors channels, from sums[pixel][kPixelVectors].
    template <int Vectors>
    ESPALIER_INLINE void store(std::int64_t channel, std::int64_t first, std::int64_t count,
                               const __m256i* sums) const {
        const Scaling<Vectors> scaling(d_, units_, channel);
        const __m256 lo = _mm256_set1_ps(d_.lo), hi = _mm256_set1_ps(d_.hi);
        std::int64_t at = first * d_.channels + channel;
        for (std::int64_t q = 0; q < count; ++q, at += d_.channels, sums += kPixelVectors) {
            __m256 values[Vectors];
            scaling.apply(sums, values);
            if (d_.residual) {
                add_residual(d_.residual + at, values);
            } else if (d_.ends.residual) {
                add_residual(d_.ends.residual + at, values);
            }
            if constexpr (!kAtOnce) {
#pragma GCC unroll 4
                for (int v = 0; v < Vectors; ++v) values[v] = Math<Avx2>::activate<A>(values[v], lo, hi);
            }
            if constexpr (Codes) {
                store_codes_of(d_.ends.result + at, values);
            } else {
#pragma GCC unroll 4
                for (int v = 0; v < Vectors; ++v) _mm256_storeu_ps(d_.y + at + 8 * v, values[v]);
            }
        }
    }

  private:
    static constexpr bool kBound = A == Activation::kNone || A == Activation::kRelu || A == Activation::kClip;
    static constexpr bool kAtOnce = Codes && kBound;

    /// Sums become values, or, kAtOnce, what they are worth in codes.
    template <int Vectors>
    struct Scaling {
        __m256 scales[Vectors], bias[Vectors];

        ESPALIER_INLINE Scaling(const DepthwiseI8& d, const CodeUnits& units, std::int64_t channel) {
            const __m256 scale = _mm256_set1_ps(d.scale), step = _mm256_set1_ps(units.step);
#pragma GCC unroll 4
            for (int v = 0; v < Vectors; ++v) {
                const std::int64_t c = channel + 8 * v;
                scales[v] = _mm256_mul_ps(scale, _mm256_loadu_ps(d.scales + c));
                bias[v] = d.bias ? _mm256_loadu_ps(d.bias + c) : _mm256_setzero_ps();
                if constexpr (kAtOnce) {
                    scales[v] = _mm256_mul_ps(scales[v], step);
                    bias[v] = _mm256_fmadd_ps(bias[v], step, _mm256_set1_ps(units.offset));
                }
            }
        }
        ESPALIER_INLINE void apply(const __m256i* sums, __m256 (&values)[Vectors]) const {
#pragma GCC unroll 4
            for (int v = 0; v < Vectors; ++v) {
                values[v] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sums[v]), scales[v], bias[v]);
            }
        }
    };

    /// The lower bound, unless the upper one is below it and so is the result of everything.
    ESPALIER_INLINE std::uint8_t lowest_code() const {
        if constexpr (!kAtOnce) return 0;
        const float lowest = std::max(0.0f, std::min(units_.lo, units_.hi));
        return static_cast<std::uint8_t>(_mm_cvtss_si32(_mm_set_ss(lowest)));
    }

    template <int Vectors>
    ESPALIER_INLINE void add_residual(const float* residual, __m256 (&values)[Vectors]) const {
        const __m256 step = _mm256_set1_ps(units_.step);
#pragma GCC unroll 4
        for (int v = 0; v < Vectors; ++v) {
            const __m256 r = _mm256_loadu_ps(residual + 8 * v);
            values[v] = kAtOnce ? _mm256_fmadd_ps(r, step, values[v]) : _mm256_add_ps(values[v], r);
        }
    }
    template <int Vectors>
    ESPALIER_INLINE void add_residual(const std::uint8_t* residual, __m256 (&values)[Vectors]) const {
        const Affine map = kAtOnce ? Affine{units_.residual, 0} : d_.ends.residual_map;
#pragma GCC unroll 4
        for (int v = 0; v < Vectors; ++v) values[v] = add_codes(residual + 8 * v, 8, map, values[v]);
    }

    /// Rounding is monotonic, so that bounds may come after it, 32 at a time: packing saturates at 0. Only
    /// the upper one comes before, since no integer stands for numbers beyond 2^31; NaN passes it and becomes
    /// the least integer.
    template <int Vectors>
    ESPALIER_INLINE void store_codes_of(std::uint8_t* to, const __m256 (&values)[Vectors]) const {
        const __m256 highest = _mm256_set1_ps(kAtOnce ? units_.hi : 255.0f);
        const __m256 step = _mm256_set1_ps(units_.step);
        const __m256 zero_point = _mm256_set1_ps(static_cast<float>(d_.ends.result_map.zero_point));
        __m256i codes[4];
#pragma GCC unroll 4
        for (int v = 0; v < 4; ++v) {
            __m256 value = values[v % Vectors];
            if constexpr (!kAtOnce) value = _mm256_fmadd_ps(value, step, zero_point);
            codes[v] = _mm256_cvtps_epi32(_mm256_min_ps(highest, value));
        }
        // Packing works within 128-bit halves: dword 4 h + v of the bytes is half h of vector v.
        __m256i bytes = _mm256_packus_epi16(_mm256_packus_epi32(codes[0], codes[1]),
                                            _mm256_packus_epi32(codes[2], codes[3]));
        bytes = _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
        bytes = _mm256_max_epu8(bytes, _mm256_set1_epi8(static_cast<char>(lowest_)));
        if constexpr (Vectors == 4) {
            _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), bytes);
        } else if constexpr (Vectors == 2) {
            _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm256_castsi256_si128(bytes));
        } else {
            _mm_storel_epi64(reinterpret_cast<__m128i*>(to), _mm256_castsi256_si128(bytes));
        }
    }

    // A copy: stores to y could change any member of the original, as far as the compiler knows.
    DepthwiseI8 d_;
    CodeUnits units_;
    std::uint8_t lowest_;
};

}  // namespace espalier::kernels
