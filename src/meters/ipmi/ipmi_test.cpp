#include "meters/ipmi/ipmi.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "meters/fake/fake_files.h"
#include "meters/fake/fake_programs.h"
#include "meters/fake/virtual_clock.h"
#include "meters/named/discover.h"
#include "meters/window.h"

namespace espalier::meters::ipmi {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

constexpr const char* kDevice = "/dev/ipmi0 or /dev/ipmi/0 or /dev/ipmidev/0";

/// What ipmitool 1.8.19 prints.
std::string reading(int watts, const char* state = "activated") {
    return fmt::format(
        "\n    Instantaneous power reading:              {:8} Watts\n"
        "    Minimum during sampling period:                 61 Watts\n"
        "    Maximum during sampling period:                512 Watts\n"
        "    Average power reading over sample period:      207 Watts\n"
        "    IPMI timestamp:                           11/26/2026 10:11:12 UTC\n"
        "    Sampling period:                          00000001 Seconds.\n"
        "    Power reading state is:                   {}\n\n\n",
        watts, state);
}

class Ipmi : public ::testing::Test {
  protected:
    Discovery discovered(const std::string& text = "ipmi") {
        DiscoveryOptions options{.files = files_, .clock = clock_};
        options.named.push_back(name_meter(text, [](const std::string&) { return std::nullopt; }));
        return discover(options);
    }
    Availability refusal() { return discovered().findings.at(0).availability; }

    FakePrograms programs_;
    FakeFiles files_;
    VirtualClock clock_;
};

// Requirement 13.
TEST_F(Ipmi, TellsThatItsPowerIsAveraged) {
    programs_.says("ipmitool", "dcmi power reading", reading(220));
    const auto found = discovered();
    ASSERT_EQ(found.meters.size(), 1u) << found.findings[0].availability.reason;
    const Description& description = found.meters[0]->description();
    EXPECT_EQ(description.name, "ipmi");
    EXPECT_EQ(description.tier, Tier::kIntegratedSensor);
    EXPECT_EQ(description.part, Part::kMachine);
    EXPECT_EQ(description.averaging, Seconds(60));
    EXPECT_THAT(description.notes, Contains(HasSubstr("taken as 60 s")));
    EXPECT_EQ(shortest_window(description), Seconds(600));
    EXPECT_EQ(number(std::get<Value>(found.meters[0]->read().zones[0]).amount), 220);
    EXPECT_EQ(discovered("ipmi?averaging=1s&period=1s").meters.at(0)->description().averaging, Seconds(1));
}

// Requirement 13.
TEST_F(Ipmi, AControllerThatDoesNotMeasureHasNoPower) {
    programs_.says("ipmitool", "dcmi power reading", reading(220));
    const auto found = discovered();
    for (const std::string& output : {reading(0), reading(220, "deactivated"), std::string("nothing"),
                                      std::string("Instantaneous power reading: x Watts"), std::string()}) {
        programs_.says("ipmitool", "dcmi power reading", output);
        EXPECT_TRUE(std::holds_alternative<Gap>(found.meters.at(0)->read().zones[0])) << output;
        EXPECT_NE(refusal().state, State::kOk) << output;
    }
    programs_.says("ipmitool", "dcmi power reading", reading(220, "deactivated"));
    EXPECT_EQ(refusal().state, State::kUnsupported);
    programs_.says("ipmitool", "dcmi power reading", "garbage");
    EXPECT_EQ(refusal().state, State::kBroken);
}

TEST_F(Ipmi, SaysWhatStandsInTheWay) {
    programs_.fails("ipmitool", fmt::format("Could not open device at {}: Permission denied", kDevice));
    EXPECT_EQ(refusal().state, State::kNoPermission);
    EXPECT_THAT(refusal().fix, HasSubstr("/dev/ipmi0"));
    programs_.fails("ipmitool",
                    fmt::format("Could not open device at {}: No such file or directory", kDevice));
    EXPECT_EQ(refusal().state, State::kAbsent);
    EXPECT_THAT(refusal().fix, HasSubstr("modprobe"));
    programs_.fails("ipmitool", "    DCMI request failed because: Invalid command (c1)");
    EXPECT_EQ(refusal().state, State::kUnsupported);
    programs_.lacks("ipmitool");
    EXPECT_EQ(refusal().state, State::kAbsent);
    EXPECT_THAT(refusal().fix, HasSubstr("install ipmitool"));
}

}  // namespace
}  // namespace espalier::meters::ipmi
