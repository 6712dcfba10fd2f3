#include "lab/regions/region.h"

#include <gtest/gtest.h>

#include <cctype>
#include <set>

#include "base/error.h"

namespace espalier::lab {
namespace {

// Requirement 37.
TEST(Region, EveryFigureHasAValueADateAndASource) {
    std::set<std::string> names;
    for (const auto& region : all_regions()) {
        EXPECT_TRUE(names.insert(region.name).second) << region.name;
        EXPECT_FALSE(region.place.empty()) << region.name;
        EXPECT_GT(region.carbon.value, 0.0) << region.name;
        EXPECT_LT(region.carbon.value, 1500.0) << region.name;
        ASSERT_GE(region.carbon.date.size(), 4u) << region.name;
        EXPECT_GE(std::stoi(region.carbon.date), 2021) << region.name;
        EXPECT_FALSE(region.carbon.source.empty()) << region.name;
        const bool cloud = region.name.find(':') != std::string::npos;
        EXPECT_EQ(region.pue.has_value(), cloud) << region.name;
        if (!region.pue) continue;
        EXPECT_GE(region.pue->value, 1.0);
        EXPECT_FALSE(region.pue->date.empty());
        EXPECT_FALSE(region.pue->source.empty());
    }
    EXPECT_GT(names.size(), 250u);
}

TEST(Region, IsFoundWhateverTheCase) {
    EXPECT_DOUBLE_EQ(find_region("ESP").carbon.value, 174.05);
    EXPECT_EQ(find_region("esp").carbon.date, "2023");
    EXPECT_EQ(find_region("ESP").place, "Spain");
    EXPECT_DOUBLE_EQ(find_region("gcp:europe-west9").carbon.value, 34.0);
    EXPECT_DOUBLE_EQ(find_region("Azure:WestEurope").carbon.value, 390.0);
}

TEST(Region, ThatIsNoneIsAnsweredWithASuggestion) {
    try {
        find_region("gcp:europe-west99");
        FAIL();
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("Did you mean 'gcp:europe-west9"), std::string::npos)
            << error.what();
    }
    EXPECT_THROW(find_region(""), Error);
}

}  // namespace
}  // namespace espalier::lab
