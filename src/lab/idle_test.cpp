#include "lab/idle.h"

#include <gtest/gtest.h>

namespace espalier::lab {
namespace {

store::PhaseRecord phase(const char* name, double seconds, double watts, const char* tier) {
    store::PhaseRecord record{.name = name, .start_s = 0.0, .end_s = seconds};
    record.energies.push_back({.meter = "powercap",
                               .zone = "package-0",
                               .joules = watts * seconds,
                               .tier = tier,
                               .scope = "CPU package 0"});
    return record;
}

std::vector<std::string> codes(double before_w, double window_w, double window_s, double after_w,
                               const char* tier = "B", double idle_s = 30.0) {
    store::TrialRecord trial;
    trial.phases = {phase("idle", idle_s, before_w, tier), phase("measure", window_s, window_w, tier),
                    phase("idle-after", idle_s, after_w, tier)};
    std::vector<std::string> words;
    for (const auto& note : judge_idle(trial)) words.push_back(note.code);
    return words;
}

using Codes = std::vector<std::string>;

// Requirement 19.
TEST(Idle, ADriftedBaselineIsFlagged) {
    EXPECT_EQ(codes(10.0, 20.0, 10.0, 10.2), Codes{});
    EXPECT_EQ(codes(10.0, 20.0, 10.0, 10.4), Codes{"idle-drift"});
    EXPECT_EQ(codes(10.4, 20.0, 10.0, 10.0), Codes{"idle-drift"});
}

// Requirement 19: 200 J in 100 s beside an idle power of 50 W would be -4 800 J net.
TEST(Idle, AnEnergyBelowTheIdlePowerIsFlagged) {
    EXPECT_EQ(codes(50.0, 2.0, 100.0, 50.0), Codes{"net-not-positive"});
    EXPECT_EQ(codes(50.0, 50.0, 100.0, 50.0), Codes{"net-not-positive"});
}

TEST(Idle, ModelsAndShortWindowsAreNotJudged) {
    EXPECT_EQ(codes(50.0, 2.0, 100.0, 40.0, "E"), Codes{});
    EXPECT_EQ(codes(50.0, 2.0, 100.0, 40.0, "B", 0.2), Codes{});
}

}  // namespace
}  // namespace espalier::lab
