#pragma once

#include <cstdint>
#include <span>

#include "base/cpu_features.h"
#include "kernels/epilogue.h"
#include "kernels/sparse/sparse_words.h"

namespace espalier::kernels {

/// A tile of rows of a sparse product is computed transposed: `pixels` rows of a lie side by side in the
/// lanes of a few vectors, and one weight multiplies them all.
///
///     sums[f][i] (+)= sum over the words w of feature f of  w * x[row of w][i],  i < pixels
///
/// Words come as SparseWords lays them out: by pairs of features, f = j rounded down to SparseWords::kSpan +
/// order[j] for j = 2 * pair and 2 * pair + 1.
///
/// Word float: a product of floats. Word std::int32_t: x holds four u8 and the weight four s8, and their four
/// products are added, exactly.
template <typename Word>
struct SpmmTile {
    const Word* x;  ///< [rows of the block][pixels], aligned to one vector
    const std::uint8_t* rows;
    const Word* words;
    const PairCounts* counts;   ///< pairs
    const std::uint8_t* order;  ///< 2 * pairs
    std::int64_t pairs;
    Word* sums;  ///< [2 * pairs][pixels], aligned to one vector
    bool first;  ///< start from 0 instead of the sums
};

/// Transposed rows come in multiples of this, the widest vector of any kernel.
inline constexpr std::int64_t kSpmmRowMultiple = 16;

/// Most pixels of a tile.
inline constexpr std::int64_t kSpmmMaxPixels = 256;

/// x[p][i] = word p of rows[i] for i < count, p < words; 0 up to `pixels` in i. A word is four bytes. No byte
/// beyond word words - 1 of a row is read.
using SpmmPack = void (*)(const void* const* rows, std::int64_t count, std::int64_t words,
                          std::int64_t pixels, void* x);

/// Rows [0, rows) by columns [0, columns) of a row-major matrix.
struct SpmmRows {
    std::int64_t rows;
    std::int64_t columns;
    std::int64_t stride;
};

/// Runs a tile of R vectors of pixels, for each R from 1 on: as many as the registers hold.
template <typename Word>
using SpmmRuns = std::span<void (*const)(const SpmmTile<Word>& tile)>;

/// The f32 implementation for one instruction set.
struct SpmmKernel {
    const char* name;
    Isa isa;
    std::int64_t lanes;
    SpmmRuns<float> runs;
    SpmmPack pack;
    /// c[i][j] = activation(sums[j][i] + bias[j] + residual[i][j]); sums has columns rounded up to a multiple
    /// of 16 rows.
    void (*finish)(const SpmmRows& shape, const float* sums, std::int64_t pixels, float* c,
                   const Epilogue& epilogue);
};

/// How the integer sums of a tile become real: the map of every row, the scale and weight sum of every
/// feature, both padded to a multiple of 16.
struct SpmmScaling {
    const float* row_scales;
    const std::int32_t* zero_points;
    const float* scales;
    const std::int32_t* weight_sums;
};

/// The int8 implementation for one instruction set.
struct SpmmI8Kernel {
    const char* name;
    Isa isa;
    std::int64_t lanes;
    SpmmRuns<std::int32_t> runs;
    SpmmPack pack;
    /// c[i][j] = activation(fma(sums[j][i] - zero_points[i] * weight_sums[j], row_scales[i] * scales[j],
    ///                          bias[j]) + residual[i][j])
    void (*finish)(const SpmmRows& shape, const SpmmScaling& scaling, const std::int32_t* sums,
                   std::int64_t pixels, float* c, const Epilogue& epilogue);
};

/// All implementations, portable first.
std::span<const SpmmKernel* const> spmm_kernels();
std::span<const SpmmI8Kernel* const> spmm_i8_kernels();

/// Defined in the file compiled for each instruction set.
extern const SpmmKernel kSpmmPortable;
extern const SpmmKernel kSpmmAvx2;
extern const SpmmKernel kSpmmAvx512;
extern const SpmmI8Kernel kSpmmI8Portable;
extern const SpmmI8Kernel kSpmmI8Avx2;
extern const SpmmI8Kernel kSpmmI8Avx512Vnni;

}  // namespace espalier::kernels
