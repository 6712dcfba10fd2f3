#include "meters/rapl/rapl.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "meters/fake/fake_perf.h"
#include "meters/fake/fake_powercap.h"
#include "meters/fake/fake_sensors.h"
#include "meters/fake/virtual_clock.h"
#include "meters/rapl/topology.h"

namespace espalier::meters {
namespace {

/// A machine that shows the counter of its one package in every way there is.
class Rapl : public testing::Test {
  protected:
    Rapl() {
        add_intel_cpu(files_, 0x5e);
        add_power_events(files_, "0", {"energy-pkg"});
        perf_.add(2, 0, {plant_, clock_});
        add_rapl_zone(files_, {"intel-rapl:0", "package-0"}, plant_, clock_);
        add_msr(files_, {});
        add_energy_register(files_, 0, 0x611, {plant_, clock_});
        const std::string chip = add_hwmon_chip(files_, 0, "amd_energy");
        add_hwmon_energy(files_, chip, 1, "Esocket0", {plant_, clock_}, Seconds(100));
    }

    Discovery find() {
        Discovery discovery;
        discover_rapl({files_, clock_, std::nullopt, 0, {}, &perf_}, discovery);
        return discovery;
    }

    FakeFiles files_;
    VirtualClock clock_;
    ConstantPlant plant_{Watts(10)};
    FakePerf perf_;
};

TEST_F(Rapl, OneCounterIsOneMeter) {
    const Discovery discovery = find();
    ASSERT_EQ(discovery.meters.size(), 1u);
    EXPECT_EQ(discovery.meters[0]->description().name, "perf");
    ASSERT_EQ(discovery.findings.size(), 4u);
    EXPECT_TRUE(discovery.findings[0].replaced_by.empty());
    for (std::size_t i = 1; i < 4; ++i) {
        EXPECT_EQ(discovery.findings[i].availability.state, State::kOk);
        EXPECT_EQ(discovery.findings[i].replaced_by, "perf");
        EXPECT_EQ(discovery.findings[i].availability.reason, "not used: perf reads the same counters");
    }
}

TEST_F(Rapl, TheNextWayTakesOver) {
    perf_.refuse(EACCES);
    EXPECT_EQ(find().meters.at(0)->description().name, "powercap");
    EXPECT_EQ(find().findings[0].replaced_by, "powercap");
    files_.set_error("sys/class/powercap/intel-rapl:0/energy_uj", EACCES);
    EXPECT_EQ(find().meters.at(0)->description().name, "msr");
    files_.remove("dev/cpu");
    EXPECT_EQ(find().meters.at(0)->description().name, "amd-energy");
}

TEST_F(Rapl, TheWayThatCoversMoreIsPreferred) {
    add_rapl_zone(files_, {"intel-rapl:0:0", "dram"}, plant_, clock_);
    EXPECT_EQ(find().meters.at(0)->description().name, "powercap");
    EXPECT_EQ(find().meters.at(0)->description().scope, "1 CPU package + DRAM");
}

TEST_F(Rapl, OnePermissionIsEnough) {
    perf_.refuse(EACCES);
    files_.set_error("sys/class/powercap/intel-rapl:0/energy_uj", EACCES);
    files_.set_register_error("dev/cpu/0/msr", 0x606, EACCES);
    files_.set_error("sys/class/hwmon/hwmon0/energy1_input", EACCES);
    const Discovery discovery = find();
    EXPECT_TRUE(discovery.meters.empty());
    for (const Finding& finding : discovery.findings) {
        EXPECT_EQ(finding.availability.state, State::kNoPermission) << finding.source;
        EXPECT_FALSE(finding.availability.fix.empty()) << finding.source;
        EXPECT_EQ(finding.replaced_by, finding.source == "perf" ? "" : "perf");
    }
}

TEST_F(Rapl, NoiseOnTheCountersSpoilsEveryWay) {
    files_.set("proc/cpuinfo",
               "vendor_id: GenuineIntel\ncpu family: 6\nmodel: 94\nflags: fpu sgx\nprocessor: 0\n");
    perf_.refuse(0);
    files_.remove("sys/class/hwmon");
    const Discovery discovery = find();
    EXPECT_TRUE(discovery.meters.empty());
    for (std::size_t i = 0; i < 3; ++i)
        EXPECT_EQ(discovery.findings[i].availability.state, State::kUnsupported);
}

TEST(Topology, ReadsTheKernelsLists) {
    EXPECT_EQ(parse_cpu_list("0"), std::vector<int>{0});
    EXPECT_EQ(parse_cpu_list("0-2,8"), (std::vector<int>{0, 1, 2, 8}));
    for (const char* wrong : {"", "x", "0-", "3-1", "0,", ",1", "-1", "0;1", "70000", "0-4000000000"})
        EXPECT_TRUE(parse_cpu_list(wrong).empty()) << wrong;
}

}  // namespace
}  // namespace espalier::meters
