#include "meters/doctor.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "meters/fake/fake_perf.h"
#include "meters/fake/fake_powercap.h"
#include "meters/fake/virtual_clock.h"

namespace espalier::meters {
namespace {

class Doctor : public testing::Test {
  protected:
    /// A quiet machine that can measure everything; every test spoils one thing.
    Doctor() {
        add_rapl_zone(files_, {"intel-rapl:0", "package-0"}, plant_, clock_);
        files_.set("proc/cpuinfo",
                   "processor\t: 0\nmodel name\t: Xeon\nflags\t\t: fpu avx2\n\nprocessor\t: 1\n");
        files_.set("proc/stat", "cpu  100 0 0 900 0 0 0 0 0 0");
        files_.set("proc/self/stat", "1 (x) S 1 2 3 4 5 6 7 8 9 10 1 1 1 1 20");
        files_.set("proc/self/status", "VmHWM: 1 kB\nVmRSS: 1 kB");
        files_.set("proc/loadavg", "0.02 0.01 0.00 1/100 200");
        files_.set("proc/meminfo",
                   "MemTotal: 8000000 kB\nMemAvailable: 7000000 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB");
        files_.set(cpu_ + "/cpufreq/policy0/scaling_governor", "performance");
        files_.set(cpu_ + "/intel_pstate/no_turbo", "1");
        files_.set(cpu_ + "/smt/active", "0");
    }

    Check check(const std::string& id) {
        for (const Check& check : diagnose({files_, clock_, std::nullopt, 0}).checks) {
            if (check.id == id) return check;
        }
        ADD_FAILURE() << "no check " << id;
        return {};
    }

