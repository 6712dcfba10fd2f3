#include "meters/perf/perf.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "meters/fake/fake_perf.h"
#include "meters/fake/fake_powercap.h"
#include "meters/fake/virtual_clock.h"
#include "meters/perf/power_events.h"
#include "meters/window.h"

namespace espalier::meters {
namespace {

constexpr const char* kFolder = "sys/bus/event_source/devices/power";

class Perf : public testing::Test {
  protected:
    /// Two sockets, read on CPUs 0 and 18, each with package, DRAM and cores.
    Perf() {
        add_power_events(files_, "0,18", {"energy-pkg", "energy-ram", "energy-cores", "energy-psys"});
        files_.set("sys/devices/system/cpu/cpu18/topology/physical_package_id", "1");
        for (const int cpu : {0, 18}) {
            perf_.add(2, cpu, {ten_, clock_});
            perf_.add(3, cpu, {three_, clock_, Joules(1.0 / 65536)});
            perf_.add(1, cpu, {three_, clock_});
            perf_.add(5, cpu, {ten_, clock_, Joules(1)});
        }
    }

    RaplCandidate find() { return find_perf({files_, clock_, std::nullopt, 0, {}, &perf_}); }

    WindowReading window(Meter& meter) {
        std::vector<Reading> edges = {meter.read()};
        clock_.advance(Seconds(10));
        edges.push_back(meter.read());
        return measure(meter.description(), edges);
    }

    FakeFiles files_;
    VirtualClock clock_;
    ConstantPlant ten_{Watts(10)};
    ConstantPlant three_{Watts(3)};
    FakePerf perf_;
};

TEST_F(Perf, AddsPackagesAndDramOfBothSocketsAndNothingTwice) {
    const RaplCandidate candidate = find();
    ASSERT_NE(candidate.meter, nullptr) << candidate.finding.availability.reason;
    EXPECT_EQ(candidate.finding.availability.reason, "2 CPU packages + DRAM");
    const WindowReading result = window(*candidate.meter);
    EXPECT_NEAR(result.energy->value(), 2 * (100 + 30), 4.0 / 16384);
    EXPECT_NEAR(number(*result.amount("package-1/core")), 30, 1.0 / 16384);
    EXPECT_NEAR(number(*result.amount("package-0/psys")), 100, 1);
    EXPECT_EQ(result.tier, Tier::kHardwareCounter);
}

TEST_F(Perf, NamesTheNarrowestRight) {
    perf_.refuse(EACCES);
    files_.set("proc/sys/kernel/perf_event_paranoid", "2");
    const RaplCandidate candidate = find();
    EXPECT_EQ(candidate.meter, nullptr);
    EXPECT_EQ(candidate.finding.availability.state, State::kNoPermission);
    EXPECT_NE(candidate.finding.availability.reason.find("perf_event_paranoid = 2"), std::string::npos);
    EXPECT_NE(candidate.finding.availability.fix.find("setcap cap_perfmon+ep"), std::string::npos);
    EXPECT_NE(candidate.finding.availability.fix.find("kernel.perf_event_paranoid=0"), std::string::npos);
    perf_.refuse(ENODEV);
    EXPECT_EQ(find().finding.availability.state, State::kBroken);
}

TEST_F(Perf, TakesScaleUnitAndFormatFromTheKernel) {
    const auto events = [&] { return std::get<PowerEvents>(read_power_events(files_)).events; };
    ASSERT_EQ(events().size(), 4u);
    EXPECT_EQ(events()[0].config, 2u);
    EXPECT_DOUBLE_EQ(events()[0].joules_per_count, 0x1p-32);
    // Another unit than joules is left out, not taken for joules.
    files_.set(std::string(kFolder) + "/events/energy-ram.unit", "Watts");
    EXPECT_EQ(events().size(), 3u);
    files_.set(std::string(kFolder) + "/format/event", "config:8-15");
    EXPECT_EQ(events()[0].config, 0x200u);
    files_.set(std::string(kFolder) + "/format/event", "config1:0-7");
    EXPECT_EQ(std::get<Availability>(read_power_events(files_)).state, State::kUnsupported);
}

TEST_F(Perf, SaysWhatOfTheDescriptionIsBroken) {
    const auto why = [&] { return std::get<Availability>(read_power_events(files_)); };
    files_.set(std::string(kFolder) + "/cpumask", "0-");
    EXPECT_EQ(why().state, State::kBroken);
    EXPECT_NE(why().reason.find("cpumask"), std::string::npos);
    files_.set(std::string(kFolder) + "/type", "nine");
    EXPECT_NE(why().reason.find("/type says 'nine'"), std::string::npos);
    files_.remove(kFolder);
    EXPECT_EQ(why().state, State::kAbsent);
    EXPECT_FALSE(why().fix.empty());
}

TEST_F(Perf, LeavesOutWhatThePowercapTreeDoesNotKnow) {
    add_rapl_zone(files_, {"intel-rapl:0", "package-0", Joules(65536)}, ten_, clock_);
    add_rapl_zone(files_, {"intel-rapl:1", "package-1", Joules(65536)}, ten_, clock_);
    const RaplCandidate candidate = find();
    EXPECT_EQ(candidate.finding.availability.reason, "2 CPU packages");
    EXPECT_NEAR(window(*candidate.meter).energy->value(), 200, 2.0 / 16384);
    EXPECT_NEAR(candidate.meter->description().resolution, 2 * 65536 / 4294967295.0, 1e-12);
}

TEST_F(Perf, DiesAreAmbiguousAsInThePowercapTree) {
    files_.set("sys/devices/system/cpu/cpu18/topology/physical_package_id", "0");
    files_.set("sys/devices/system/cpu/cpu18/topology/die_id", "1");
    const RaplCandidate candidate = find();
    EXPECT_TRUE(candidate.meter->has_ambiguous_dies());
    EXPECT_EQ(window(*candidate.meter).validity, Validity::kAmbiguousTotal);
}

TEST_F(Perf, IsNotAskedForAnotherMachine) {
    const RaplCandidate candidate = find_perf({files_, clock_, std::nullopt, 0});
    EXPECT_EQ(candidate.finding.availability.state, State::kAbsent);
    EXPECT_FALSE(candidate.finding.availability.fix.empty());
}

TEST(SystemPerf, GivesAnErrnoForAnEventThatDoesNotExist) {
    constexpr std::uint32_t kNoSuchType = 0x7fffffff;
    const auto opened = SystemPerfEvents().open(kNoSuchType, 0, 0);
    ASSERT_TRUE(std::holds_alternative<int>(opened));
    EXPECT_NE(std::get<int>(opened), 0);
}

}  // namespace
}  // namespace espalier::meters
