#include "lab/conditions.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "meters/fake/fake_files.h"

namespace espalier::lab {
namespace {

std::vector<std::string> codes(const std::vector<store::NoteRecord>& notes) {
    std::vector<std::string> words;
    for (const auto& note : notes) words.push_back(note.code);
    return words;
}

using Codes = std::vector<std::string>;

/// A laptop of one processor at rest: sensor at 45.5 degrees and a hotter disk, on its charger.
meters::FakeFiles machine() {
    meters::FakeFiles files;
    files.set("proc/loadavg", "0.50 0.40 0.30 1/100 1234");
    files.set("proc/meminfo", "MemTotal:  1000 kB\nMemAvailable:  600 kB");
    files.set("proc/stat", "cpu  100 0 0 900 0 0 0 0 0 0");
    files.set("proc/vmstat", "nr_free_pages 7\npswpin 3\npswpout 4\n");
    files.set("sys/devices/system/cpu/cpufreq/policy0/scaling_governor", "powersave");
    files.set("sys/devices/system/cpu/cpufreq/policy0/scaling_cur_freq", "2400000");
    files.set("sys/devices/system/cpu/intel_pstate/no_turbo", "1");
    files.set("sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count", "5");
    files.set("sys/class/powercap/intel-rapl:0/constraint_0_power_limit_uw", "28000000");
    files.set("sys/class/power_supply/BAT0/type", "Battery");
    files.set("sys/class/power_supply/BAT0/status", "Full");
    files.set("sys/class/hwmon/hwmon0/name", "coretemp");
    files.set("sys/class/hwmon/hwmon0/temp1_input", "45500");
    files.set("sys/class/hwmon/hwmon1/name", "nvme");
    files.set("sys/class/hwmon/hwmon1/temp1_input", "80000");
    return files;
}

/// The codes noted when a file of the machine changed during a trial that used no processor time.
Codes after_change(const std::string& path, const std::string& text) {
    auto files = machine();
    const auto before = read_conditions(files);
    files.set(path, text);
    return codes(judge_conditions(before, read_conditions(files), {4, 2, Seconds(0)}));
}

// Requirement 24.
TEST(Conditions, AreRead) {
    const auto conditions = read_conditions(machine());
    EXPECT_DOUBLE_EQ(*conditions.load, 0.5);
    EXPECT_DOUBLE_EQ(*conditions.temperature_c, 45.5);
    EXPECT_EQ(conditions.governor, "powersave");
    EXPECT_FALSE(*conditions.turbo);
    EXPECT_DOUBLE_EQ(*conditions.clock_mhz, 2400.0);
    EXPECT_EQ(*conditions.throttle_events, 5);
    EXPECT_DOUBLE_EQ(*conditions.power_limit_w, 28.0);
    EXPECT_FALSE(*conditions.on_battery);
    EXPECT_DOUBLE_EQ(*conditions.available_bytes, 600 * 1024.0);
    EXPECT_EQ(*conditions.swapped_pages, 7);
}

TEST(Conditions, ThatCannotBeReadAreUnknown) {
    const auto conditions = read_conditions(meters::FakeFiles());
    EXPECT_FALSE(conditions.load);
    EXPECT_FALSE(conditions.temperature_c);
    EXPECT_FALSE(conditions.turbo);
    EXPECT_FALSE(conditions.clock_mhz);
    EXPECT_FALSE(conditions.throttle_events);
    EXPECT_FALSE(conditions.power_limit_w);
    EXPECT_FALSE(conditions.on_battery);
    EXPECT_FALSE(conditions.available_bytes);
    EXPECT_FALSE(conditions.swapped_pages);
    const auto json = to_json(conditions, conditions, Seconds(0));
    EXPECT_TRUE(json["before"]["load_1min"].is_null());
    EXPECT_TRUE(json["steal_share"].is_null());
    EXPECT_TRUE(json["foreign_share"].is_null());
    EXPECT_TRUE(judge_conditions(conditions, conditions, {4, 2, Seconds(0)}).empty());
}

// Requirement 24.
TEST(Conditions, EachDisturbanceIsNoted) {
    EXPECT_EQ(after_change("sys/devices/system/cpu/cpufreq/policy0/scaling_governor", "performance"),
              Codes{"governor"});
    EXPECT_EQ(after_change("sys/devices/system/cpu/intel_pstate/no_turbo", "0"), Codes{"turbo"});
    EXPECT_EQ(after_change("sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count", "6"),
              Codes{"throttled"});
    EXPECT_EQ(after_change("sys/class/powercap/intel-rapl:0/constraint_0_power_limit_uw", "15000000"),
              Codes{"power-limit"});
    EXPECT_EQ(after_change("sys/class/power_supply/BAT0/status", "Discharging"), Codes{"battery"});
    EXPECT_EQ(after_change("proc/vmstat", "pswpin 3\npswpout 5\n"), Codes{"swap"});
    EXPECT_EQ(after_change("proc/loadavg", "0.60 0.40 0.30 1/100 1234"), Codes{});
}

// Requirements 15 and 24.
TEST(Conditions, StolenTimeIsTold) {
    EXPECT_EQ(after_change("proc/stat", "cpu  100 0 0 990 0 0 0 10 0 0"), Codes{"steal"});
    EXPECT_EQ(after_change("proc/stat", "cpu  100 0 0 1900 0 0 0 10 0 0"), Codes{});
}

// Requirement 24.
TEST(Conditions, OtherProgramsAreToldFromTheTrialItself) {
    auto files = machine();
    const auto before = read_conditions(files);
    // 100 ticks at work and 100 at rest; a tick is a hundredth of a second.
    files.set("proc/stat", "cpu  200 0 0 1000 0 0 0 0 0 0");
    const auto after = read_conditions(files);
    EXPECT_EQ(codes(judge_conditions(before, after, {4, 2, Seconds(0.9)})), Codes{});
    EXPECT_EQ(codes(judge_conditions(before, after, {4, 2, Seconds(0.7)})), Codes{"foreign-load"});
    EXPECT_NEAR(to_json(before, after, Seconds(0.7))["foreign_share"].get<double>(), 0.15, 1e-9);
    auto busy = before;
    busy.load = 3.0;
    EXPECT_EQ(codes(judge_conditions(busy, busy, {4, 2, Seconds(0)})), Codes{"load"});
}

TEST(Conditions, TheStartTemperatureComesBack) {
    const auto conditions = read_conditions(machine());
    EXPECT_EQ(start_temperature(to_json(conditions, conditions, Seconds(0)).dump()), 45.5);
    EXPECT_EQ(start_temperature("{}"), std::nullopt);
    EXPECT_EQ(start_temperature("no JSON"), std::nullopt);
}

}  // namespace
}  // namespace espalier::lab
