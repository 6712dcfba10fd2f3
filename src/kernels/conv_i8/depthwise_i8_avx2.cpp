#include <immintrin.h>

#include <utility>

#include "kernels/conv_i8/depthwise_i8.h"
#include "kernels/conv_i8/depthwise_i8_avx2_end.h"

// vpmaddwd adds two products per lane. Here the two are two kernel rows of one channel, or two neighbouring
// taps of the last row where their number is odd: the bytes of every input column are paired once, and serve
// all the outputs whose windows contain the column. Sums wait in memory for the epilogue, which wants whole
// pixels of a block, while the sums of a vector share their weights.
namespace espalier::kernels {
namespace {

/// Of the scratch memory, what is in use at a time where there is a choice: the size of the first cache.
constexpr std::int64_t kNearBytes = 32768;

/// Vectors of the pairs of 32 channels, eight in each.
constexpr std::int64_t kPairVectors = 4;

/// Where unpacking leaves the pairs of channels 8 v and on.
constexpr int vector_at(int v) { return v / 2 + v % 2 * 2; }

ESPALIER_INLINE __m256i pixels_of(const __m128i* pairs) {
    return _mm256_cvtepu8_epi16(_mm_load_si128(pairs));
}
ESPALIER_INLINE __m256i weights_of(const __m128i* pairs) {
    return _mm256_cvtepi8_epi16(_mm_load_si128(pairs));
}

/// Calls body.template operator()<I>() for I in [0, N).
template <int N, class Body>
ESPALIER_INLINE void unrolled(Body&& body) {
    [&]<int... I>(std::integer_sequence<int, I...>) ESPALIER_INLINE_LAMBDA {
        (body.template operator()<I>(), ...);
    }
    (std::make_integer_sequence<int, N>());
}

/// The first `vectors` of a group of 32 channels: sums[pixel][kPixelVectors] = starts[vector] plus what
/// columns[column][line][kPairVectors] and weights[tap][kPairVectors] give.
using SumsOfSquare = void (*)(int vectors, std::int64_t pixels, const __m128i* columns,
                              const __m128i* weights, const __m256i* starts, __m256i* sums);

/// A square kernel without dilation, in transposed form: every step adds the next Stride columns to all the
/// outputs that contain them, and completes the one that began kOpen steps before.
template <int Kernel, int Stride>
struct Square {
    static constexpr int kLines = Kernel / 2 + 1;
    static constexpr int kTaps = Kernel / 2 * Kernel + (Kernel + 1) / 2;
    static constexpr int kOpen = (Kernel - 1) / Stride;
    static constexpr int kStep = Stride * kLines * kPairVectors;

    /// For the outputs that began `First` to `Last` steps before; open[age] becomes their sums.
    template <int First, int Last>
    ESPALIER_INLINE static void step(const __m128i* columns, const __m256i (&weights)[kTaps], __m256i start,
                                     __m256i (&open)[kOpen + 1]) {
        unrolled<Last - First + 1>([&]<int I>() ESPALIER_INLINE_LAMBDA {
            constexpr int kAge = Last - I;
            __m256i sum = kAge == 0 ? start : open[kAge == 0 ? 0 : kAge - 1];
            unrolled<Stride>([&]<int C>() ESPALIER_INLINE_LAMBDA {
                constexpr int kTap = Stride * kAge + C;
                const auto add = [&](int line, __m256i w) ESPALIER_INLINE_LAMBDA {
                    const __m256i x = pixels_of(columns + (C * kLines + line) * kPairVectors);
                    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(x, w));
                };
                if constexpr (kTap < Kernel) {
                    unrolled<kLines - 1>([&]<int L>()
                                             ESPALIER_INLINE_LAMBDA { add(L, weights[L * Kernel + kTap]); });
                }
                if constexpr (kTap < Kernel && kTap % 2 == 0) {
                    add(kLines - 1, weights[(kLines - 1) * Kernel + kTap / 2]);
                }
            });
            // Sums in another order than this would send the products through the stack.
            asm("" : "+x"(sum));
            open[kAge] = sum;
        });
    }

