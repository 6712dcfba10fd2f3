#include "kernels/sparse/spmm.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "kernels/scratch.h"

namespace espalier::kernels {
namespace {

/// Output features whose sums stay in the fast caches while the blocks of weights pass by.
constexpr std::int64_t kGroup = 64;

/// Transposed rows come in multiples of this, the widest vector of any kernel.
constexpr std::int64_t kRowMultiple = 16;

std::int64_t rounded(std::int64_t x) { return (x + kRowMultiple - 1) / kRowMultiple * kRowMultiple; }

/// Rows of a block: dense weights use a block often, so it should stay in L1; sparse ones are better served
/// by fewer passes over the sums.
std::int64_t choose_block(double density) {
    if (density > 0.3) return 48;
    if (density > 0.12) return 96;
    return 192;
}

const SpmmKernel& kernel_for(Isa limit) {
    const Isa allowed = std::min(limit, best_isa());
    const SpmmKernel* chosen = &kSpmmPortable;
    for (const SpmmKernel* kernel : spmm_kernels()) {
        if (kernel->isa <= allowed) chosen = kernel;
    }
    return *chosen;
}

/// The width that costs least for m rows: every non-zero costs a width's vectors and about two more
/// operations.
const SpmmWidth& choose_width(const SpmmKernel& kernel, std::int64_t m) {
    const std::int64_t lanes = kernel.widths.back().pixels;
    const auto cost = [&](const SpmmWidth& width) {
        return (m + width.pixels - 1) / width.pixels * (width.pixels / lanes + 2);
    };
    return *std::min_element(kernel.widths.begin(), kernel.widths.end(),
                             [&](const SpmmWidth& a, const SpmmWidth& b) { return cost(a) < cost(b); });
}

/// Everything one call shares between its tasks.
struct Call {
    const SpmmKernel& kernel;
    const SpmmWidth& width;
    const SparseF32& weights;
    std::int64_t m;
    const float* a;
    std::int64_t lda;
    float* c;
    std::int64_t ldc;
    Epilogue epilogue;

    std::int64_t rows_of(std::int64_t tile) const { return std::min(width.pixels, m - tile * width.pixels); }
    std::size_t tile_floats() const { return static_cast<std::size_t>(rounded(weights.k()) * width.pixels); }

    /// Transposes input features [first, first + count) of a tile; first is a multiple of kRowMultiple.
    void pack(std::int64_t tile, std::int64_t first, std::int64_t count, float* x) const {
        kernel.pack({rows_of(tile), count, lda}, a + tile * width.pixels * lda + first, width.pixels,
                    x + first * width.pixels);
    }

    /// Computes output features [first, last) of a tile.
    void run(std::int64_t tile, const float* x, std::int64_t first, std::int64_t last) const {
        float* sums =
            scratch_floats(Scratch::kLocalExtra, static_cast<std::size_t>(rounded(kGroup) * width.pixels));
        for (std::int64_t j = first; j < last; j += kGroup) {
            const std::int64_t features = std::min(kGroup, last - j);
            for (std::int64_t block = 0; block < weights.blocks(); ++block) {
                width.run({x + block * weights.k_block() * width.pixels, weights.entries(),
                           weights.starts(block) + j, features, sums, block == 0});
            }
            const std::int64_t offset = tile * width.pixels * ldc + j;
            Epilogue own = epilogue;
            if (own.bias) own.bias += j;
            if (own.residual) own.residual += offset;
            kernel.finish({rows_of(tile), features, ldc}, sums, width.pixels, c + offset, own);
        }
    }
};

/// Enough tiles for all threads: each thread takes whole tiles.
void run_tiles(const Call& call, std::int64_t tiles, ThreadPool& pool) {
    pool.parallel_for(tiles, 1, [&](std::int64_t begin, std::int64_t end, int) {
        for (std::int64_t tile = begin; tile < end; ++tile) {
            float* x = scratch_floats(Scratch::kLocal, call.tile_floats());
            call.pack(tile, 0, call.weights.k(), x);
            call.run(tile, x, 0, call.weights.n());
        }
    });
}

/// Few tiles: the threads share the features of one tile after the other.
void run_features(const Call& call, std::int64_t tiles, ThreadPool& pool) {
    float* x = scratch_floats(Scratch::kShared, call.tile_floats());
    const std::int64_t strips = rounded(call.weights.k()) / kRowMultiple;
    const std::int64_t groups = (call.weights.n() + kGroup - 1) / kGroup;
    for (std::int64_t tile = 0; tile < tiles; ++tile) {
        pool.parallel_for(strips, 8, [&](std::int64_t begin, std::int64_t end, int) {
            const std::int64_t first = begin * kRowMultiple;
            call.pack(tile, first, std::min(end * kRowMultiple, call.weights.k()) - first, x);
        });
        pool.parallel_for(groups, 1, [&](std::int64_t begin, std::int64_t end, int) {
            call.run(tile, x, begin * kGroup, std::min(end * kGroup, call.weights.n()));
        });
    }
}

}  // namespace

std::span<const SpmmKernel* const> spmm_kernels() {
#if defined(__x86_64__)
    static constexpr const SpmmKernel* kTable[] = {&kSpmmPortable, &kSpmmAvx2, &kSpmmAvx512};
#else
    static constexpr const SpmmKernel* kTable[] = {&kSpmmPortable};
#endif
    return kTable;
}

const char* kernel_name_spmm(Isa limit) { return kernel_for(limit).name; }

SparseF32 pack_sparse_f32(const float* weights, std::int64_t n, std::int64_t k) {
    if (n < 1 || k < 1) fail("sparse weights of {} x {}: both extents must be positive", n, k);
    const std::int64_t nonzeros = n * k - std::count(weights, weights + n * k, 0.0f);
    if (nonzeros > std::numeric_limits<std::uint32_t>::max()) {
        fail("sparse weights of {} x {} have {} non-zeros: at most 2^32 - 1 can be packed", n, k, nonzeros);
    }
    SparseF32 packed;
    packed.n_ = n;
    packed.k_ = k;
    packed.k_block_ = choose_block(static_cast<double>(nonzeros) / static_cast<double>(n * k));
    packed.entries_.reserve(static_cast<std::size_t>(nonzeros));
    for (std::int64_t first = 0; first < k; first += packed.k_block_) {
        const std::int64_t last = std::min(first + packed.k_block_, k);
        for (std::int64_t j = 0; j < n; ++j) {
            packed.starts_.push_back(static_cast<std::uint32_t>(packed.entries_.size()));
            for (std::int64_t p = first; p < last; ++p) {
                const float weight = weights[j * k + p];
                if (weight != 0) packed.entries_.push_back({static_cast<std::uint32_t>(p - first), weight});
            }
        }
        packed.starts_.push_back(static_cast<std::uint32_t>(packed.entries_.size()));
    }
    return packed;
}

void spmm_f32(std::int64_t m, const float* a, std::int64_t lda, const SparseF32& weights, float* c,
              std::int64_t ldc, const Epilogue& epilogue, ThreadPool& pool, Isa limit) {
    if (m < 1) return;
    const SpmmKernel& kernel = kernel_for(limit);
    const Call call{kernel, choose_width(kernel, m), weights, m, a, lda, c, ldc, epilogue};
    const std::int64_t tiles = (m + call.width.pixels - 1) / call.width.pixels;
    if (pool.threads() == 1 || tiles >= 4 * pool.threads()) {
        run_tiles(call, tiles, pool);
    } else {
        run_features(call, tiles, pool);
    }
}

}  // namespace espalier::kernels
