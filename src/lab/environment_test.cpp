#include "lab/environment.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

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

TEST(Environment, ReadsTheConditions) {
    const auto conditions = read_conditions(machine());
    EXPECT_DOUBLE_EQ(*conditions.load, 0.5);
    EXPECT_DOUBLE_EQ(*conditions.temperature_c, 45.5);
    EXPECT_EQ(conditions.governor, "powersave");
    EXPECT_DOUBLE_EQ(*conditions.available_bytes, 600 * 1024.0);
}

TEST(Environment, WhatCannotBeReadIsUnknown) {
    const auto conditions = read_conditions(meters::FakeFiles());
    EXPECT_FALSE(conditions.load);
    EXPECT_FALSE(conditions.temperature_c);
    EXPECT_FALSE(conditions.available_bytes);
    const auto json = to_json(conditions, conditions);
    EXPECT_TRUE(json["before"]["load_1min"].is_null());
    EXPECT_TRUE(json["steal_share"].is_null());
    EXPECT_TRUE(judge_conditions(conditions, conditions, 4, 2).empty());
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
    const auto json = to_json(before, read_conditions(files, discovery.gpus));
    EXPECT_EQ(json["before"]["gpus"][0]["uuid"], "GPU-1");
    EXPECT_EQ(json["before"]["gpus"][0]["throttle_reasons"][0], "idle");
    EXPECT_EQ(json["after"]["gpus"][0]["throttle_reasons"][0], "thermal");
    const auto described = describe_machine(files, discovery);
    EXPECT_EQ(described["gpus"][0]["power_limit_w"], 700.0);
    EXPECT_EQ(described["meters"][0]["name"], "nvml-energy");
    EXPECT_EQ(described["meters"][0]["part"], "gpu");
    // A GPU's counter does not make up for a processor that is not measured.
    EXPECT_EQ(codes(judge_machine(files, discovery)).back(), "no-energy-meter");
}

TEST(Environment, NoticesWhatDisturbsATrial) {
    auto files = machine();
    const auto before = read_conditions(files);
    files.set("proc/stat", "cpu  150 0 0 940 0 0 0 10 0 0");
    files.set("sys/devices/system/cpu/cpufreq/policy0/scaling_governor", "performance");
    const auto after = read_conditions(files);
    EXPECT_EQ(codes(judge_conditions(before, after, 4, 2)), (std::vector<std::string>{"steal", "governor"}));
    EXPECT_NEAR(to_json(before, after)["steal_share"].get<double>(), 0.1, 1e-9);
    auto busy = before;
    busy.load = 3.0;
    EXPECT_EQ(codes(judge_conditions(busy, busy, 4, 2)), (std::vector<std::string>{"load"}));
}

TEST(Environment, SaysWhatWeakensAStudyHere) {
    const meters::Discovery nothing;
    EXPECT_EQ(codes(judge_machine(machine(), nothing)),
              (std::vector<std::string>{"governor", "virtual-machine", "no-energy-meter"}));
    EXPECT_EQ(describe_machine(machine(), nothing)["cpu"], "Invented");
}

}  // namespace
}  // namespace espalier::lab
