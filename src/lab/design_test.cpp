#include "lab/design.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/error.h"

namespace espalier::lab {
namespace {

std::vector<int> order(const std::vector<Cell>& cells) {
    std::vector<int> variants;
    for (const auto& cell : cells) variants.push_back(cell.variant);
    return variants;
}

// Requirement 22.
TEST(Design, TheTableOfASeedNeverChanges) {
    EXPECT_EQ(order(make_design(5, 4, 20261123)),
              (std::vector<int>{1, 3, 0, 4, 2, 2, 0, 4, 3, 1, 2, 4, 1, 0, 3, 2, 4, 3, 0, 1}));
}

TEST(Design, EveryBlockHoldsEveryVariantOnce) {
    const auto cells = make_design(6, 20, 3);
    ASSERT_EQ(cells.size(), 120u);
    for (int block = 0; block < 20; ++block) {
        std::set<int> variants;
        for (int position = 0; position < 6; ++position) {
            const auto& cell = cells[static_cast<std::size_t>(block * 6 + position)];
            EXPECT_EQ(cell.block, block);
            EXPECT_EQ(cell.position, position);
            variants.insert(cell.variant);
        }
        EXPECT_EQ(variants.size(), 6u);
    }
}

TEST(Design, MoreBlocksContinueTheSameTable) {
    const auto few = make_design(4, 3, 9);
    const auto many = make_design(4, 8, 9);
    EXPECT_TRUE(std::equal(few.begin(), few.end(), many.begin()));
}

TEST(Design, AnotherSeedGivesAnotherTable) {
    EXPECT_NE(order(make_design(5, 4, 1)), order(make_design(5, 4, 2)));
}

TEST(Design, RejectsAnEmptyDesign) {
    EXPECT_THROW(make_design(0, 4, 1), Error);
    EXPECT_THROW(make_design(4, 0, 1), Error);
}

}  // namespace
}  // namespace espalier::lab
