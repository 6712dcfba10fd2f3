#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/error.h"

namespace espalier::kernels {

/// The non-zero words of a matrix [n][depth], by block of depth and feature, as the tiles of spmm_tile.h read
/// them. Word: float, or std::int32_t for four s8 weights in memory order.
///
/// Within a block the features of a span are sorted by how many words they have: a loop over a feature's
/// words then ends where the processor expects it, which it would else guess wrong for almost every short
/// list.
template <typename Word>
class SparseWords {
  public:
    /// Rows of one block are numbered in a byte.
    static constexpr std::int64_t kMaxBlock = 256;
    /// Features that are sorted together.
    static constexpr std::int64_t kSpan = 64;

    SparseWords() = default;

    /// Packs the words element(feature, row) that are not zero. Throws Error unless n and depth are positive,
    /// block is 1 to kMaxBlock and there are fewer than 2^32 such words.
    template <typename Element>
    SparseWords(std::int64_t n, std::int64_t depth, std::int64_t block, Element&& element)
        : n_(n), depth_(depth), block_(block) {
        if (n < 1 || depth < 1 || block < 1 || block > kMaxBlock) {
            fail("sparse weights of {} x {} in blocks of {}: extents must be positive, blocks at most {}", n,
                 depth, block, kMaxBlock);
        }
        for (std::int64_t first = 0; first < depth; first += block) {
            const std::int64_t last = first + block < depth ? first + block : depth;
            for (std::int64_t span = 0; span < n; span += kSpan) {
                append_span(span, span + kSpan < n ? span + kSpan : n, first, last, element);
            }
            starts_.push_back(static_cast<std::uint32_t>(words_.size()));
        }
        if (words_.size() > std::numeric_limits<std::uint32_t>::max()) {
            fail("sparse weights of {} x {} have {} non-zeros: at most 2^32 - 1 can be packed", n, depth,
                 words_.size());
        }
        rows_.shrink_to_fit();
        words_.shrink_to_fit();
    }

    std::int64_t n() const { return n_; }          ///< output features
    std::int64_t depth() const { return depth_; }  ///< rows that words may refer to
    std::int64_t block() const { return block_; }
    std::int64_t blocks() const { return (depth_ + block_ - 1) / block_; }
    std::int64_t nonzeros() const { return static_cast<std::int64_t>(words_.size()); }
    std::size_t size_bytes() const {
        return words_.size() * (sizeof(Word) + 1) + starts_.size() * sizeof(std::uint32_t) + order_.size();
    }
    /// order(b)[i] is the feature, counted from the start of its span, that comes i-th in block b.
    const std::uint8_t* order(std::int64_t b) const { return order_.data() + b * n_; }
    /// starts(b)[i] .. starts(b)[i + 1] are the words of that feature in block b.
    const std::uint32_t* starts(std::int64_t b) const { return starts_.data() + b * (n_ + 1); }
    /// Row of each word, counted from the start of its block.
    const std::uint8_t* rows() const { return rows_.data(); }
    const Word* words() const { return words_.data(); }

  private:
    /// Appends the words of features [begin, end) in rows [first, last), fewest first.
    template <typename Element>
    void append_span(std::int64_t begin, std::int64_t end, std::int64_t first, std::int64_t last,
                     Element&& element) {
        struct Found {
            std::uint8_t row;
            Word word;
        };
        std::array<std::vector<Found>, static_cast<std::size_t>(kSpan)> found;
        std::array<std::uint8_t, static_cast<std::size_t>(kSpan)> sorted;
        const auto count = static_cast<std::size_t>(end - begin);
        for (std::size_t j = 0; j < count; ++j) {
            sorted[j] = static_cast<std::uint8_t>(j);
            for (std::int64_t row = first; row < last; ++row) {
                const Word word = element(begin + static_cast<std::int64_t>(j), row);
                if (word != 0) found[j].push_back({static_cast<std::uint8_t>(row - first), word});
            }
        }
        std::stable_sort(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(count),
                         [&](std::uint8_t a, std::uint8_t b) { return found[a].size() < found[b].size(); });
        for (std::size_t i = 0; i < count; ++i) {
            order_.push_back(sorted[i]);
            starts_.push_back(static_cast<std::uint32_t>(words_.size()));
            for (const Found& one : found[sorted[i]]) {
                rows_.push_back(one.row);
                words_.push_back(one.word);
            }
        }
    }

    std::int64_t n_ = 0;
    std::int64_t depth_ = 0;
    std::int64_t block_ = 1;
    std::vector<std::uint8_t> order_;
    std::vector<std::uint8_t> rows_;
    std::vector<Word> words_;
    std::vector<std::uint32_t> starts_;
};

}  // namespace espalier::kernels
