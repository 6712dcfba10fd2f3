#include "lab/ranking.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/random.h"
#include "lab/comparison.h"

namespace espalier::lab {
namespace {

std::vector<Candidate> candidates(const std::vector<double>& levels, int blocks) {
    Random random(5);
    std::vector<Candidate> all(levels.size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i].tactic = "t" + std::to_string(i);
    for (int block = 0; block < blocks; ++block) {
        const double drift = 1 + 0.1 * random.normal();
        for (std::size_t i = 0; i < levels.size(); ++i)
            all[i].values.push_back({block, levels[i] * drift * (1 + 0.005 * random.normal())});
    }
    return all;
}

TEST(Contest, GroupsWhatDriftWouldHide) {
    const auto result = contest(candidates({2, 1, 2, 1.5}, 12), 0.02);
    ASSERT_EQ(result.ranking.size(), 4u);
    EXPECT_EQ(result.ranking[0].tactic, "t1");
    EXPECT_NEAR(result.ranking[0].median, 1, 0.1);
    EXPECT_EQ(result.ranking[1].tactic, "t3");
    EXPECT_EQ(result.ranking[1].group, 2u);
    EXPECT_EQ(result.ranking[2].group, 3u);
    EXPECT_EQ(result.ranking[3].group, 3u);
    EXPECT_LT(result.omnibus->p_value, 0.001);
}

TEST(Contest, WhatIsNotWorthAChangeIsOneGroup) {
    EXPECT_EQ(contest(candidates({1, 1.02}, 12), 0.0).ranking[1].group, 2u);
    EXPECT_EQ(contest(candidates({1, 1.02}, 12), 0.05).ranking[1].group, 1u);
}

TEST(Contest, OfTwoHasNoOmnibusTest) {
    const auto result = contest(candidates({2, 1}, 12), 0.02);
    EXPECT_FALSE(result.omnibus);
    EXPECT_EQ(result.ranking.size(), 2u);
    EXPECT_TRUE(omnibus_json(result.omnibus).is_null());
}

TEST(Contest, IsNotHeldOnTooLittle) {
    EXPECT_TRUE(contest({}, 0.02).ranking.empty());
    EXPECT_TRUE(contest(candidates({1}, 12), 0.02).ranking.empty());
    EXPECT_TRUE(contest(candidates({2, 1}, static_cast<int>(kBlocksForTests) - 1), 0.02).ranking.empty());
    auto broken = candidates({2, 1}, 12);
    broken[0].values[3].value = 0;
    EXPECT_TRUE(contest(broken, 0.02).ranking.empty());
}

TEST(Contest, DescribesGroups) {
    const std::string text = describe(contest(candidates({2, 1, 2, 1.5}, 12), 0.02), "blocks");
    EXPECT_NE(text.find("Friedman over 12 blocks: chi2(3)"), std::string::npos);
    EXPECT_NE(text.find("1. t1; 2. t3; 3. "), std::string::npos);
}

}  // namespace
}  // namespace espalier::lab
