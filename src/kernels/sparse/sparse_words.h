#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/error.h"

namespace espalier::kernels {

/// How many words a pair of features has within a block.
struct PairCounts {
    std::uint16_t both = 0;   ///< rows where both have one
    std::uint16_t each = 0;   ///< further rows of the one, and as many of the other
    std::uint16_t first = 0;  ///< what the first has beyond these

    bool none() const { return both == 0 && each == 0 && first == 0; }
};

/// The non-zero words of a matrix [n][depth], by block of depth and pair of features, as the tiles of
/// spmm_tile.h read them. Word: float, or std::int32_t for four s8 weights in memory order.
///
/// Two features share what they read: a row of the input is loaded once where both have a word. Within a
/// block the features of a span are sorted by how many words they have and neighbours are paired: loops over
/// words then end where the processor expects it, which it would else guess wrong for almost every short
/// list.
///
/// A pair's words and rows lie in the order in which they are added: first `both`, a row with two words, the
/// first feature's before the second's; then `each` times a row and a word of the first and of the second;
/// then the rest of the first. A last feature without another is paired with one that has no words.
template <typename Word>
class SparseWords {
  public:
    /// Rows of one block are numbered in a byte.
    static constexpr std::int64_t kMaxBlock = 256;
    /// Features that are sorted together; even.
    static constexpr std::int64_t kSpan = 64;
    /// Share of rows with words from which on rows of both are told apart. Below there are too few for a loop
    /// of their own, which would end unforeseen.
    static constexpr double kLeastShared = 0.15;

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
                starts_.push_back(
                    {static_cast<std::uint32_t>(rows_.size()), static_cast<std::uint32_t>(words_.size())});
                append_span(span, span + kSpan < n ? span + kSpan : n, first, last, element);
            }
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
    std::int64_t spans() const { return (n_ + kSpan - 1) / kSpan; }
    std::int64_t nonzeros() const { return static_cast<std::int64_t>(words_.size()); }
    std::size_t size_bytes() const {
        return words_.size() * sizeof(Word) + rows_.size() + starts_.size() * sizeof(Start) +
               counts_.size() * sizeof(PairCounts) + order_.size();
    }

    /// Pairs of the features [first, last), where first is a multiple of kSpan and last is too or is n.
    static std::int64_t pairs(std::int64_t first, std::int64_t last) { return (last - first + 1) / 2; }
    /// Of each pair from `span` of block b on: what they have.
    const PairCounts* counts(std::int64_t b, std::int64_t span) const {
        return counts_.data() + b * pairs(0, n_) + span * (kSpan / 2);
    }
    /// And which two features they are, counted from the start of their span.
    const std::uint8_t* order(std::int64_t b, std::int64_t span) const {
        return order_.data() + b * 2 * pairs(0, n_) + span * kSpan;
    }
    /// Rows of these pairs, counted from the start of the block.
    const std::uint8_t* rows(std::int64_t b, std::int64_t span) const {
        return rows_.data() + starts_[static_cast<std::size_t>(b * spans() + span)].row;
    }
    /// Their words.
    const Word* words(std::int64_t b, std::int64_t span) const {
        return words_.data() + starts_[static_cast<std::size_t>(b * spans() + span)].word;
    }

  private:
    /// Where the rows and words of a span begin.
    struct Start {
        std::uint32_t row;
        std::uint32_t word;
    };
    struct Found {
        std::uint8_t row;
        Word word;
    };
    using List = std::vector<Found>;

    /// Appends the words of features [begin, end) in rows [first, last), pairs with the fewest first.
    template <typename Element>
    void append_span(std::int64_t begin, std::int64_t end, std::int64_t first, std::int64_t last,
                     Element&& element) {
        std::array<List, static_cast<std::size_t>(kSpan)> found;
        std::array<std::uint8_t, static_cast<std::size_t>(kSpan)> sorted;
        const auto count = static_cast<std::size_t>(2 * pairs(begin, end));
        for (std::size_t j = 0; j < count; ++j) {
            sorted[j] = static_cast<std::uint8_t>(j);
            const std::int64_t feature = begin + static_cast<std::int64_t>(j);
            for (std::int64_t row = first; row < last && feature < end; ++row) {
                const Word word = element(feature, row);
                if (word != 0) found[j].push_back({static_cast<std::uint8_t>(row - first), word});
            }
        }
        std::stable_sort(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(count),
                         [&](std::uint8_t a, std::uint8_t b) { return found[a].size() < found[b].size(); });
        for (std::size_t i = 0; i < count; i += 2) {
            order_.push_back(sorted[i + 1]);
            order_.push_back(sorted[i]);
            append_pair(found[sorted[i + 1]], found[sorted[i]]);
        }
    }

    /// The second has at most as many words as the first. Rows ascend in both.
    void append_pair(const List& first, const List& second) {
        List only_first, only_second;
        PairCounts counts;
        const bool shared = static_cast<double>(first.size()) >= kLeastShared * static_cast<double>(block_);
        auto b = second.begin();
        for (const Found& a : first) {
            while (b != second.end() && b->row < a.row) only_second.push_back(*b++);
            if (shared && b != second.end() && b->row == a.row) {
                append(a);
                words_.push_back((b++)->word);
                ++counts.both;
            } else {
                only_first.push_back(a);
            }
        }
        only_second.insert(only_second.end(), b, second.end());
        for (std::size_t i = 0; i < only_second.size(); ++i) {
            append(only_first[i]);
            append(only_second[i]);
        }
        for (std::size_t i = only_second.size(); i < only_first.size(); ++i) append(only_first[i]);
        counts.each = static_cast<std::uint16_t>(only_second.size());
        counts.first = static_cast<std::uint16_t>(only_first.size() - only_second.size());
        counts_.push_back(counts);
    }

    void append(const Found& one) {
        rows_.push_back(one.row);
        words_.push_back(one.word);
    }

    std::int64_t n_ = 0;
    std::int64_t depth_ = 0;
    std::int64_t block_ = 1;
    std::vector<std::uint8_t> order_;
    std::vector<PairCounts> counts_;
    std::vector<std::uint8_t> rows_;
    std::vector<Word> words_;
    std::vector<Start> starts_;  ///< by block and span
};

}  // namespace espalier::kernels
