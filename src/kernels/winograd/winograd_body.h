#pragma once

#include "kernels/activate_stored.h"
#include "kernels/winograd/winograd_table.h"

/// The transforms of Winograd's filtering, written once; winograd_portable.cpp, winograd_avx2.cpp and
/// winograd_avx512.cpp instantiate them.
namespace espalier::kernels {

/// One-dimensional transforms for an output tile of M: points 0, 1, -1 and infinity (M = 2), and 2, -2 too (M
/// = 4).
template <class S, int M>
struct WinogradLine;

template <class S>
struct WinogradLine<S, 2> {
    using V = typename S::V;

    /// B^T d
    ESPALIER_INLINE static void input(const V (&d)[4], V (&v)[4]) {
        v[0] = S::sub(d[0], d[2]);
        v[1] = S::add(d[1], d[2]);
        v[2] = S::sub(d[2], d[1]);
        v[3] = S::sub(d[1], d[3]);
    }

    /// A^T m
    ESPALIER_INLINE static void output(const V (&m)[4], V (&y)[2]) {
        y[0] = S::add(S::add(m[0], m[1]), m[2]);
        y[1] = S::sub(S::sub(m[1], m[2]), m[3]);
    }
};

template <class S>
struct WinogradLine<S, 4> {
    using V = typename S::V;

    /// B^T d
    ESPALIER_INLINE static void input(const V (&d)[6], V (&v)[6]) {
        const V two = S::set1(2), four = S::set1(4), five = S::set1(5);
        const V even = S::fnma(four, d[2], d[4]), odd = S::fnma(four, d[1], d[3]);
        const V even2 = S::sub(d[4], d[2]), odd2 = S::mul(two, S::sub(d[3], d[1]));
        v[0] = S::fma(four, d[0], S::fnma(five, d[2], d[4]));
        v[1] = S::add(even, odd);
        v[2] = S::sub(even, odd);
        v[3] = S::add(even2, odd2);
        v[4] = S::sub(even2, odd2);
        v[5] = S::fma(four, d[1], S::fnma(five, d[3], d[5]));
    }

    /// A^T m
    ESPALIER_INLINE static void output(const V (&m)[6], V (&y)[4]) {
        const V two = S::set1(2), four = S::set1(4), eight = S::set1(8);
        const V sum1 = S::add(m[1], m[2]), difference1 = S::sub(m[1], m[2]);
        const V sum2 = S::add(m[3], m[4]), difference2 = S::sub(m[3], m[4]);
        y[0] = S::add(m[0], S::add(sum1, sum2));
        y[1] = S::fma(two, difference2, difference1);
        y[2] = S::fma(four, sum2, sum1);
        y[3] = S::add(S::fma(eight, difference2, difference1), m[5]);
    }
};

/// G, [element of a line][tap].
template <int M>
inline constexpr double kWinogradFilter[M + 2][3] = {};
template <>
inline constexpr double kWinogradFilter<2>[4][3] = {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};
template <>
inline constexpr double kWinogradFilter<4>[6][3] = {{1.0 / 4, 0, 0},
                                                    {-1.0 / 6, -1.0 / 6, -1.0 / 6},
                                                    {-1.0 / 6, 1.0 / 6, -1.0 / 6},
                                                    {1.0 / 24, 1.0 / 12, 1.0 / 6},
                                                    {1.0 / 24, -1.0 / 12, 1.0 / 6},
                                                    {0, 0, 1}};

template <class S, int M>
struct Winograd {
    using V = typename S::V;
    using Line = WinogradLine<S, M>;
    static constexpr int kTile = M + 2;

    static void filter(const WinogradFilter& task) {
        std::int64_t first = 0;
        for (; first + kWindows <= task.count; first += kWindows) filter<kWindows>(task, first);
        for (; first < task.count; ++first) filter<1>(task, first);
    }

    static void input(const WinogradInput& task) {
        const bool inside = task.first_row == 0 && task.first_column == 0 && task.last_row == kTile &&
                            task.last_column == kTile;
        std::int64_t c = 0;
        for (; c + S::kLanes <= task.channels; c += S::kLanes) {
            if (inside) {
                input<true, true>(task, c, S::kLanes);
            } else {
                input<false, true>(task, c, S::kLanes);
            }
        }
        if (c < task.channels) input<false, false>(task, c, static_cast<int>(task.channels - c));
    }

