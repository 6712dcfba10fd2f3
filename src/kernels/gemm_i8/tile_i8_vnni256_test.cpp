#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/cpu_features.h"
#include "kernels/gemm_i8/panels_i8.h"
#include "kernels/testing/guarded.h"

// Processors with AVX-VNNI are not at hand everywhere. What surrounds its one instruction is tested with what
// the instruction does, in AVX2: all that is included from here on is compiled for that.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#pragma GCC push_options
#pragma GCC target("avx2,fma,f16c")

#include "kernels/gemm_i8/tile_i8_vnni256.h"

namespace espalier::kernels {
namespace {

/// vpdpbusd of 256 bits: to each of eight sums, four products of unsigned bytes with signed ones.
struct Emulated {
    static __m256i add(__m256i sum, __m256i bytes, __m256i weights) {
        const __m256i low = _mm256_madd_epi16(_mm256_cvtepu8_epi16(_mm256_castsi256_si128(bytes)),
                                              _mm256_cvtepi8_epi16(_mm256_castsi256_si128(weights)));
        const __m256i high = _mm256_madd_epi16(_mm256_cvtepu8_epi16(_mm256_extracti128_si256(bytes, 1)),
                                               _mm256_cvtepi8_epi16(_mm256_extracti128_si256(weights, 1)));
        return _mm256_add_epi32(sum, _mm256_permute4x64_epi64(_mm256_hadd_epi32(low, high), 0xd8));
    }
};

/// A tile of `rows` rows by the first panel of weights for `columns` columns, and room for its results.
struct TileProblem {
    int rows, columns;
    std::int64_t taps, k;
    Guarded<std::uint8_t> a;
    Guarded<std::int8_t> w;
    Guarded<float> scales, bias, residual;
    Guarded<std::uint8_t> residual_codes;
    std::vector<const std::uint8_t*> pointers;
    std::vector<Affine> affines;
    PanelsI8 panels;

    TileProblem(Random& random, int rows_, int columns_)
        : rows(rows_),
          columns(columns_),
          taps(pick(random, 1, 3)),
          k(pick(random, 1, 40)),
          a(rows * taps * k),
          w(columns * taps * k),
          scales(columns),
          bias(columns),
          residual(rows * columns),
          residual_codes(rows * columns) {
        fill_integers(a, random, 0, 255);
        fill_integers(w, random, -128, 127);
        fill_normal(scales, random, 0.01);
        fill_normal(bias, random);
        fill_normal(residual, random);
        fill_integers(residual_codes, random, 0, 255);
        for (std::int64_t i = 0; i < taps * rows; ++i) pointers.push_back(a.data() + i * k);
        for (int i = 0; i < rows; ++i) {
            affines.push_back({0.01f * static_cast<float>(i + 1),
                               random.below(3) == 0 ? 0 : static_cast<std::int32_t>(random.below(256))});
        }
        panels = PanelsI8(
            columns, taps, k, {scales.data(), static_cast<std::size_t>(columns)}, nullptr,
            [&](std::int64_t j, std::int64_t t, std::int64_t p) { return w[(j * taps + t) * k + p]; });
    }

    /// With ends and activation as chance will have it, but for its affines and where the result lies.
    TileI8 tile(Random& random) const {
        const PanelI8& panel = panels.list().front();
        TileI8 tile{.rows = pointers.data(),
                    .taps = taps,
                    .k = k,
                    .panel = panels.data(panel),
                    .scales = panels.scales(panel),
                    .sums = panels.sums(panel),
                    .affine = nullptr,
                    .one_affine = random.below(2) == 0,
                    .ldc = columns,
                    .columns = columns,
                    .activation = static_cast<Activation>(random.below(10)),
                    .lo = -1,
                    .hi = 2};
        if (random.below(2) == 0) tile.bias = bias.data();
        tile.ends.residual_map = {0.01f, 7};
        tile.ends.result_map = {0.02f, 100};
        const auto kind = random.below(3);
        if (kind == 1) tile.residual = residual.data();
        if (kind == 2) tile.ends.residual = residual_codes.data();
        return tile;
    }
};

/// Up to the activation, which is no bound for some.
TEST(TileI8Vnni256, GivesTheBitsOfTheReference) {
    if (best_isa() < Isa::kAvx2) GTEST_SKIP() << "needs AVX2";
    Random random(31);
    for (int trial = 0; trial < 400; ++trial) {
        const int rows = static_cast<int>(pick(random, 1, 6)),
                  columns = static_cast<int>(pick(random, 1, 32));
        TileProblem problem(random, rows, columns);
        const int vectors = problem.panels.list().front().vectors;
        TileI8 tile = problem.tile(random);
        if (tile.one_affine) problem.affines.assign(problem.affines.size(), problem.affines.front());
        tile.affine = problem.affines.data();
        const bool exact = !needs_activation_pass(tile.activation);
        Guarded<float> expected(rows * columns), floats(rows * columns);
        tile.c = expected.data();
        run_tile_i8_portable(tile, rows, vectors);
        tile.c = floats.data();
        run_tile_i8_bytes<Emulated>(tile, rows, vectors);
        ASSERT_TRUE(floats.intact());
        for (std::int64_t i = 0; i < floats.size(); ++i) {
            const float tolerance = exact ? 0 : 2e-6f * std::max(1.0f, std::fabs(expected[i]));
            ASSERT_NEAR(floats[i], expected[i], tolerance) << trial;
        }

        Guarded<std::uint8_t> expected_codes(rows * columns), codes(rows * columns);
        tile.c = nullptr;
        tile.ends.result = expected_codes.data();
        run_tile_i8_portable(tile, rows, vectors);
        tile.ends.result = codes.data();
        run_tile_i8_bytes<Emulated>(tile, rows, vectors);
        ASSERT_TRUE(codes.intact());
        for (std::int64_t i = 0; i < codes.size(); ++i) {
            ASSERT_NEAR(int{codes[i]}, int{expected_codes[i]}, exact ? 0 : 1) << trial;
        }
    }
}

}  // namespace
}  // namespace espalier::kernels

#pragma GCC pop_options
#endif
