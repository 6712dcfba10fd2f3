#include "lab/control.h"

#include <gtest/gtest.h>

#include "lab/control_workload.h"

namespace espalier::lab {
namespace {

std::vector<store::ControlRecord> controls_of(const std::vector<double>& times,
                                              std::optional<double> energy = std::nullopt) {
    std::vector<store::ControlRecord> controls;
    for (const double time : times) controls.push_back({.time_s = time, .energy_j = energy});
    return controls;
}

// Requirement 28.
TEST(Control, DriftOfThreePercentIsFlagged) {
    // A machine that slows down steadily by 3 %: standard deviation over mean is 1.27 %.
    const auto note = judge_controls(controls_of({1.0, 1.01, 1.02, 1.03}));
    ASSERT_TRUE(note);
    EXPECT_EQ(note->code, "control-drift");
    EXPECT_NE(note->text.find("time by 1.3 %"), std::string::npos) << note->text;
    EXPECT_FALSE(judge_controls(controls_of({1.0, 1.004, 1.0, 1.003})));
    EXPECT_FALSE(judge_controls(controls_of({1.0})));
    EXPECT_FALSE(judge_controls({}));
}

TEST(Control, EnergyIsLookedAtWhereItIsKnown) {
    auto controls = controls_of({1.0, 1.0, 1.0}, 5.0);
    EXPECT_FALSE(judge_controls(controls));
    controls[1].energy_j = 5.3;
    ASSERT_TRUE(judge_controls(controls));
    EXPECT_NE(judge_controls(controls)->text.find("energy by"), std::string::npos);
    controls[1].energy_j.reset();
    EXPECT_FALSE(judge_controls(controls));
}

TEST(Control, IsARequestWithoutModelThatSurvivesItsJson) {
    const auto request = read_request(write_request(control_request(3, {})));
    EXPECT_TRUE(is_control(request));
    EXPECT_EQ(request.threads, 3);
    EXPECT_FALSE(is_control({.model = "m", .runtime = "native"}));
}

TEST(Control, RecordsTheMedianCallAndTheEnergyOfMeasuredTiersOnly) {
    store::TrialRecord trial;
    trial.phases.push_back({.name = "measure", .start_s = 0.0, .end_s = 2.0, .calls = 4, .images = 4});
    EXPECT_THROW(control_record(trial, 0, "t"), std::exception);
    trial.phases[0].latency_s = {0.5F, 0.25F, 0.5F, 0.75F};
    trial.phases[0].energies.push_back(
        {.meter = "estimate", .zone = "machine", .joules = 99.0, .tier = "E", .scope = "machine"});
    EXPECT_FALSE(control_record(trial, 7, "t").energy_j);
    trial.phases[0].energies.push_back(
        {.meter = "powercap", .zone = "package-0", .joules = 20.0, .tier = "B", .scope = "CPU package 0"});
    const auto record = control_record(trial, 7, "t");
    EXPECT_DOUBLE_EQ(record.time_s, 0.5);
    EXPECT_DOUBLE_EQ(*record.energy_j, 5.0);
    EXPECT_DOUBLE_EQ(*record.power_w, 10.0);
    EXPECT_EQ(record.tier, "B");
    EXPECT_EQ(record.after_trials, 7);
}

TEST(ControlWorkload, DoesTheSameWhateverTheThreads) {
    ControlWorkload one(1);
    one.load();
    EXPECT_EQ(one.call(0), 1);
    const double once = one.checksum();
    one.call(0);
    EXPECT_EQ(one.checksum(), once);
    ControlWorkload two(2);
    two.load();
    two.call(0);
    EXPECT_EQ(two.checksum(), 2.0 * once);
}

}  // namespace
}  // namespace espalier::lab
