#pragma once

#include <cstdint>

#include "base/cpu_features.h"
#include "kernels/conv/conv2d_shape.h"

namespace espalier::kernels {

/// A product of m rows with weights [n][k][taps], of whose words (floats, or blocks of four s8) the share
/// `density` is not zero.
struct SparseProblem {
    std::int64_t m;
    std::int64_t n;
    std::int64_t k;
    std::int64_t taps;
    double density;
};

/// Cycles of one core that the dense f32 product takes, and the sparse one: estimates from measurements
/// (spmm_benchmark).
double dense_product_cycles(const SparseProblem& problem, Isa isa);
double spmm_cycles(const SparseProblem& problem, Isa isa);

/// Cycles of the dense product of bf16 where the processor multiplies it as it is.
double dense_bf16_cycles(const SparseProblem& problem, Isa isa);

/// The same as for f32 for int8.
double dense_i8_cycles(const SparseProblem& problem, Isa isa);
double spmm_i8_cycles(const SparseProblem& problem, Isa isa);

/// True where the sparse f32 kernel should beat a dense one that takes `dense_cycles`, by more than the
/// estimates are wrong.
bool sparse_pays(const SparseProblem& problem, double dense_cycles, Isa isa);

/// True where the sparse int8 kernel should beat the dense one.
bool sparse_i8_pays(const SparseProblem& problem, Isa isa);

/// Rows of a block of the transposed input of a sparse product with m rows, for weights of which the given
/// share is not zero and a kernel whose tiles have at most `most` vectors. A block of a tile should stay in
/// the first cache.
std::int64_t spmm_block(std::int64_t m, double density, std::int64_t lanes, std::int64_t most);

/// Vectors of a tile, at most `most`, whose blocks of `block` rows stay in the first cache.
std::int64_t spmm_height(std::int64_t block, std::int64_t lanes, std::int64_t most);

/// Tiles of at most `height` vectors, or two where that is one, that `vectors` vectors of rows are dealt out
/// to: as many for each thread where they are enough.
std::int64_t spmm_tiles(std::int64_t vectors, std::int64_t height, int threads);

/// Throws Error unless weights[n][k][taps] fit the shape, which must be valid and have one group.
void check_sparse_shape(const Conv2dShape& shape, std::int64_t n, std::int64_t k, std::int64_t taps);

}  // namespace espalier::kernels
