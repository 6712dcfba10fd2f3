#include "kernels/sparse/spmm_cost.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/fma_rate.h"
#include "kernels/sparse/spmm_drive.h"

namespace espalier::kernels {
namespace {

/// What one instruction set takes, in cycles.
struct Costs {
    double dense;   ///< a vector of multiply-adds of the dense kernel
    double end;     ///< a vector of its output, where products do not hide it
    double step;    ///< a vector of multiply-adds of the sparse kernel that reads its input alone
    double entry;   ///< finding a weight and its row, beside its vectors
    double sums;    ///< reading and writing a vector of sums
    double loop;    ///< beginning and ending a feature's part of a block
    double pack;    ///< transposing a vector of the input
    double finish;  ///< transposing and storing a vector of the output
};

// A Xeon with AMX, two of its 16 processors, November 2026; the estimates are mostly within a fifth there.
constexpr Costs kF32Avx512{0.58, 2, 0.89, 1, 0.7, 30, 7, 5};
// Zen 4, two threads, as those of AVX2; mostly within a tenth. A 512-bit product takes two passes.
constexpr Costs kF32Avx512Halved{1, 1, 1.27, 0.2, 0.8, 24, 7, 7};
constexpr Costs kF32Avx2{0.5, 1.5, 0.5, 0.5, 2.7, 18, 3, 4};
constexpr Costs kF32Portable{1.2, 0, 1.15, 2, 2, 6, 6, 16};
constexpr Costs kI8Avx512Vnni{0.63, 9, 0.87, 1.2, 0.4, 32, 2, 11};
constexpr Costs kI8Avx512VnniHalved{1.02, 9, 1.36, 0.1, 0.6, 16, 9, 10};
// Dense products by AMX, which sparse ones cannot use.
constexpr Costs kI8Amx{0.17, 8, 0.87, 1.2, 0.4, 32, 2, 11};
constexpr double kAmxBF16 = 0.1;
constexpr Costs kI8Avx2{1.37, 12, 1.37, 1.3, 0.5, 35, 4, 4};
constexpr Costs kI8Portable{16, 0, 7, 4, 2, 6, 6, 40};

const Costs& f32_costs(Isa isa) {
    if (isa >= Isa::kAvx512) return fma_rate(isa) < 2 ? kF32Avx512Halved : kF32Avx512;
    return isa == Isa::kAvx2 ? kF32Avx2 : kF32Portable;
}

const Costs& i8_costs(Isa isa) {
    if (isa >= Isa::kAmx) return kI8Amx;
    if (isa >= Isa::kAvx512Vnni) return fma_rate(isa) < 2 ? kI8Avx512VnniHalved : kI8Avx512Vnni;
    return isa >= Isa::kAvx2 ? kI8Avx2 : kI8Portable;
}

/// Cycles for finding one row of one tap of a window.
constexpr double kLocate = 12;

/// `words` of the depth of one tap.
template <typename Kernel>
double sparse_cycles(const SparseProblem& p, std::int64_t words, const Kernel& kernel, const Costs& costs) {
    const std::int64_t most = std::ssize(kernel.runs);
    const std::int64_t block_rows = spmm_block(p.m, p.density, kernel.lanes, most);
    const std::int64_t height = spmm_height(block_rows, kernel.lanes, most);
    const std::int64_t all = (p.m + kernel.lanes - 1) / kernel.lanes;
    const auto tiles = static_cast<double>(spmm_tiles(all, height, 1));
    const double vectors = static_cast<double>(all) / tiles;
    const auto depth = static_cast<double>(p.taps * words), n = static_cast<double>(p.n);
    const double entries = p.density * n * depth;
    // A feature finds its input read for the other of its pair as often as weights are dense, and then waits
    // for the multiplication alone.
    const double step = std::max(costs.dense, costs.step * (1 - p.density / 2));
    const auto packed = static_cast<double>(p.taps * spmm_rounded(words));
    const double parts = n * std::ceil(packed / static_cast<double>(block_rows));
    const double located = p.taps > 1 ? kLocate * static_cast<double>(p.taps * kernel.lanes) : 0;
    return tiles * (entries * (vectors * step + costs.entry) + parts * (vectors * costs.sums + costs.loop) +
                    vectors * (packed * costs.pack + located + n * costs.finish));
}

double dense_cycles(const SparseProblem& p, std::int64_t words, std::int64_t lanes, const Costs& costs) {
    const auto columns = static_cast<double>((p.n + lanes - 1) / lanes);
    return static_cast<double>(p.m) * columns *
           (static_cast<double>(p.taps * words) * costs.dense + costs.end);
}

std::int64_t i8_words(const SparseProblem& p) { return (p.k + 3) / 4; }

/// Cycles for finding a weight, over those for moving a vector of sums to and from the second cache.
constexpr double kFindingPerSum = 0.35;

/// Bytes of a block of the transposed input that leave room for the sums in the first cache.
std::int64_t first_cache_bytes() {
    static const std::int64_t bytes = [] {
        const long size = sysconf(_SC_LEVEL1_DCACHE_SIZE);
        return (size > 0 ? std::int64_t{size} : 32768) * 5 / 6;
    }();
    return bytes;
}

/// How much faster the estimate must be: it is wrong by about as much.
constexpr double kMargin = 0.93;

/// Denser weights are not called sparse, though a kernel for them may be faster.
constexpr double kMostDensity = 0.9;

}  // namespace

double dense_product_cycles(const SparseProblem& problem, Isa isa) {
    return dense_cycles(problem, problem.k, choose_spmm_kernel(spmm_kernels(), isa).lanes, f32_costs(isa));
}

double dense_bf16_cycles(const SparseProblem& problem, Isa isa) {
    Costs costs = f32_costs(isa);
    if (isa >= Isa::kAmx) {
        costs.dense = kAmxBF16;
        costs.end = kI8Amx.end;
    } else {
        costs.dense /= 2;
    }
    return dense_cycles(problem, problem.k, choose_spmm_kernel(spmm_kernels(), isa).lanes, costs);
}

double spmm_cycles(const SparseProblem& problem, Isa isa) {
    return sparse_cycles(problem, problem.k, choose_spmm_kernel(spmm_kernels(), isa), f32_costs(isa));
}

double dense_i8_cycles(const SparseProblem& problem, Isa isa) {
    return dense_cycles(problem, i8_words(problem), choose_spmm_kernel(spmm_i8_kernels(), isa).lanes,
                        i8_costs(isa));
}

double spmm_i8_cycles(const SparseProblem& problem, Isa isa) {
    return sparse_cycles(problem, i8_words(problem), choose_spmm_kernel(spmm_i8_kernels(), isa),
                         i8_costs(isa));
}

bool sparse_pays(const SparseProblem& problem, double dense_cycles, Isa isa) {
    return problem.density < kMostDensity && spmm_cycles(problem, isa) < kMargin * dense_cycles;
}

bool sparse_i8_pays(const SparseProblem& problem, Isa isa) {
    return problem.density < kMostDensity &&
           spmm_i8_cycles(problem, isa) < kMargin * dense_i8_cycles(problem, isa);
}

std::int64_t spmm_block(std::int64_t m, double density, std::int64_t lanes, std::int64_t most) {
    // A tile of R vectors spends on every row of the input, beside its R products for each weight: d weights
    // that must be found, for 1 / R of a vector each, and R vectors of sums for every block of held / R rows.
    const double held = static_cast<double>(first_cache_bytes()) / static_cast<double>(4 * lanes);
    const std::int64_t vectors = std::max<std::int64_t>(1, (m + lanes - 1) / lanes);
    double least = std::numeric_limits<double>::infinity();
    std::int64_t height = 1;
    for (std::int64_t tiles = (vectors + most - 1) / most; tiles <= vectors; ++tiles) {
        if (tiles > 1 && tiles % 2 == 1) continue;  // two threads would make one more of them
        const std::int64_t r = (vectors + tiles - 1) / tiles;
        const double cost = kFindingPerSum * density / static_cast<double>(r) + static_cast<double>(r) / held;
        if (cost >= least) break;
        least = cost;
        height = r;
    }
    const auto rows = static_cast<std::int64_t>(held) / height;
    return std::clamp<std::int64_t>(rows / 8 * 8, 16, SparseWords<float>::kMaxBlock);
}

std::int64_t spmm_height(std::int64_t block, std::int64_t lanes, std::int64_t most) {
    // Half a vector more than fits, since blocks are rounded down.
    const auto fit = static_cast<std::int64_t>(
        static_cast<double>(first_cache_bytes()) / static_cast<double>(4 * lanes * block) + 0.5);
    return std::clamp<std::int64_t>(fit, 1, most);
}

std::int64_t spmm_tiles(std::int64_t vectors, std::int64_t height, int threads) {
    const std::int64_t tiles = (vectors + height - 1) / height;
    return tiles < threads ? tiles : std::min((tiles + threads - 1) / threads, vectors / threads) * threads;
}

void check_sparse_shape(const Conv2dShape& shape, std::int64_t n, std::int64_t k, std::int64_t taps) {
    shape.check();
    if (shape.groups != 1 || shape.c_out != n || shape.c_in != k || shape.taps() != taps) {
        fail(
            "sparse weights of {} x {} with {} taps do not fit a convolution of {} to {} channels with {} "
            "taps and {} groups",
            n, k, taps, shape.c_in, shape.c_out, shape.taps(), shape.groups);
    }
}

}  // namespace espalier::kernels
