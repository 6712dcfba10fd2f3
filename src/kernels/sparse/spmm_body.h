#pragma once

#include <array>
#include <cstring>
#include <type_traits>
#include <utility>

#include "kernels/sparse/sparse_words.h"
#include "kernels/sparse/spmm_tile.h"
#include "kernels/vector_math.h"

namespace espalier::kernels {

/// Products of floats over the vectors of S. The tiles below are instantiated with a type of the file they
/// are compiled in, so that no two files share an instance.
template <class S>
struct SpmmFloats : S {
    using Word = float;
    using Sum = typename S::V;

    ESPALIER_INLINE static Sum weight(const float* p) { return S::set1(*p); }
    ESPALIER_INLINE static Sum input(const float* p) { return S::load(p); }
    ESPALIER_INLINE static Sum step(Sum w, Sum x, Sum acc) { return S::fma(w, x, acc); }
    ESPALIER_INLINE static Sum no_sum() { return S::zero(); }
    ESPALIER_INLINE static Sum load_sum(const float* p) { return S::load(p); }
    ESPALIER_INLINE static void store_sum(float* p, Sum x) { S::store(p, x); }
};

/// Keeps a vector in a register: loads are what limits, and the compiler would repeat them for each product.
template <typename V>
ESPALIER_INLINE void hold(V& x) {
#if defined(__x86_64__)
    if constexpr (!std::is_class_v<V>) asm("" : "+v"(x));
#endif
}

/// A tile of R vectors of pixels. D offers Word, Sum, kLanes, and on vectors of sums
///
///   no_sum() load_sum(p) store_sum(p, v)
///   weight(p)             the word at p in every lane
///   input(p)              a vector of the words of x at p
///   step(w, x, acc)       acc + w * x
///
/// Both features of a pair have their sums in registers, so that an input is read once for both.
///
/// How tiles are cut depends on the number of threads; the order in which an output's products are added does
/// not.
template <class D, int R>
void run_spmm_tile(const SpmmTile<typename D::Word>& t) {
    using Word = typename D::Word;
    using V = typename D::Sum;
    constexpr std::int64_t kPixels = R * D::kLanes;
    constexpr std::int64_t kLineWords = 16, kSpan = SparseWords<Word>::kSpan;
    const std::uint8_t* row = t.rows;
    const Word* word = t.words;
    const auto sums_of = [&](std::int64_t j) ESPALIER_INLINE_LAMBDA {
        return t.sums + (j / kSpan * kSpan + t.order[j]) * kPixels;
    };
    const auto input_of = [&](std::uint8_t index) ESPALIER_INLINE_LAMBDA {
        const Word* x = t.x + std::int64_t{index} * kPixels;
        // One register for the address: with two, each load and its product are an operation apart.
        asm("" : "+r"(x));
        return x;
    };
    const auto add = [&](std::uint8_t index, const Word* of, V(&to)[R]) ESPALIER_INLINE_LAMBDA {
        const Word* x = input_of(index);
        const auto w = D::weight(of);
#pragma GCC unroll 16
        for (int r = 0; r < R; ++r) to[r] = D::step(w, D::input(x + r * D::kLanes), to[r]);
    };
    for (std::int64_t pair = 0; pair < t.pairs; ++pair) {
        const PairCounts counts = t.counts[pair];
        if (!t.first && counts.none()) continue;
        Word* const sums[2] = {sums_of(2 * pair), sums_of(2 * pair + 1)};
        // The sums of all features are too many for the first cache; the next ones are on their way
        // meanwhile.
        if (pair + 1 < t.pairs) {
            const Word* const next[2] = {sums_of(2 * pair + 2), sums_of(2 * pair + 3)};
            for (std::int64_t i = 0; i < kPixels; i += kLineWords) {
                __builtin_prefetch(next[0] + i, 1);
                __builtin_prefetch(next[1] + i, 1);
            }
        }
        V a[R], b[R];
#pragma GCC unroll 16
        for (int r = 0; r < R; ++r) a[r] = t.first ? D::no_sum() : D::load_sum(sums[0] + r * D::kLanes);
#pragma GCC unroll 16
        for (int r = 0; r < R; ++r) b[r] = t.first ? D::no_sum() : D::load_sum(sums[1] + r * D::kLanes);
        for (const std::uint8_t* const end = row + counts.both; row != end; ++row, word += 2) {
            const Word* x = input_of(*row);
            const auto of_a = D::weight(word), of_b = D::weight(word + 1);
#pragma GCC unroll 16
            for (int r = 0; r < R; ++r) {
                auto input = D::input(x + r * D::kLanes);
                hold(input);
                a[r] = D::step(of_a, input, a[r]);
                b[r] = D::step(of_b, input, b[r]);
            }
        }
        for (const std::uint8_t* const end = row + 2 * counts.each; row != end; row += 2, word += 2) {
            add(row[0], word, a);
            add(row[1], word + 1, b);
        }
        for (const std::uint8_t* const end = row + counts.first; row != end; ++row, ++word)
            add(*row, word, a);
#pragma GCC unroll 16
        for (int r = 0; r < R; ++r) D::store_sum(sums[0] + r * D::kLanes, a[r]);
#pragma GCC unroll 16
        for (int r = 0; r < R; ++r) D::store_sum(sums[1] + r * D::kLanes, b[r]);
    }
}

/// SpmmRuns for 1 to `kMost` vectors.
template <class D, int kMost>
constexpr auto spmm_runs() {
    return []<int... R>(std::integer_sequence<int, R...>) {
        using Run = void (*)(const SpmmTile<typename D::Word>&);
        return std::array<Run, kMost>{run_spmm_tile<D, R + 1>...};
    }
    (std::make_integer_sequence<int, kMost>());
}

/// SpmmPack: S::transpose turns kLanes vectors of floats into their transpose, whatever their bits mean.
template <class S>
void run_spmm_pack(const void* const* rows, std::int64_t count, std::int64_t words, std::int64_t pixels,
                   void* to) {
    using V = typename S::V;
    constexpr int kLanes = S::kLanes;
    auto* x = static_cast<float*>(to);
    for (std::int64_t i = 0; i < pixels; i += kLanes) {
        for (std::int64_t p = 0; p < words; p += kLanes) {
            const auto left = static_cast<int>(words - p < kLanes ? words - p : kLanes);
            V v[kLanes];
#pragma GCC unroll 16
            for (int r = 0; r < kLanes; ++r) {
                if (i + r >= count) {
                    v[r] = S::zero();
                    continue;
                }
                const float* row = static_cast<const float*>(rows[i + r]) + p;
                v[r] = left == kLanes ? S::load(row) : S::load_first(row, left);
            }
            S::transpose(v);
#pragma GCC unroll 16
            for (int r = 0; r < kLanes; ++r) S::store(x + (p + r) * pixels + i, v[r]);
        }
    }
}

/// Turns [columns][pixels] into rows of c: sum(j, i) is the vector of feature j from pixel i on.
template <class S, Activation A, typename Sum>
ESPALIER_INLINE void finish_rows(const SpmmRows& shape, const float* bias_of, float* c, const Epilogue& e,
                                 Sum&& sum) {
    using V = typename S::V;
    constexpr int kLanes = S::kLanes;
    const V lo = S::set1(e.lo), hi = S::set1(e.hi);
    // Along the rows: sixteen streams of stores, instead of lines that all fall into the same cache sets.
    for (std::int64_t i = 0; i < shape.rows; i += kLanes) {
        const auto rows = static_cast<int>(shape.rows - i < kLanes ? shape.rows - i : kLanes);
        for (std::int64_t j = 0; j < shape.columns; j += kLanes) {
            const auto columns = static_cast<int>(shape.columns - j < kLanes ? shape.columns - j : kLanes);
            const bool whole = columns == kLanes;
            const auto load = [&](const float* from) ESPALIER_INLINE_LAMBDA {
                return whole ? S::load(from) : S::load_first(from, columns);
            };
            const V bias = bias_of ? load(bias_of + j) : S::zero();
            V v[kLanes];
#pragma GCC unroll 16
            for (int r = 0; r < kLanes; ++r) v[r] = sum(j + r, i);
            S::transpose(v);
#pragma GCC unroll 16
            for (int r = 0; r < kLanes; ++r) {
                if (r >= rows) break;
                const std::int64_t at = (i + r) * shape.stride + j;
                V value = bias_of ? S::add(v[r], bias) : v[r];
                if (e.residual) value = S::add(value, load(e.residual + at));
                value = Math<S>::template activate<A>(value, lo, hi);
                if (whole) {
                    S::store(c + at, value);
                } else {
                    S::store_first(c + at, columns, value);
                }
            }
        }
    }
}

/// SpmmKernel::finish.
template <class S>
void run_spmm_finish(const SpmmRows& shape, const float* sums, std::int64_t pixels, float* c,
                     const Epilogue& e) {
    with_activation(e.activation, [&]<Activation A>() {
        finish_rows<S, A>(shape, e.bias, c, e, [&](std::int64_t j, std::int64_t i) ESPALIER_INLINE_LAMBDA {
            return S::load(sums + j * pixels + i);
        });
    });
}

/// SpmmI8Kernel::finish: D::centred(sums, zero_points, weight_sum) is a vector of sums less its zero points'
/// share, as floats.
template <class D>
void run_spmm_i8_finish(const SpmmRows& shape, const SpmmScaling& scaling, const std::int32_t* sums,
                        std::int64_t pixels, float* c, const Epilogue& e) {
    using S = typename D::Floats;
    with_activation(e.activation, [&]<Activation A>() {
        finish_rows<S, A>(shape, nullptr, c, e, [&](std::int64_t j, std::int64_t i) ESPALIER_INLINE_LAMBDA {
            const auto centred =
                D::centred(sums + j * pixels + i, scaling.zero_points + i, scaling.weight_sums[j]);
            const auto scale = S::mul(S::load(scaling.row_scales + i), S::set1(scaling.scales[j]));
            const float bias = e.bias && j < shape.columns ? e.bias[j] : 0.0f;
            return D::exact_fma(centred, scale, S::set1(bias));
        });
    });
}

}  // namespace espalier::kernels
