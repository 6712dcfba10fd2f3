#include "meters/cpu/cpu_meter.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>

#include "meters/cpu/cpu_info.h"
#include "meters/fake/fake_files.h"
#include "meters/fake/virtual_clock.h"

namespace espalier::meters {
namespace {

/// A pid/stat line of a program with a spiteful name.
std::string process_stat(double own_s, double children_s) {
    const auto ticks = [](double s) {
        return std::to_string(std::llround(s * static_cast<double>(sysconf(_SC_CLK_TCK))));
    };
    return "42 (a) b 1 2 (c)) S 1 2 3 4 5 6 7 8 9 10 " + ticks(own_s) + " 0 0 " + ticks(children_s) +
           " 20 0 1 0 100 0";
}

std::string machine_stat(double busy_s, double idle_s, double steal_s) {
    const auto ticks = [](double s) {
        return std::to_string(std::llround(s * static_cast<double>(sysconf(_SC_CLK_TCK))));
    };
    return "cpu  " + ticks(busy_s) + " 0 0 " + ticks(idle_s) + " 0 0 0 " + ticks(steal_s) +
           " 0 0\ncpu0 0 0\n";
}

TEST(CpuMeter, ReadsProcessMachineAndSteal) {
    FakeFiles files;
    VirtualClock clock;
    files.set("proc/42/stat", process_stat(1, 2));
    files.set("proc/stat", machine_stat(10, 20, 0));
    CpuMeter meter(files, clock, 42);
    std::vector<Reading> edges = {meter.read()};
    clock.advance(Seconds(4));
    files.set("proc/42/stat", process_stat(7, 2.5));
    files.set("proc/stat", machine_stat(16, 21, 1));
    edges.push_back(meter.read());
    const CpuUse use = cpu_use(measure(meter.description(), edges));
    EXPECT_NEAR(use.process_time->value(), 6, 1e-9);
    EXPECT_NEAR(use.children_time->value(), 0.5, 1e-9);
    EXPECT_NEAR(*use.process_cpus, 1.5, 1e-9);
    EXPECT_NEAR(use.machine->value(), 6.0 / 8, 1e-9);
    EXPECT_NEAR(use.steal->value(), 1.0 / 8, 1e-9);
}

TEST(CpuMeter, AnEndedProcessIsAGap) {
    FakeFiles files;
    VirtualClock clock;
    files.set("proc/42/stat", process_stat(1, 2));
    files.set("proc/stat", machine_stat(10, 20, 0));
    CpuMeter meter(files, clock, 42);
    std::vector<Reading> edges = {meter.read()};
    clock.advance(Seconds(1));
    files.remove("proc/42");
    edges.push_back(meter.read());
    const auto window = measure(meter.description(), edges);
    EXPECT_EQ(window.validity, Validity::kGap);
    EXPECT_FALSE(cpu_use(window).process_time);
    EXPECT_TRUE(window.amount("machine-busy"));
}

TEST(CpuMeter, ReadsThisProcess) {
    SystemFiles files;
    MonotonicClock clock;
    if (!files.exists("proc/self/stat")) GTEST_SKIP() << "no /proc here";
    CpuMeter meter(files, clock);
    const std::vector<Reading> edges = {meter.read(), meter.read()};
    EXPECT_TRUE(measure(meter.description(), edges).valid());
}

TEST(CpuInfo, CountsSocketsAndProcessors) {
    FakeFiles files;
    files.set(
        "proc/cpuinfo",
        "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Xeon\nphysical id\t: 0\ncpu cores\t: 1\n"
        "flags\t\t: fpu avx2\n\nprocessor\t: 1\nphysical id\t: 1\n");
    const CpuInfo info = read_cpu_info(files);
    EXPECT_EQ(info.logical_cpus, 2);
    EXPECT_EQ(info.sockets, 2);
    EXPECT_EQ(info.model, "Xeon");
    EXPECT_TRUE(info.has_flag("avx2"));
    EXPECT_FALSE(info.has_flag("hypervisor"));
}

}  // namespace
}  // namespace espalier::meters
