#pragma once

#include <algorithm>
#include <array>
#include <cstring>

#include "base/thread_pool.h"
#include "kernels/scratch.h"
#include "kernels/sparse/row_source.h"
#include "kernels/sparse/sparse_words.h"
#include "kernels/sparse/spmm_cost.h"
#include "kernels/sparse/spmm_tile.h"

namespace espalier::kernels {

/// Most output features whose sums pass through the second cache together with a block of rows; a block is
/// read from wherever it lies once for all of them.
inline constexpr std::int64_t kSpmmGroup = 256;

/// Words of a row that are transposed together where threads share a tile.
inline constexpr std::int64_t kSpmmStrip = 64;

/// Groups of features that each thread should find where threads share a tile, or help each other.
inline constexpr std::int64_t kSpmmTasks = 4;

inline std::int64_t spmm_rounded(std::int64_t x) {
    return (x + kSpmmRowMultiple - 1) / kSpmmRowMultiple * kSpmmRowMultiple;
}

/// The extent of a sparse product: m rows of `taps` runs of `tap_bytes` bytes.
struct SpmmExtent {
    std::int64_t m;
    std::int64_t taps;
    std::int64_t tap_bytes;

    /// Transposed rows of one tap.
    std::int64_t tap_rows() const { return spmm_rounded((tap_bytes + 3) / 4); }
};

/// Part of a product: rows [first_row, first_row + rows) by features [first_feature, + features), transposed.
template <typename Word>
struct SpmmPart {
    std::int64_t first_row;
    std::int64_t rows;
    std::int64_t first_feature;
    std::int64_t features;
    const Word* sums;  ///< [features rounded up to 16][pixels]
    std::int64_t pixels;
};

/// One sparse product: packs tiles of rows, multiplies them group by group of features, and hands each part
/// to `finish(part)`.
template <typename Word, typename Finish>
class SpmmDrive {
  public:
    SpmmDrive(SpmmRuns<Word> runs, SpmmPack pack_rows, std::int64_t lanes, const SparseWords<Word>& weights,
              const SpmmExtent& extent, const RowSource& source, Finish finish, ThreadPool& pool)
        : runs_(runs),
          pack_(pack_rows),
          lanes_(lanes),
          weights_(weights),
          extent_(extent),
          source_(source),
          finish_(finish),
          pool_(pool),
          height_(spmm_height(weights.block(), lanes, std::ssize(runs))),
          vectors_((extent.m + lanes - 1) / lanes),
          tiles_(spmm_tiles(vectors_, height_, pool.threads())) {}

    void run() const {
        if (pool_.threads() == 1 || tiles_ >= 4 * pool_.threads()) {
            run_tiles();
        } else {
            run_waves();
        }
    }

  private:
    /// Rows [first, first + rows) of the product in as many lanes as whole vectors have.
    struct Tile {
        std::int64_t first;
        std::int64_t rows;
        std::int64_t pixels;
    };

    /// The vectors of rows are dealt out evenly: 13 make tiles of 7 and 6, not of 8 and 5.
    Tile tile_at(std::int64_t index) const {
        const std::int64_t first = index * vectors_ / tiles_ * lanes_;
        const std::int64_t end = (index + 1) * vectors_ / tiles_ * lanes_;
        return {first, std::min(end, extent_.m) - first, end - first};
    }
    /// Words of the largest tile, transposed.
    std::int64_t tile_words() const {
        const std::int64_t pixels = (vectors_ + tiles_ - 1) / tiles_ * lanes_;
        return extent_.taps * extent_.tap_rows() * pixels;
    }
    static Word* memory(Scratch kind, std::int64_t words) {
        return static_cast<Word*>(scratch(kind, static_cast<std::size_t>(words) * sizeof(Word)));
    }

    /// Enough tiles for all threads: each thread takes whole tiles.
    void run_tiles() const {
        pool_.parallel_for(tiles_, 1, [&](std::int64_t begin, std::int64_t end, int) {
            for (std::int64_t index = begin; index < end; ++index) {
                const Tile tile = tile_at(index);
                Word* x = memory(Scratch::kLocal, tile_words());
                for (std::int64_t tap = 0; tap < extent_.taps; ++tap)
                    pack(tile, tap, 0, extent_.tap_rows(), x);
                const std::int64_t groups = (weights_.n() + kSpmmGroup - 1) / kSpmmGroup;
                multiply_groups(tile, x, groups, 0, groups);
            }
        });
    }

