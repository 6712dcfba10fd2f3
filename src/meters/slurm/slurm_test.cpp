#include "meters/slurm/slurm.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "meters/fake/fake_files.h"
#include "meters/fake/fake_programs.h"
#include "meters/fake/virtual_clock.h"
#include "meters/named/discover.h"
#include "meters/window.h"

namespace espalier::meters::slurm {
namespace {

using ::testing::HasSubstr;

class Slurm : public ::testing::Test {
  protected:
    Slurm() {
        programs_.set("SLURM_JOB_ID", "4711");
        programs_.set("SLURM_STEP_ID", std::nullopt);
        job("NO", "1");
        config("acct_gather_energy/ipmi", "30 sec");
        joules("1000");
    }

    void job(const std::string& shared, const std::string& nodes) {
        programs_.says("scontrol", "show job 4711",
                       fmt::format("JobId=4711 JobName=study NumNodes={} NumCPUs=64 CPUs/Task=1 "
                                   "Socks/Node=* OverSubscribe={} Contiguous=0\n",
                                   nodes, shared));
    }
    void config(const std::string& type, const std::string& period) {
        programs_.says("scontrol", "show config",
                       fmt::format("Configuration data as of 2026-11-26T10:00:00\n"
                                   "AcctGatherEnergyType    = {}\n"
                                   "AcctGatherNodeFreq      = {}\n",
                                   type, period));
    }
    void joules(const std::string& batch) {
        programs_.says("sstat", "--noheader --parsable2 --allsteps --jobs=4711",
                       "4711.extern|77\n4711.batch|" + batch + "\n4711.3|500\n");
    }

    Discovery discovered() {
        DiscoveryOptions options{.files = files_, .clock = clock_};
        options.named.push_back(name_meter("slurm", [](const std::string&) { return std::nullopt; }));
        return discover(options);
    }
    Availability refusal() { return discovered().findings.at(0).availability; }

    FakePrograms programs_;
    FakeFiles files_;
    VirtualClock clock_;
};

TEST_F(Slurm, CountsTheEnergyOfTheStepOnItsNode) {
    const auto found = discovered();
    ASSERT_EQ(found.meters.size(), 1u) << found.findings[0].availability.reason;
    Meter& meter = *found.meters[0];
    EXPECT_EQ(meter.description().tier, Tier::kIntegratedSensor);
    EXPECT_EQ(meter.description().part, Part::kMachine);
    EXPECT_EQ(meter.description().refresh_period, Seconds(30));
    EXPECT_THAT(meter.description().source, HasSubstr("4711.batch"));
    EXPECT_GE(shortest_window(meter.description()), Seconds(600));
    std::vector<Reading> edges = {meter.read()};
    clock_.advance(Seconds(1800));
    joules("541000");
    edges.push_back(meter.read());
    EXPECT_NEAR(measure(meter.description(), edges).energy->value(), 540'000, 1e-6);
}

TEST_F(Slurm, TakesTheStepOfAnSrunAndThePartThatThePluginReads) {
    programs_.set("SLURM_STEP_ID", "3");
    config("acct_gather_energy/rapl", "10 sec");
    const auto found = discovered();
    ASSERT_EQ(found.meters.size(), 1u) << found.findings[0].availability.reason;
    EXPECT_THAT(found.meters[0]->description().source, HasSubstr("step 4711.3"));
    EXPECT_EQ(found.meters[0]->description().part, Part::kProcessor);
    programs_.set("SLURM_STEP_ID", "4294967291");
    EXPECT_THAT(discovered().meters.at(0)->description().source, HasSubstr("4711.batch"));
    programs_.set("SLURM_STEP_ID", "9");
    EXPECT_THAT(refusal().reason, HasSubstr("no running step 4711.9"));
}

// Requirement 13.
TEST_F(Slurm, EnergyOfASharedNodeIsRefused) {
    for (const char* shared : {"OK", "YES", "USER", "MCS", ""}) {
        job(shared, "1");
        EXPECT_EQ(refusal().state, State::kUnsupported) << shared;
        EXPECT_THAT(refusal().fix, HasSubstr("--exclusive")) << shared;
    }
    job("NO", "2");
    EXPECT_THAT(refusal().reason, HasSubstr("2 nodes"));
}

// Requirement 13.
TEST_F(Slurm, WhatWasNotCollectedIsAGapAndNotZero) {
    const auto found = discovered();
    for (const char* none : {"0", "4294967294", "4294967295", "18446744073709551614", "18446744073709551615",
                             "", "-5", "12K", "n/a"}) {
        joules(none);
        EXPECT_TRUE(std::holds_alternative<Gap>(found.meters.at(0)->read().zones[0])) << none;
        EXPECT_NE(refusal().state, State::kOk) << none;
    }
}

// Requirement 13.
TEST_F(Slurm, ACounterThatRestsHasNoEnergy) {
    const auto found = discovered();
    Meter& meter = *found.meters.at(0);
    std::vector<Reading> edges = {meter.read()};
    clock_.advance(Seconds(1800));
    edges.push_back(meter.read());
    EXPECT_FALSE(measure(meter.description(), edges).energy);
}

TEST_F(Slurm, SaysWhatStandsInTheWay) {
    config("acct_gather_energy/none", "30 sec");
    EXPECT_THAT(refusal().reason, HasSubstr("acct_gather_energy/none"));
    config("acct_gather_energy/gpu,acct_gather_energy/rapl", "30 sec");
    EXPECT_EQ(refusal().state, State::kUnsupported);
    config("acct_gather_energy/xcc", "0 sec");
    EXPECT_THAT(refusal().reason, HasSubstr("AcctGatherNodeFreq"));
    programs_.fails("sstat", "slurm_load_ctl_conf error: Unable to contact slurm controller");
    config("acct_gather_energy/xcc", "30 sec");
    EXPECT_THAT(refusal().reason, HasSubstr("Unable to contact"));
    programs_.lacks("scontrol");
    EXPECT_EQ(refusal().state, State::kAbsent);
    programs_.set("SLURM_JOB_ID", std::nullopt);
    EXPECT_THAT(refusal().reason, HasSubstr("no job of Slurm"));
}

}  // namespace
}  // namespace espalier::meters::slurm
