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

/// A wall meter that says so much, beside a processor of 60 J and a GPU of 30 J, each known to 1 J.
store::PhaseRecord behind_a_wall_meter(double wall) {
    store::PhaseRecord record{.name = "measure"};
    record.energies = {{"shelly2-power", "total", wall, "A", "outlet", true, 1, 1, "", "machine"},
                       {"powercap", "package-0", 60, "B", "package", true, 1, 1, "", "cpu"},
                       {"nvml-energy", "GPU-1", 30, "B", "GPU board", true, 1, 1, "", "gpu"}};
    for (const char* meter : {"shelly2-power", "powercap", "nvml-energy"})
        record.readings.push_back({std::string(meter) + " standard uncertainty", "J", 1.0});
    return record;
}

TEST(Conservation, ThePartsMayNotDrawMoreThanTheMachine) {
    EXPECT_TRUE(judge_conservation(behind_a_wall_meter(120)).empty());
    EXPECT_TRUE(judge_conservation(behind_a_wall_meter(85)).empty()) << "within 3 sqrt(3) J";
    const auto notes = judge_conservation(behind_a_wall_meter(84));
    ASSERT_EQ(notes.size(), 1u);
    EXPECT_EQ(notes[0].code, "conservation");
    EXPECT_EQ(notes[0].text.substr(0, 85),
              "powercap + nvml-energy say 90 J in phase 'measure', more than the 84 J that shelly2-p");
}

// Requirement 14.
TEST(Conservation, ADoubledPackageIsFlagged) {
    auto doubled = behind_a_wall_meter(120);
    EXPECT_TRUE(judge_conservation(doubled).empty());
    doubled.energies.push_back({"powercap", "package-1", 60, "B", "its mirror", true, 1, 1, "", "cpu"});
    EXPECT_EQ(judge_conservation(doubled).size(), 1u);
}

TEST(Conservation, NothingIsSaidWithoutAWallMeterOrFromAModel) {
    auto alone = behind_a_wall_meter(1);
    alone.energies[0].joules.reset();
    alone.energies[0].problem = "asks for a login";
    EXPECT_TRUE(judge_conservation(alone).empty());
    auto modelled = behind_a_wall_meter(40);
    modelled.energies[1].tier = "E";
    EXPECT_TRUE(judge_conservation(modelled).empty()) << "the GPU alone draws less";
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