    /// At least kOpen pixels.
    ESPALIER_INLINE static void run_vector(std::int64_t pixels, const __m128i* columns, const __m128i* taps,
                                           __m256i start, __m256i* sums) {
        __m256i weights[kTaps], open[kOpen + 1];
        unrolled<kTaps>([&]<int T>()
                            ESPALIER_INLINE_LAMBDA { weights[T] = weights_of(taps + T * kPairVectors); });
        unrolled<kOpen>([&]<int I>() ESPALIER_INLINE_LAMBDA {
            step<0, I>(columns, weights, start, open);
            columns += kStep;
        });
        for (std::int64_t i = kOpen; i < pixels; ++i, columns += kStep, sums += kPixelVectors) {
            step<0, kOpen>(columns, weights, start, open);
            *sums = open[kOpen];
        }
        unrolled<kOpen>([&]<int I>() ESPALIER_INLINE_LAMBDA {
            step<I + 1, kOpen>(columns, weights, start, open);
            *sums = open[kOpen];
            columns += kStep;
            sums += kPixelVectors;
        });
    }

    static void run(int vectors, std::int64_t pixels, const __m128i* columns, const __m128i* weights,
                    const __m256i* starts, __m256i* sums) {
        for (int v = 0; v < vectors; ++v) {
            run_vector(pixels, columns + vector_at(v), weights + vector_at(v), starts[v], sums + v);
        }
    }
};

/// How to go about a kernel: as a Square, or line by line where there is no `run`.
struct Plan {
    SumsOfSquare run = nullptr;
    std::int64_t lines = 1;   ///< paired at a time
    std::int64_t taps = 0;    ///< pairs of weights held at a time
    std::int64_t least = 0;   ///< pixels that `run` can do
    std::int64_t groups = 1;  ///< of 32 channels at a time
    std::int64_t pixels = 0;  ///< at a time; less than 1 if not even those of one fit the scratch memory
};

/// Bytes of a line of a column, and of a pair of weights, for 32 channels.
constexpr std::int64_t kPairBytes = kPairVectors * 16;

constexpr std::int64_t kSumBytes = kPixelVectors * 32;

template <int Kernel, int Stride>
constexpr Plan plan_of() {
    using S = Square<Kernel, Stride>;
    return {&S::run, S::kLines, S::kTaps, S::kOpen};
}

/// As many groups at a time as have room with all their pixels, or as many pixels of one as have.
Plan fit(Plan plan, const DepthwiseI8& d, std::int64_t room) {
    const std::int64_t span = (d.kernel_w - 1) * d.dilation + 1;
    const std::int64_t fixed = (plan.taps + (span - d.stride) * plan.lines) * kPairBytes;
    const std::int64_t each = d.stride * plan.lines * kPairBytes + kSumBytes;
    const std::int64_t groups = room / (fixed + d.pixels * each);
    plan.groups = groups > 1 && plan.run ? groups : 1;
    plan.pixels = groups > 0 ? d.pixels : (room - fixed) / each;
    return plan;
}

Plan choose(const DepthwiseI8& d) {
    static constexpr Plan kPlans[3][2] = {{plan_of<3, 1>(), plan_of<3, 2>()},
                                          {plan_of<5, 1>(), plan_of<5, 2>()},
                                          {plan_of<7, 1>(), plan_of<7, 2>()}};
    const bool square = d.kernel_h == d.kernel_w && d.dilation == 1 && (d.stride == 1 || d.stride == 2);
    if (square && (d.kernel_w == 3 || d.kernel_w == 5 || d.kernel_w == 7)) {
        const Plan& plan = kPlans[d.kernel_w / 2 - 1][d.stride - 1];
        if (d.pixels >= plan.least) return fit(plan, d, kNearBytes);
    }
    return fit({.taps = d.kernel_w}, d, kDepthwiseScratchBytes);
}

/// Two kernel rows, or neighbouring taps of one.
struct Line {
    std::int64_t row, other;
    std::int64_t shift;  ///< taps from the first of a pair to the second
    std::int64_t taps;   ///< pairs

