#include "store/net_energy.h"

#include <gtest/gtest.h>

#include <cmath>

namespace espalier::store {
namespace {

PhaseRecord phase(const char* name, double seconds, double joules, double standard) {
    PhaseRecord record{.name = name, .start_s = 0.0, .end_s = seconds};
    record.energies.push_back(
        {.meter = "powercap", .zone = "package-0", .joules = joules, .tier = "B", .scope = "CPU package 0"});
    record.readings.push_back({"powercap standard uncertainty", "J", standard});
    return record;
}

TrialRecord trial(double before_j, double window_j, double after_j) {
    TrialRecord record;
    record.phases = {phase("idle", 10.0, before_j, 0.1), phase("measure", 20.0, window_j, 0.3),
                     phase("idle-after", 10.0, after_j, 0.1)};
    return record;
}

// Requirement 19.
TEST(NetEnergy, SubtractsTheMeanOfBothIdlePowersWithItsOwnUncertainty) {
    const auto net = net_energy(trial(100.0, 500.0, 102.0), "powercap");
    EXPECT_DOUBLE_EQ(*net.joules, 500.0 - 20.0 * 10.1);
    // Budgets: 0.01 W each, of their mean 0.00707 W; drift: 0.2 W / sqrt(12).
    const double idle = std::hypot(0.5 * std::sqrt(2.0) * 0.01, 0.2 / std::sqrt(12.0));
    EXPECT_NEAR(*net.standard, std::hypot(0.3, 20.0 * idle), 1e-12);
    EXPECT_NEAR(*net.drift(), 0.2 / 10.1, 1e-12);
}

// Requirement 19.
TEST(NetEnergy, IsUnknownWhereTheIdleWindowsAreTooShortOrMissing) {
    auto shorter = trial(100.0, 500.0, 102.0);
    shorter.phases[0].end_s = 0.2;
    EXPECT_FALSE(net_energy(shorter, "powercap").joules);
    EXPECT_NE(net_energy(shorter, "powercap").problem.find("--idle"), std::string::npos);
    auto half = trial(100.0, 500.0, 102.0);
    half.phases.pop_back();
    EXPECT_FALSE(net_energy(half, "powercap").joules);
    EXPECT_NE(net_energy(half, "powercap").problem.find("idle-after"), std::string::npos);
    EXPECT_FALSE(net_energy(half, "powercap").drift());
    EXPECT_FALSE(net_energy(trial(1, 2, 3), "nvml-energy").joules);
}

TEST(NetEnergy, AGapOrAnUnknownBudgetStaysUnknown) {
    auto gap = trial(100.0, 500.0, 102.0);
    gap.phases[1].energies[0].joules.reset();
    gap.phases[1].energies[0].problem = "removed";
    EXPECT_FALSE(net_energy(gap, "powercap").joules);
    EXPECT_NE(net_energy(gap, "powercap").problem.find("removed"), std::string::npos);
    auto unstated = trial(100.0, 500.0, 102.0);
    unstated.phases[0].readings.clear();
    EXPECT_TRUE(net_energy(unstated, "powercap").joules);
    EXPECT_FALSE(net_energy(unstated, "powercap").standard);
}

}  // namespace
}  // namespace espalier::store
