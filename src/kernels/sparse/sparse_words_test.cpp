#include "kernels/sparse/sparse_words.h"

#include <gtest/gtest.h>

#include "kernels/testing/guarded.h"

namespace espalier::kernels {
namespace {

using Words = SparseWords<std::int32_t>;

/// A matrix [n][depth] and how many rows its pairs read, taken apart as a tile does it.
struct TakenApart {
    std::vector<std::int32_t> matrix;
    std::int64_t reads = 0;

    explicit TakenApart(const Words& words)
        : matrix(static_cast<std::size_t>(words.spans() * Words::kSpan * words.depth())) {
        for (std::int64_t block = 0; block < words.blocks(); ++block) {
            for (std::int64_t span = 0; span < words.spans(); ++span) read(words, block, span);
        }
    }

  private:
    void read(const Words& words, std::int64_t block, std::int64_t span) {
        const std::int64_t first = span * Words::kSpan, last = std::min(first + Words::kSpan, words.n());
        const std::uint8_t *order = words.order(block, span), *row = words.rows(block, span);
        const std::int32_t* word = words.words(block, span);
        std::int64_t before = 0;
        for (std::int64_t pair = 0; pair < Words::pairs(first, last); ++pair, order += 2) {
            const PairCounts& counts = words.counts(block, span)[pair];
            const auto put = [&](int which) {
                const std::int64_t column = block * words.block() + *row;
                auto& place =
                    matrix[static_cast<std::size_t>((first + order[which]) * words.depth() + column)];
                EXPECT_EQ(place, 0) << "two words for one place";
                place = *word++;
            };
            for (int i = 0; i < counts.both; ++i, ++row) {
                put(0);
                put(1);
            }
            for (int i = 0; i < counts.each; ++i) {
                put(0), ++row;
                put(1), ++row;
            }
            for (int i = 0; i < counts.first; ++i, ++row) put(0);
            reads += counts.both + 2 * counts.each + counts.first;
            const std::int64_t words_of_first = counts.both + counts.each + counts.first;
            EXPECT_GE(words_of_first, before) << "pairs with the fewest words come first";
            before = words_of_first;
        }
    }
};

TEST(SparseWords, HoldEveryWordOnceWhereTilesLookForIt) {
    Random random(5);
    for (const double density : {0.0, 0.02, 0.1, 0.3, 0.7, 1.0}) {
        for (int trial = 0; trial < 20; ++trial) {
            const std::int64_t n = pick(random, 1, 200), depth = pick(random, 1, 300);
            std::vector<std::int32_t> matrix(static_cast<std::size_t>(n * depth));
            std::int64_t nonzeros = 0;
            for (auto& word : matrix) {
                word = random.uniform() < density ? 1 + static_cast<std::int32_t>(random.below(1000)) : 0;
                nonzeros += word != 0;
            }
            const std::int64_t block = pick(random, 1, Words::kMaxBlock);
            const Words words(n, depth, block, [&](std::int64_t j, std::int64_t row) {
                return matrix[static_cast<std::size_t>(j * depth + row)];
            });
            EXPECT_EQ(words.nonzeros(), nonzeros);
            const TakenApart apart(words);
            for (std::size_t i = 0; i < apart.matrix.size(); ++i) {
                ASSERT_EQ(apart.matrix[i], i < matrix.size() ? matrix[i] : 0)
                    << n << "x" << depth << " at " << i;
            }
            EXPECT_LE(apart.reads, nonzeros);
        }
    }
}

TEST(SparseWords, ARowThatBothReadIsReadOnceWhereThereAreEnough) {
    const auto reads = [](std::int64_t rows_with_words) {
        const Words words(2, 100, 100, [&](std::int64_t, std::int64_t row) {
            return static_cast<std::int32_t>(row < rows_with_words);
        });
        return TakenApart(words).reads;
    };
    EXPECT_EQ(reads(100), 100);
    EXPECT_EQ(reads(15), 15);
    EXPECT_EQ(reads(14), 28);
}

}  // namespace
}  // namespace espalier::kernels