    /// Few tiles: one for each thread at a time, as far as there are so many. Every thread begins with its
    /// own; whoever is done takes features of the others'. A single tile is shared by words, then features.
    void run_waves() const {
        const std::int64_t together = std::min<std::int64_t>(tiles_, pool_.threads());
        const std::int64_t waves = tiles_ / together, size = tile_words();
        Word* x = memory(Scratch::kShared, together * size);
        const std::int64_t pieces = (extent_.tap_rows() + kSpmmStrip - 1) / kSpmmStrip * extent_.taps;
        const std::int64_t least = (weights_.n() + kSpmmGroup - 1) / kSpmmGroup;
        const std::int64_t wanted = kSpmmTasks * pool_.threads() / together;
        const std::int64_t groups = std::min((least + wanted - 1) / wanted * wanted, weights_.spans());
        for (std::int64_t wave = 0; wave < waves; ++wave) {
            pool_.parallel_for(together * pieces, 1, [&](std::int64_t begin, std::int64_t end, int) {
                for (std::int64_t i = begin; i < end; ++i) {
                    const std::int64_t own = i / pieces, piece = i % pieces;
                    const std::int64_t first = piece / extent_.taps * kSpmmStrip;
                    pack(tile_at(own * waves + wave), piece % extent_.taps, first,
                         std::min(kSpmmStrip, extent_.tap_rows() - first), x + own * size);
                }
            });
            pool_.parallel_for(together * groups, 1, [&](std::int64_t begin, std::int64_t end, int) {
                for (std::int64_t i = begin; i < end; ++i) {
                    const std::int64_t own = i / groups, group = i % groups;
                    multiply_groups(tile_at(own * waves + wave), x + own * size, groups, group, group + 1);
                }
            });
        }
    }

    /// Transposes words [first, first + count) of one tap of a tile; first is a multiple of 16.
    void pack(const Tile& tile, std::int64_t tap, std::int64_t first, std::int64_t count, Word* x) const {
        std::array<const void*, kSpmmMaxPixels> rows;
        const std::int64_t used = tile.rows, pixels = tile.pixels;
        source_.locate(tile.first, used, tap, rows.data());
        for (std::int64_t i = 0; i < used; ++i) {
            rows[static_cast<std::size_t>(i)] =
                static_cast<const std::byte*>(rows[static_cast<std::size_t>(i)]) + first * 4;
        }
        Word* to = x + (tap * extent_.tap_rows() + first) * pixels;
        const std::int64_t whole = extent_.tap_bytes / 4 - first;
        if (whole > 0) pack_(rows.data(), used, std::min(whole, count), pixels, to);
        const auto rest = static_cast<std::size_t>(extent_.tap_bytes % 4);
        if (rest == 0 || whole < 0 || whole >= count) return;
        for (std::int64_t i = 0; i < pixels; ++i) {
            Word word = 0;
            if (i < used) {
                const auto* row = static_cast<const std::byte*>(rows[static_cast<std::size_t>(i)]);
                std::memcpy(&word, row + whole * 4, rest);
            }
            to[whole * pixels + i] = word;
        }
    }

    /// Computes groups [begin, end) of the features, which are dealt out evenly to `groups`.
    void multiply_groups(const Tile& tile, const Word* x, std::int64_t groups, std::int64_t begin,
                         std::int64_t end) const {
        constexpr std::int64_t kSpan = SparseWords<Word>::kSpan;
        const std::int64_t pixels = tile.pixels, spans = weights_.spans();
        Word* sums = memory(Scratch::kLocalExtra, (spans + groups - 1) / groups * kSpan * pixels);
        const auto run = runs_[static_cast<std::size_t>(pixels / lanes_ - 1)];
        for (std::int64_t group = begin; group < end; ++group) {
            const std::int64_t span = group * spans / groups, first = span * kSpan;
            const std::int64_t last = std::min((group + 1) * spans / groups * kSpan, weights_.n());
            for (std::int64_t block = 0; block < weights_.blocks(); ++block) {
                run({x + block * weights_.block() * pixels, weights_.rows(block, span),
                     weights_.words(block, span), weights_.counts(block, span), weights_.order(block, span),
                     weights_.pairs(first, last), sums, block == 0});
            }
            finish_(SpmmPart<Word>{tile.first, tile.rows, first, last - first, sums, pixels});
        }
    }

    SpmmRuns<Word> runs_;
    SpmmPack pack_;
    std::int64_t lanes_;
    const SparseWords<Word>& weights_;
    SpmmExtent extent_;
    const RowSource& source_;
    Finish finish_;
    ThreadPool& pool_;
    std::int64_t height_;
    std::int64_t vectors_;
    std::int64_t tiles_;
};

/// The fastest kernel that `limit` and this processor allow.
template <typename Kernel>
const Kernel& choose_spmm_kernel(std::span<const Kernel* const> table, Isa limit) {
    const Isa allowed = std::min(limit, best_isa());
    const Kernel* chosen = table.front();
    for (const Kernel* kernel : table) {
        if (kernel->isa <= allowed) chosen = kernel;
    }
    return *chosen;
}

}  // namespace espalier::kernels