    Line(const DepthwiseI8& d, std::int64_t index)
        : row(2 * index), other(row + 1), shift(0), taps(d.kernel_w) {
        if (other < d.kernel_h) return;
        other = row;
        shift = 1;
        taps = (d.kernel_w + 1) / 2;
    }
    /// Taps from a pair to the next.
    std::int64_t step() const { return 1 + shift; }
};

/// The bytes of 32, 16 or 8 channels.
template <int Channels>
ESPALIER_INLINE auto load_bytes(const void* from) {
    if constexpr (Channels == 32) {
        return _mm256_loadu_si256(static_cast<const __m256i*>(from));
    } else if constexpr (Channels == 16) {
        return _mm_loadu_si128(static_cast<const __m128i*>(from));
    } else {
        return _mm_loadl_epi64(static_cast<const __m128i*>(from));
    }
}

/// Byte c of a and b next to each other.
ESPALIER_INLINE void store_pairs(__m256i a, __m256i b, __m128i* out) {
    _mm256_store_si256(reinterpret_cast<__m256i*>(out), _mm256_unpacklo_epi8(a, b));
    _mm256_store_si256(reinterpret_cast<__m256i*>(out + 2), _mm256_unpackhi_epi8(a, b));
}
ESPALIER_INLINE void store_pairs(__m128i a, __m128i b, __m128i* out) {
    _mm_store_si128(out, _mm_unpacklo_epi8(a, b));
    _mm_store_si128(out + 2, _mm_unpackhi_epi8(a, b));
}

/// Bytes in memory, `step` from those of an element to those of the next.
struct Run {
    const void* at;
    std::int64_t step;
};

/// out[i * step] = pairs of element i of a and b.
template <int Channels>
ESPALIER_INLINE void pair(Run a, Run b, std::int64_t count, __m128i* out, std::int64_t step) {
    const auto *first = static_cast<const char*>(a.at), *second = static_cast<const char*>(b.at);
#pragma GCC unroll 2
    for (std::int64_t i = 0; i < count; ++i, first += a.step, second += b.step, out += step) {
        store_pairs(load_bytes<Channels>(first), load_bytes<Channels>(second), out);
    }
}

/// The sums of `groups` times `Channels` channels; groups == 1 where Channels < 32. Its parts are not
/// inlined, since there would be one of each for every epilogue. The scratch memory holds, in this order,
///
///     weights[group][tap][kPairVectors]  sums[group][pixel][kPixelVectors]
///     columns[group][column][line][kPairVectors]
template <int Channels>
class Block {
  public:
    ESPALIER_INLINE Block(const DepthwiseI8& d, const Plan& plan, std::int64_t channel, std::int64_t groups)
        : d_(d),
          plan_(plan),
          channel_(channel),
          groups_(groups),
          weights_(static_cast<__m128i*>(d.scratch)),
          sums_(static_cast<__m256i*>(d.scratch) + groups * plan.taps * kPairVectors / 2) {
        if (plan.run) pair_all_weights();
    }

    /// Those of the pixels [first, first + count).
    ESPALIER_INLINE const __m256i* sums(std::int64_t first, std::int64_t count) const {
        if (plan_.run) {
            square_sums(first, count);
        } else {
            line_sums(first, count);
        }
        return sums_;
    }

  private:
    static constexpr int kVectors = Channels / 8;

