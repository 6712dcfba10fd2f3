#include "lab/metered.h"

#include <gtest/gtest.h>

namespace espalier::lab {
namespace {

/// A counter and an integrated sensor of one GPU beside the counter of the processor.
store::PhaseRecord phase(double counter, double sensor, double uncertainty) {
    store::PhaseRecord record{.name = "measure"};
    record.energies = {{"nvml-energy", "GPU-1", counter, "B", "GPU board", true, 1, 1, "", "gpu"},
                       {"nvml-power", "GPU-1", sensor, "C", "GPU board", true, 1, 1, "", "gpu"},
                       {"powercap", "package-0", 10 * counter, "B", "package", true, 1, 1, "", "cpu"}};
    record.readings = {{"nvml-energy standard uncertainty", "J", uncertainty}};
    return record;
}

TEST(Agreement, SmallDifferencesAreNone) {
    EXPECT_TRUE(judge_agreement(phase(100, 100, 0)).empty());
    EXPECT_TRUE(judge_agreement(phase(100, 91, 0)).empty());
}

// Requirement 7.
TEST(Agreement, ALargeDifferenceIsSaidUnlessTheWindowIsTooShortToKnow) {
    const auto notes = judge_agreement(phase(187.4, 326.9, 5));
    ASSERT_EQ(notes.size(), 1u);
    EXPECT_EQ(notes[0].code, "meters-disagree");
    EXPECT_EQ(notes[0].text,
              "nvml-energy says 187 J and nvml-power says 327 J of the same gpu in phase 'measure'");
    EXPECT_TRUE(judge_agreement(phase(187.4, 326.9, 50)).empty());
}

TEST(Agreement, UnknownAndEstimatedEnergiesDisagreeWithNothing) {
    auto gap = phase(100, 300, 0);
    gap.energies[0].joules.reset();
    gap.energies[0].problem = "frozen";
    EXPECT_TRUE(judge_agreement(gap).empty());
    auto estimated = phase(100, 300, 0);
    estimated.energies[1].tier = "E";
    EXPECT_TRUE(judge_agreement(estimated).empty());
}

}  // namespace
}  // namespace espalier::lab