    FakeFiles files_;
    VirtualClock clock_;
    ConstantPlant plant_{Watts(10)};
    std::string cpu_ = "sys/devices/system/cpu";
};

TEST_F(Doctor, AQuietMachineIsCleanButForItsKernels) {
    const Diagnosis diagnosis = diagnose({files_, clock_, std::nullopt, 0});
    for (const Check& check : diagnosis.checks) {
        if (check.id == "isa") continue;  // what this test runs on
        EXPECT_NE(check.state, CheckState::kWarn) << check.id << ": " << check.meaning;
        EXPECT_NE(check.state, CheckState::kFail) << check.id << ": " << check.meaning;
        EXPECT_FALSE(check.meaning.empty()) << check.id;
    }
    EXPECT_EQ(diagnosis.can.front(), "measure energy of 1 CPU package (tier B)");
    EXPECT_NE(fix_script(diagnosis).find("Nothing to do"), std::string::npos);
}

TEST_F(Doctor, NoPermissionFailsWithAScript) {
    files_.set_error("sys/class/powercap/intel-rapl:0/energy_uj", EACCES);
    EXPECT_EQ(check("rapl").state, CheckState::kFail);
    EXPECT_NE(check("rapl").fix.find("--fix-script"), std::string::npos);
    const std::string script = fix_script(diagnose({files_, clock_, std::nullopt, 0}));
    EXPECT_EQ(script.rfind("#!/bin/sh", 0), 0u);
    EXPECT_NE(script.find("60-espalier-rapl.rules"), std::string::npos);
    EXPECT_EQ(diagnose({files_, clock_, std::nullopt, 0}).cannot.front(),
              "measure energy of the processor (it would be modelled from processor time, and marked so)");
}

TEST_F(Doctor, TellsTierPeriodAndErrorOfAMeter) {
    EXPECT_EQ(check("rapl").meaning,
              "tier B, a new value each 1 ms, steady power known to 0.1 % in 1 s: 1 CPU package");
}

TEST_F(Doctor, OneWayToACounterIsEnough) {
    // powercap works, so that perf without permission is no problem.
    add_power_events(files_, "0", {"energy-pkg"});
    FakePerf perf;
    perf.add(2, 0, {plant_, clock_});
    const auto checks = [&] {
        std::map<std::string, Check> by_id;
        for (const Check& check : diagnose({files_, clock_, std::nullopt, 0, {}, &perf}).checks)
            by_id[check.id] = check;
        return by_id;
    };
    perf.refuse(EACCES);
    EXPECT_EQ(checks()["perf"].state, CheckState::kAbsent);
    EXPECT_TRUE(checks()["perf"].script.empty());
    EXPECT_EQ(checks()["rapl"].state, CheckState::kOk);
    // Neither works: the fix allows perf alone.
    files_.set_error("sys/class/powercap/intel-rapl:0/energy_uj", EACCES);
    EXPECT_EQ(checks()["perf"].state, CheckState::kFail);
    EXPECT_EQ(checks()["rapl"].state, CheckState::kAbsent);
    const std::string script = fix_script(diagnose({files_, clock_, std::nullopt, 0, {}, &perf}));
    EXPECT_NE(script.find("setcap cap_perfmon+ep"), std::string::npos);
    EXPECT_EQ(script.find("60-espalier-rapl.rules"), std::string::npos);
    // Both work: perf is read, and powercap says so.
    files_.remove("sys/class/powercap/intel-rapl:0/energy_uj");
    add_rapl_zone(files_, {"intel-rapl:0", "package-0"}, plant_, clock_);
    perf.refuse(0);
    EXPECT_EQ(checks()["perf"].state, CheckState::kOk);
    EXPECT_EQ(checks()["rapl"].meaning, "not used: perf reads the same counters");
}

TEST_F(Doctor, AbsenceIsNoFailure) {
    files_.remove("sys/class/powercap");
    EXPECT_EQ(check("rapl").state, CheckState::kAbsent);
    EXPECT_TRUE(check("rapl").script.empty());
}

TEST_F(Doctor, SeesEachSourceOfNoise) {
    const std::vector<std::tuple<std::string, std::string, std::string>> spoilers = {
        {"governor", cpu_ + "/cpufreq/policy1/scaling_governor", "powersave"},
        {"turbo", cpu_ + "/intel_pstate/no_turbo", "0"},
        {"smt", cpu_ + "/smt/active", "1"},
        {"load", "proc/loadavg", "1.50 1 1 1/100 200"},
        {"swap", "proc/meminfo", "SwapTotal: 2000000 kB\nSwapFree: 1000000 kB"},
        {"virtualization", "proc/cpuinfo", "processor\t: 0\nflags\t: hypervisor\n"},
        {"steal", "proc/stat", "cpu  100 0 0 800 0 0 0 100 0 0"},
        {"cpu-quota", "sys/fs/cgroup/cpu.max", "150000 100000"},
        {"nmi-watchdog", "proc/sys/kernel/nmi_watchdog", "1"},
    };
    for (const auto& [id, path, text] : spoilers) {
        EXPECT_NE(check(id).state, CheckState::kWarn) << id;
        files_.set(path, text);
        EXPECT_EQ(check(id).state, CheckState::kWarn) << id;
        EXPECT_FALSE(check(id).fix.empty()) << id;
    }
    EXPECT_FALSE(diagnose({files_, clock_, std::nullopt, 0}).clean());
}

TEST_F(Doctor, SeesABatteryButNotThatOfAMouse) {
    files_.set("sys/class/power_supply/mouse/type", "Battery");
    files_.set("sys/class/power_supply/mouse/scope", "Device");
    files_.set("sys/class/power_supply/mouse/status", "Discharging");
    EXPECT_EQ(check("battery").state, CheckState::kOk);
    files_.set("sys/class/power_supply/BAT0/type", "Battery");
    files_.set("sys/class/power_supply/BAT0/status", "Discharging");
    EXPECT_EQ(check("battery").state, CheckState::kWarn);
}

TEST_F(Doctor, SeesTheHottestProcessorSensor) {
    files_.set("sys/class/hwmon/hwmon0/name", "nvme");
    files_.set("sys/class/hwmon/hwmon0/temp1_input", "90000");
    files_.set("sys/class/hwmon/hwmon1/name", "coretemp");
    files_.set("sys/class/hwmon/hwmon1/temp1_input", "41000");
    EXPECT_EQ(check("temperature").meaning, "41 degrees Celsius");
    files_.set("sys/class/hwmon/hwmon1/temp2_input", "82000");
    EXPECT_EQ(check("temperature").state, CheckState::kWarn);
}

TEST_F(Doctor, JsonHasNullWhereTheMachineDoesNotTell) {
    const auto json = to_json(diagnose({files_, clock_, std::nullopt, 0}));
    EXPECT_TRUE(json["environment"]["temperature_c"].is_null());
    EXPECT_TRUE(json["environment"]["hypervisor"].is_null());
    EXPECT_EQ(json["environment"]["cpu"]["logical_cpus"], 2);
    EXPECT_EQ(json["environment"]["turbo"], false);
    EXPECT_EQ(json["environment"]["memory_bytes"], 8192000000);
    EXPECT_EQ(json["problems"], 0);
}

TEST(DoctorAnywhere, AnEmptyTreeDoesNotConfuseIt) {
    FakeFiles files;
    VirtualClock clock;
    const Diagnosis diagnosis = diagnose({files, clock, std::nullopt, 0});
    EXPECT_EQ(diagnosis.cannot.front(), "measure energy of the processor: no source works here");
}

}  // namespace
}  // namespace espalier::meters