    static void output(const WinogradOutput& task) {
        const Clamp<S> clamp(task.activation, task.lo, task.hi);
        std::int64_t c = 0;
        for (; c + S::kLanes <= task.channels; c += S::kLanes) output<true>(task, clamp, c, S::kLanes);
        if (c < task.channels) output<false>(task, clamp, c, static_cast<int>(task.channels - c));
        for (int i = 0; clamp.stored && i < task.rows; ++i) {
            activate_stored<S>(task.y + i * task.line, task.channels, task.columns, task.channels,
                               task.activation, task.lo, task.hi);
        }
    }

  private:
    template <bool Whole>
    ESPALIER_INLINE static V load(const float* p, int count) {
        return Whole ? S::load(p) : S::load_first(p, count);
    }
    template <bool Whole>
    ESPALIER_INLINE static void store(float* p, int count, V x) {
        if (Whole) {
            S::store(p, x);
        } else {
            S::store_first(p, count, x);
        }
    }

    template <bool Inside, bool Whole>
    ESPALIER_INLINE static void input(const WinogradInput& task, std::int64_t c, int count) {
        V half[kTile][kTile];
        for (int j = 0; j < kTile; ++j) {
            V d[kTile], v[kTile];
#pragma GCC unroll 6
            for (int i = 0; i < kTile; ++i) {
                const bool exists = Inside || (i >= task.first_row && i < task.last_row &&
                                               j >= task.first_column && j < task.last_column);
                d[i] =
                    exists ? load<Whole>(task.x + i * task.line + j * task.channels + c, count) : S::zero();
            }
            Line::input(d, v);
#pragma GCC unroll 6
            for (int i = 0; i < kTile; ++i) half[i][j] = v[i];
        }
        for (int i = 0; i < kTile; ++i) {
            V v[kTile];
            Line::input(half[i], v);
#pragma GCC unroll 6
            for (int j = 0; j < kTile; ++j)
                store<Whole>(task.v + (i * kTile + j) * task.step + c, count, v[j]);
        }
    }

    /// Windows that are transformed side by side, one in each lane of vectors the compiler makes.
    static constexpr int kWindows = 16;

    template <int Count>
    ESPALIER_INLINE static void filter(const WinogradFilter& task, std::int64_t first) {
        const auto& g = kWinogradFilter<M>;
        double w[3][3][Count];
        for (int i = 0; i < Count; ++i) {
            for (int tap = 0; tap < 9; ++tap) w[tap / 3][tap % 3][i] = task.w[(first + i) * 9 + tap];
        }
        for (int row = 0; row < kTile; ++row) {
            double line[3][Count];
            for (int s = 0; s < 3; ++s) {
                for (int i = 0; i < Count; ++i) {
                    line[s][i] = g[row][0] * w[0][s][i] + g[row][1] * w[1][s][i] + g[row][2] * w[2][s][i];
                }
            }
            for (int column = 0; column < kTile; ++column) {
                float* u = task.u + (row * kTile + column) * task.step + first;
                for (int i = 0; i < Count; ++i) {
                    u[i] = static_cast<float>(line[0][i] * g[column][0] + line[1][i] * g[column][1] +
                                              line[2][i] * g[column][2]);
                }
            }
        }
    }

    template <bool Whole>
    ESPALIER_INLINE static void output(const WinogradOutput& task, const Clamp<S>& clamp, std::int64_t c,
                                       int count) {
        V half[M][kTile];
        for (int j = 0; j < kTile; ++j) {
            V m[kTile], y[M];
#pragma GCC unroll 6
            for (int i = 0; i < kTile; ++i)
                m[i] = load<Whole>(task.m + (i * kTile + j) * task.step + c, count);
            Line::output(m, y);
#pragma GCC unroll 4
            for (int i = 0; i < M; ++i) half[i][j] = y[i];
        }
        const V bias = task.bias ? load<Whole>(task.bias + c, count) : S::zero();
        for (int i = 0; i < task.rows; ++i) {
            V y[M];
            Line::output(half[i], y);
            for (int j = 0; j < task.columns; ++j) {
                const std::int64_t at = i * task.line + j * task.channels + c;
                V x = S::add(y[j], bias);
                if (task.residual) x = S::add(x, load<Whole>(task.residual + at, count));
                if (clamp.needed) x = clamp(x);
                store<Whole>(task.y + at, count, x);
            }
        }
    }
};

}  // namespace espalier::kernels
