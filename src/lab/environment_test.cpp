#include "lab/environment.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "lab/conditions.h"
#include "meters/fake/fake_files.h"
#include "meters/fake/fake_nvml.h"
#include "meters/fake/virtual_clock.h"

namespace espalier::lab {
namespace {

std::vector<std::string> codes(const std::vector<store::NoteRecord>& notes) {
    std::vector<std::string> words;
    for (const auto& note : notes) words.push_back(note.code);
    return words;
}

/// A small virtual machine with a processor sensor at 45.5 degrees and a hotter disk.
meters::FakeFiles machine() {
    meters::FakeFiles files;
    files.set("proc/loadavg", "0.50 0.40 0.30 1/100 1234");
    files.set("proc/meminfo", "MemTotal:  1000 kB\nMemAvailable:  600 kB");
    files.set("proc/stat", "cpu  100 0 0 900 0 0 0 0 0 0");
    files.set("proc/cpuinfo", "processor : 0\nmodel name : Invented\nflags : fpu hypervisor\n");
    files.set("sys/devices/system/cpu/cpufreq/policy0/scaling_governor", "powersave");
    files.set("sys/class/hwmon/hwmon0/name", "coretemp");
    files.set("sys/class/hwmon/hwmon0/temp1_input", "45500");
    files.set("sys/class/hwmon/hwmon1/name", "nvme");
    files.set("sys/class/hwmon/hwmon1/temp1_input", "80000");
    return files;
}

TEST(Environment, TellsTheStateOfGpusBeforeAndAfter) {
    const meters::ConstantPlant plant(Watts(70));
    meters::VirtualClock clock(Seconds(1));
    meters::FakeNvml nvml(clock);
    auto& gpu = nvml.add({.plant = &plant, .uuid = "GPU-1"});
    const auto files = machine();
    const auto discovery = meters::discover({.files = files, .clock = clock, .gpus = nvml.access()});
    const auto before = read_conditions(files, discovery.gpus);
    gpu.throttle = 0x20;
    const auto after = read_conditions(files, discovery.gpus);
    const auto json = to_json(before, after, Seconds(0));
    EXPECT_EQ(json["before"]["gpus"][0]["uuid"], "GPU-1");
    EXPECT_EQ(json["before"]["gpus"][0]["throttle_reasons"][0], "idle");
    EXPECT_EQ(json["after"]["gpus"][0]["throttle_reasons"][0], "thermal");
    EXPECT_EQ(codes(judge_conditions(before, after, {})), (std::vector<std::string>{"gpu-throttled"}));
    const auto described = describe_machine(files, discovery);
    EXPECT_EQ(described["gpus"][0]["power_limit_w"], 700.0);
    EXPECT_EQ(described["meters"][0]["name"], "nvml-energy");
    EXPECT_EQ(described["meters"][0]["part"], "gpu");
    // A GPU's counter does not make up for a processor that is not measured.
    EXPECT_EQ(codes(judge_machine(files, discovery, meters::Part::kProcessor)).back(), "no-energy-meter");
    EXPECT_NE(codes(judge_machine(files, discovery, meters::Part::kGpu)).back(), "no-energy-meter");
}

// Requirement 8.
TEST(Environment, WatchesCountersBeforeAStudyTrustsThem) {
    meters::VirtualClock clock(Seconds(10));
    const meters::ConstantPlant plant(Watts(200));
    meters::FakeNvml nvml(clock);
    auto& gpu = nvml.add({.plant = &plant, .uuid = "GPU-1"});
    const auto files = machine();
    const auto discovery = meters::discover({.files = files, .clock = clock, .gpus = nvml.access()});
    EXPECT_TRUE(watch_counters(discovery, clock).empty());
    gpu.frozen_at = clock.now();
    const auto notes = watch_counters(discovery, clock);
    ASSERT_EQ(codes(notes), (std::vector<std::string>{"meter-broken"}));
    EXPECT_EQ(notes[0].text.find("nvml-energy: "), 0u) << notes[0].text;
    EXPECT_TRUE(watch_counters(meters::Discovery(), clock).empty());
}

TEST(Environment, NamesAMachineWithoutTellingWhatItIs) {
    auto files = machine();
    const auto id = machine_id(files);
    EXPECT_EQ(id.size(), 12u);
    EXPECT_EQ(machine_id(machine()), id);
    files.set("etc/machine-id", "0123456789abcdef");
    EXPECT_NE(machine_id(files), id);
}

TEST(Environment, SaysWhatWeakensAStudyHere) {
    const meters::Discovery nothing;
    EXPECT_EQ(codes(judge_machine(machine(), nothing, meters::Part::kProcessor)),
              (std::vector<std::string>{"governor", "virtual-machine", "no-energy-meter"}));
    EXPECT_EQ(describe_machine(machine(), nothing)["cpu"], "Invented");
}

}  // namespace
}  // namespace espalier::lab
