#include "lab/design.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"

namespace espalier::lab {
namespace {

std::vector<int> order(const std::vector<Cell>& cells) {
    std::vector<int> variants;
    for (const auto& cell : cells) variants.push_back(cell.variant);
    return variants;
}

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

TEST(ChooseImages, TakesClassesEvenly) {
    std::vector<int> labels(90, 0);
    labels.insert(labels.end(), 9, 1);
    labels.push_back(2);
    const auto chosen = choose_images(labels, 13, 5);
    std::map<int, int> count;
    for (const int image : chosen) ++count[labels[static_cast<std::size_t>(image)]];
    EXPECT_EQ(chosen.size(), 13u);
    EXPECT_EQ(count[0], 6);
    EXPECT_EQ(count[1], 6);
    EXPECT_EQ(count[2], 1);
    EXPECT_TRUE(std::is_sorted(chosen.begin(), chosen.end()));
    EXPECT_EQ(std::set<int>(chosen.begin(), chosen.end()).size(), 13u);
    EXPECT_EQ(choose_images(labels, 13, 5), chosen);
    EXPECT_NE(choose_images(labels, 13, 6), chosen);
}

TEST(ChooseImages, TakesAllWhenAskedForNoneOrMoreThanThereAre) {
    EXPECT_EQ(choose_images({3, 1, 2}, 0, 1), (std::vector<int>{0, 1, 2}));
    EXPECT_EQ(choose_images({3, 1, 2}, 9, 1), (std::vector<int>{0, 1, 2}));
}

}  // namespace
}  // namespace espalier::lab