    __attribute__((noinline)) void pair_all_weights() const {
        for (std::int64_t l = 0; l < plan_.lines; ++l) pair_weights(Line(d_, l), l * d_.kernel_w);
    }
    __attribute__((noinline)) void square_sums(std::int64_t first, std::int64_t count) const {
        const std::int64_t span = (count - 1) * d_.stride + d_.kernel_w;
        for (std::int64_t l = 0; l < plan_.lines; ++l) {
            // Neighbours in the last row are wanted where an output begins, and an even number of taps on.
            const std::int64_t every = l + 1 < plan_.lines ? 1 : d_.stride;
            pair_columns(Line(d_, l), first * d_.stride - d_.left, span, every,
                         columns(count) + l * kPairVectors);
        }
        for (std::int64_t g = 0; g < groups_; ++g) {
            __m256i starts[kVectors];
            for (int v = 0; v < kVectors; ++v) starts[v] = start(g, v);
            plan_.run(kVectors, count, columns(count) + g * span * plan_.lines * kPairVectors,
                      weights_ + g * plan_.taps * kPairVectors, starts, sums_ + g * count * kPixelVectors);
        }
    }
    __attribute__((noinline)) void line_sums(std::int64_t first, std::int64_t count) const {
        const std::int64_t span = (count - 1) * d_.stride + (d_.kernel_w - 1) * d_.dilation + 1;
        for (int v = 0; v < kVectors; ++v) {
            const __m256i from = start(0, v);
            for (std::int64_t q = 0; q < count; ++q) sums_[q * kPixelVectors + v] = from;
        }
        for (std::int64_t l = 0; 2 * l < d_.kernel_h; ++l) {
            const Line line(d_, l);
            pair_weights(line, 0);
            pair_columns(line, first * d_.stride - d_.left, span, 1, columns(count));
            for (int v = 0; v < kVectors; ++v) {
                add_line(line, count, columns(count) + vector_at(v), weights_ + vector_at(v), sums_ + v);
            }
        }
    }
    void add_line(const Line& line, std::int64_t count, const __m128i* columns, const __m128i* weights,
                  __m256i* sums) const {
        const std::int64_t taps = line.taps, step = line.step() * d_.dilation * kPairVectors;
        const std::int64_t stride = d_.stride * kPairVectors;
        for (std::int64_t q = 0; q < count; ++q, columns += stride, sums += kPixelVectors) {
            __m256i sum = *sums;
            for (std::int64_t t = 0; t < taps; ++t) {
                sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pixels_of(columns + t * step),
                                                              weights_of(weights + t * kPairVectors)));
            }
            *sums = sum;
        }
    }

    ESPALIER_INLINE __m128i* columns(std::int64_t count) const {
        return reinterpret_cast<__m128i*>(sums_ + groups_ * count * kPixelVectors);
    }

    /// What the zero point takes off the sums.
    ESPALIER_INLINE __m256i start(std::int64_t group, int v) const {
        const auto* sums = reinterpret_cast<const __m256i*>(d_.sums + channel_ + group * Channels + 8 * v);
        return _mm256_mullo_epi32(_mm256_loadu_si256(sums), _mm256_set1_epi32(-d_.zero_point));
    }

    /// The weights of a line as taps `from` and on.
    ESPALIER_INLINE void pair_weights(const Line& line, std::int64_t from) const {
        const std::int64_t apart = ((line.other - line.row) * d_.kernel_w + line.shift) * d_.channels;
        const std::int8_t* row = d_.weights + line.row * d_.kernel_w * d_.channels + channel_;
        const __m256i zero = _mm256_setzero_si256();
        __m128i* out = weights_ + from * kPairVectors;
        for (std::int64_t t = 0; t < line.taps; ++t, out += kPairVectors, row += line.step() * d_.channels) {
            const bool alone = line.step() * t + line.shift >= d_.kernel_w;
            const Run other = alone ? Run{&zero, 0} : Run{row + apart, Channels};
            pair<Channels>({row, Channels}, other, groups_, out, plan_.taps * kPairVectors);
        }
    }

    /// Every `every`-th of the columns [first, first + count). Those inside of the image are one run.
    ESPALIER_INLINE void pair_columns(const Line& line, std::int64_t first, std::int64_t count,
                                      std::int64_t every, __m128i* out) const {
        const std::uint8_t *row = d_.rows[line.row] + channel_, *other = d_.rows[line.other] + channel_;
        const std::int64_t shift = line.shift * d_.dilation, end = first + count, width = d_.width;
        const std::int64_t group = count * plan_.lines * kPairVectors,
                           step = every * plan_.lines * kPairVectors;
        const __m256i padding = _mm256_set1_epi8(static_cast<char>(d_.zero_point));
        const auto pixel = [&](const std::uint8_t* of, std::int64_t column) {
            const bool inside = column >= 0 && column < width;
            return inside ? Run{of + column * d_.channels, Channels} : Run{&padding, 0};
        };
        for (std::int64_t i = first; i < end; i += every, out += step) {
            if (i >= 0 && i + shift < width) {
                const std::int64_t last = end < width - shift ? end : width - shift;
                const std::int64_t inside = (last - i + every - 1) / every, apart = every * d_.channels;
                const std::uint8_t *a = row + i * d_.channels, *b = other + (i + shift) * d_.channels;
                for (std::int64_t g = 0; g < groups_; ++g) {
                    pair<Channels>({a + g * Channels, apart}, {b + g * Channels, apart}, inside,
                                   out + g * group, step);
                }
                i += (inside - 1) * every;
                out += (inside - 1) * step;
            } else {
                pair<Channels>(pixel(row, i), pixel(other, i + shift), groups_, out, group);
            }
        }
    }

    const DepthwiseI8& d_;
    const Plan& plan_;
    std::int64_t channel_;
    std::int64_t groups_;
    __m128i* weights_;
    __m256i* sums_;
};

