#include "meters/ptdaemon/ptdaemon.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "meters/fake/fake_files.h"
#include "meters/named/discover.h"
#include "meters/ptdaemon/fake_ptdaemon_test.h"
#include "meters/sampler.h"

namespace espalier::meters::ptdaemon {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class Analysers : public ::testing::Test {
  protected:
    Discovery discovered(const std::string& options = "") {
        return discover({.files = files_,
                         .clock = clock_,
                         .named = {name_meter(fmt::format("ptdaemon://127.0.0.1:{}{}", daemon_.port, options),
                                              [](const std::string&) { return std::nullopt; })}});
    }

    WindowReading window(Sampler& sampler, Seconds length) {
        const Mark begin = sampler.mark(Edge::kBegin);
        for (const Seconds end = clock_.now() + length; clock_.now() < end; clock_.advance(Seconds(0.25)))
            sampler.sample();
        return sampler.windows(begin, sampler.mark(Edge::kEnd)).at(0);
    }

    /// A trial: the load warms up while ranges are found, then they are fixed and the window is measured.
    WindowReading trial(Meter& meter) {
        Sampler sampler({&meter}, clock_);
        window(sampler, Seconds(5));
        sampler.fix_ranges();
        return window(sampler, Seconds(60));
    }

    FakeFiles files_;
    VirtualClock clock_;
    ConstantPlant plant_{Watts(218.5)};
    testing::FakePtdaemon daemon_{plant_, clock_};
};

// Requirement 12.
TEST_F(Analysers, FindsItsRangesUnderLoadAndMeasuresInFixedOnes) {
    {
        const auto found = discovered();
        ASSERT_EQ(found.meters.size(), 1u) << found.findings[0].availability.reason;
        const Description& description = found.meters[0]->description();
        EXPECT_EQ(description.tier, Tier::kWallMeter);
        EXPECT_EQ(description.part, Part::kMachine);
        EXPECT_THAT(description.source, HasSubstr("Dummy,Analyzer"));
        EXPECT_EQ(shortest_window(description), Seconds(60));
        const WindowReading result = trial(*found.meters[0]);
        ASSERT_TRUE(result.energy) << result.problem;
        EXPECT_NEAR(result.energy->value(), 218.5 * result.duration().value(), 1e-6);
        EXPECT_GT(result.uncertainty.standard().value(), 0.005 * result.energy->value()) << "1 % over root 3";
    }
    // 218.5 W at 230 V and a power factor of 0.95 are 1 A.
    auto commands = daemon_.commands();
    std::erase_if(commands, [](const std::string& command) {
        return command == "RL" || command == "RR" || command == "Uncertainty";
    });
    EXPECT_THAT(commands, ElementsAre("Hello", "Identify", "SR,V,Auto", "SR,A,Auto",
                                      "Go,1000,0,espalier_ranging", "Stop", "SR,V,230", "SR,A,1.1",
                                      "Go,1000,0,espalier_testing", "Stop", "SR,V,Auto", "SR,A,20"));
}

TEST_F(Analysers, StatedRangesNeedNoRanging) {
    const auto found = discovered("?volts=300&amps=5&settle=1s");
    ASSERT_EQ(found.meters.size(), 1u) << found.findings[0].availability.reason;
    EXPECT_TRUE(trial(*found.meters[0]).valid());
    EXPECT_THAT(daemon_.commands(), Not(Contains("Go,1000,0,espalier_ranging")));
    EXPECT_THAT(daemon_.commands(), Contains("SR,V,300"));
}

// Requirement 12.
TEST_F(Analysers, TestingInAutoIsRefused) {
    daemon_.refuses_ranges = true;
    EXPECT_THAT(discovered("?volts=300&amps=5&settle=1s").findings[0].availability.reason,
                HasSubstr("automatic still"));
    const auto found = discovered();
    const WindowReading result = trial(*found.meters[0]);
    EXPECT_FALSE(result.energy);
    EXPECT_THAT(result.problem, HasSubstr("automatic still"));
}

// Requirement 12.
TEST_F(Analysers, AnUncertaintyAboveOnePercentOrUnknownIsRefused) {
    for (const auto& [uncertainty, why] :
         {std::pair(0.011, "1.10 %, more than 1 %"), std::pair(-1.0, "does not tell its uncertainty")}) {
        daemon_.uncertainty = uncertainty;
        EXPECT_THAT(discovered("?volts=300&amps=5&settle=1s").findings[0].availability.reason,
                    HasSubstr(why));
        const auto found = discovered();
        const WindowReading result = trial(*found.meters.at(0));
        EXPECT_FALSE(result.energy);
        EXPECT_THAT(result.problem, HasSubstr(why));
    }
    daemon_.uncertainty = 0.01;
    const auto found = discovered();
    EXPECT_TRUE(trial(*found.meters.at(0)).valid());
}

TEST_F(Analysers, AValueBeyondItsRangeIsRefused) {
    EXPECT_THAT(discovered("?volts=300&amps=0.5&settle=1s").findings[0].availability.reason,
                HasSubstr("do not fit the ranges"));
}

TEST_F(Analysers, EveryFaultIsAGapAndNeverANumber) {
    const auto expect_gap = [&](const std::string& why) {
        const auto found = discovered("?volts=300&amps=5&settle=1s");
        ASSERT_EQ(found.meters.size(), 1u) << found.findings[0].availability.reason;
        Sampler sampler({found.meters[0].get()}, clock_);
        ASSERT_TRUE(window(sampler, Seconds(5)).valid());
        if (why == "no sample for") daemon_.silent = true;
        if (why == "tells no Watts") daemon_.sample = "Time,x,Watts,-1,Volts,230,Amps,1,PF,1";
        if (why == "tells no Amps") daemon_.sample = "Time,x,Watts,10,Volts,230";
        if (why == "closed the connection") daemon_.hangs_up = true;
        const WindowReading result = window(sampler, Seconds(10));
        EXPECT_FALSE(result.energy) << why;
        EXPECT_THAT(result.problem, HasSubstr(why));
        daemon_.silent = false;
        daemon_.sample.clear();
        daemon_.hangs_up = false;
    };
    for (const char* why : {"no sample for", "tells no Watts", "tells no Amps", "closed the connection"})
        expect_gap(why);
}

TEST_F(Analysers, WhoIsNoPtdaemonIsToldApart) {
    daemon_.greeting = "SSH-2.0";
    EXPECT_EQ(discovered().findings[0].availability.state, State::kBroken);
    EXPECT_THAT(discovered().findings[0].availability.reason, HasSubstr("no greeting of PTDaemon"));
    const auto nobody = discover(
        {.files = files_,
         .clock = clock_,
         .named = {name_meter("ptdaemon://127.0.0.1:1", [](const std::string&) { return std::nullopt; })}});
    EXPECT_EQ(nobody.findings[0].availability.state, State::kAbsent);
}

}  // namespace
}  // namespace espalier::meters::ptdaemon
