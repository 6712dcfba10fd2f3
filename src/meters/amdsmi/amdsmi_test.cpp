#include "meters/amdsmi/amdsmi.h"

#include <gtest/gtest.h>

#include "meters/fake/fake_amdsmi.h"
#include "meters/fake/fake_files.h"
#include "meters/fake/virtual_clock.h"
#include "meters/window.h"

namespace espalier::meters::amdsmi {
namespace {

class AmdGpus : public testing::Test {
  protected:
    Discovery find(std::function<Opened()> access) {
        Discovery discovery;
        DiscoveryOptions options{files_, clock_, std::nullopt, 0};
        options.amd_gpus = std::move(access);
        discover_amdsmi(options, discovery);
        return discovery;
    }

    WindowReading window(Meter& meter) {
        std::vector<Reading> readings = {meter.read()};
        for (int i = 0; i < 20; ++i) {
            clock_.advance(Seconds(0.25));
            readings.push_back(meter.read());
        }
        return measure(meter.description(), readings);
    }

    FakeFiles files_;
    VirtualClock clock_{Seconds(100)};
    ConstantPlant plant_{Watts(300)};
    FakeAmdSmi fake_{clock_};
};

TEST_F(AmdGpus, CountInTheUnitThatTheLibraryTells) {
    fake_.add({.plant = &plant_});
    fake_.add({.plant = &plant_, .uuid = "other", .microjoules = 15.3F});
    const Discovery discovery = find(fake_.access());
    Meter* energy = discovery.find("amdsmi-energy");
    ASSERT_NE(energy, nullptr);
    EXPECT_EQ(energy->description().scope, "2 AMD GPUs");
    EXPECT_EQ(energy->description().part, Part::kGpu);
    EXPECT_EQ(shortest_window(energy->description()), Seconds(5));
    const WindowReading result = window(*energy);
    EXPECT_NEAR(result.energy->value(), 2 * 1500, 2 * 30);
    EXPECT_NEAR(number(*result.amount("other")), 1500, 30);
    EXPECT_EQ(std::get<Bytes>(*window(*discovery.find("amdsmi-memory")).amount("other")).value, 1LL << 30);
}

TEST_F(AmdGpus, ACounterThatRestsFallsOrChangesItsUnitIsAGap) {
    FakeAmdGpu& gpu = fake_.add({.plant = &plant_});
    const Discovery discovery = find(fake_.access());
    Meter& energy = *discovery.find("amdsmi-energy");
    ASSERT_TRUE(window(energy).valid());
    gpu.says = 4'000'000'000;  // more than it ever counted: impossible, then frozen
    EXPECT_EQ(window(energy).validity, Validity::kGap);
    gpu.says.reset();  // and back: it falls
    EXPECT_EQ(window(energy).validity, Validity::kGap);
    EXPECT_TRUE(window(energy).valid());
    gpu.microjoules = 1.0F;
    const WindowReading other = window(energy);
    EXPECT_EQ(other.validity, Validity::kGap);
    EXPECT_NE(other.problem.find("a count is 1 uJ now"), std::string::npos);
}

TEST_F(AmdGpus, WhatIsNotToldIsUnsupported) {
    FakeAmdGpu& gpu = fake_.add({.plant = &plant_});
    gpu.says = 0;
    gpu.hides_memory = Status::kNotSupported;
    Discovery discovery = find(fake_.access());
    EXPECT_TRUE(discovery.meters.empty());
    ASSERT_EQ(discovery.findings.size(), 2u);
    for (const Finding& finding : discovery.findings)
        EXPECT_EQ(finding.availability.state, State::kUnsupported) << finding.source;
    gpu.refuses = Status::kNoPermission;
    EXPECT_EQ(find(fake_.access()).findings[0].availability.state, State::kNoPermission);
}

TEST_F(AmdGpus, TellWhyThereAreNone) {
    EXPECT_EQ(find(fake_.access()).findings.at(0).availability.state, State::kAbsent);
    fake_.init_status = Status::kNoPermission;
    const Availability why = find(fake_.access()).findings.at(0).availability;
    EXPECT_EQ(why.state, State::kNoPermission);
    EXPECT_NE(why.fix.find("render"), std::string::npos);
    EXPECT_EQ(find({}).findings.at(0).availability.state, State::kAbsent);
}

/// Built from tests/stubs/amdsmi.cpp.
TEST_F(AmdGpus, AreReadThroughALibraryThatIsLoaded) {
    const Discovery discovery = find([] { return open_library(ESPALIER_AMDSMI_STUB); });
    Meter* energy = discovery.find("amdsmi-energy");
    ASSERT_NE(energy, nullptr);
    EXPECT_EQ(energy->description().zones.at(0).id, "57ab57ab-0000-1000-8000-000000000001");
    // The stub counts 2 million times 15 uJ at each call.
    std::vector<Reading> readings = {energy->read()};
    clock_.advance(Seconds(1));
    readings.push_back(energy->read());
    EXPECT_NEAR(measure(energy->description(), readings).energy->value(), 30, 1e-9);
    EXPECT_EQ(discovery.find("amdsmi-memory"), nullptr);
}

TEST_F(AmdGpus, ALibraryThatIsNoneIsBrokenOrAbsent) {
    const auto state = [](const char* file) { return std::get<Availability>(open_library(file)).state; };
    EXPECT_EQ(state("libespalier-has-no-such-library.so.1"), State::kAbsent);
    EXPECT_EQ(state("libc.so.6"), State::kBroken);
}

}  // namespace
}  // namespace espalier::meters::amdsmi