/// `groups` times Channels channels from `channel` on.
template <int Channels, class End>
void run_block(const DepthwiseI8& d, const Plan& plan, const End& end, std::int64_t channel,
               std::int64_t groups) {
    const Block<Channels> block(d, plan, channel, groups);
    const std::int64_t parts = (d.pixels + plan.pixels - 1) / plan.pixels;
    for (std::int64_t part = 0; part < parts; ++part) {
        const std::int64_t first = d.pixels * part / parts;
        const std::int64_t count = d.pixels * (part + 1) / parts - first;
        const __m256i* sums = block.sums(first, count);
        for (std::int64_t g = 0; g < groups; ++g, sums += count * kPixelVectors) {
            end.template store<Channels / 8>(channel + g * Channels, first, count, sums);
        }
    }
}

template <Activation A, bool Codes>
void run_blocks(const DepthwiseI8& d, const Plan& plan) {
    const DepthwiseEnd<A, Codes> end(d);
    const std::int64_t groups = d.channels / 32, blocks = (groups + plan.groups - 1) / plan.groups;
    for (std::int64_t b = 0; b < blocks; ++b) {
        const std::int64_t first = groups * b / blocks;
        run_block<32>(d, plan, end, first * 32, groups * (b + 1) / blocks - first);
    }
    std::int64_t c = groups * 32;
    for (; c + 16 <= d.channels; c += 16) run_block<16>(d, plan, end, c, 1);
    for (; c + 8 <= d.channels; c += 8) run_block<8>(d, plan, end, c, 1);
}

}  // namespace

void run_depthwise_i8_avx2(const DepthwiseI8& work) {
    const Plan plan = choose(work);
    if (plan.pixels < 1) return run_depthwise_i8_portable(work);
    with_activation(work.activation, [&]<Activation A>() {
        if (work.ends.result) {
            run_blocks<A, true>(work, plan);
        } else {
            run_blocks<A, false>(work, plan);
        }
    });
    run_depthwise_i8_channels(work, work.channels / 8 * 8);
}

}  // namespace espalier::kernels
