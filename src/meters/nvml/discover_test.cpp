#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "meters/doctor.h"
#include "meters/fake/fake_nvml.h"
#include "meters/fake/fake_powercap.h"
#include "meters/fake/virtual_clock.h"
#include "meters/nvml/nvml.h"
#include "meters/sampler.h"

namespace espalier::meters::nvml {
namespace {

class GpuDiscovery : public testing::Test {
  protected:
    GpuDiscovery()
        : gpu_(fake_.add({.plant = &plant_, .uuid = "GPU-0a", .utilization = 40, .memory_used = 5000})),
          access_(fake_.access()) {}

    Discovery find() {
        Discovery discovery;
        discover_nvml({files_, clock_, std::nullopt, 0, access_}, discovery);
        return discovery;
    }
    /// The only finding.
    Finding finding() {
        const Discovery discovery = find();
        EXPECT_EQ(discovery.findings.size(), 1u);
        EXPECT_TRUE(discovery.meters.empty());
        return discovery.findings.at(0);
    }
    Finding finding(const std::string& source) {
        for (const Finding& finding : find().findings) {
            if (finding.source == source) return finding;
        }
        ADD_FAILURE() << "no finding " << source;
        return {};
    }
    Check check(const std::string& id) {
        for (const Check& check : diagnose({files_, clock_, std::nullopt, 0, access_}).checks) {
            if (check.id == id) return check;
        }
        ADD_FAILURE() << "no check " << id;
        return {};
    }

    FakeFiles files_;
    VirtualClock clock_{Seconds(100)};
    ConstantPlant plant_{Watts(300)};
    FakeNvml fake_{clock_};
    FakeGpu& gpu_;
    Access access_;
};

// Requirement 7.
TEST_F(GpuDiscovery, FindsFourMetersWithTheirTiers) {
    const Discovery discovery = find();
    ASSERT_EQ(discovery.meters.size(), 4u);
    ASSERT_EQ(discovery.findings.size(), 4u);
    EXPECT_EQ(discovery.find("nvml-energy")->description().tier, Tier::kHardwareCounter);
    EXPECT_EQ(discovery.find("nvml-power")->description().tier, Tier::kIntegratedSensor);
    EXPECT_EQ(discovery.find("nvml-utilization")->description().tier, Tier::kNone);
    EXPECT_EQ(discovery.gpus.size(), 1u);
    for (const Finding& finding : discovery.findings) EXPECT_EQ(finding.availability.state, State::kOk);
}

TEST_F(GpuDiscovery, TheEnergyOfAGpuIsNotThatOfTheProcessor) {
    EXPECT_EQ(find().best_energy_tier(), Tier::kNone);
    EXPECT_EQ(find().best_energy_tier(Part::kGpu), Tier::kHardwareCounter);
}

TEST_F(GpuDiscovery, AllMetersOfAWindow) {
    const Discovery discovery = find();
    std::vector<Meter*> meters;
    for (const auto& meter : discovery.meters) meters.push_back(meter.get());
    Sampler sampler(meters, clock_);
    const Mark begin = sampler.mark();
    for (int i = 0; i < 100; ++i) {
        clock_.advance(Seconds(0.1));
        sampler.sample();
    }
    const auto windows = sampler.windows(begin, sampler.mark());
    EXPECT_NEAR(windows[0].energy->value(), 3000, 30.1);
    EXPECT_NEAR(windows[1].energy->value(), 3000, 1);
    EXPECT_NEAR(number(*windows[2].amount("GPU-0a")), 0.4, 1e-9);
    EXPECT_NEAR(number(*windows[2].amount("GPU-0a/memory")), 0.2, 1e-9);
    EXPECT_EQ(number(*windows[3].amount("GPU-0a")), 5000);
    EXPECT_EQ(windows[0].part, Part::kGpu);
}

TEST_F(GpuDiscovery, GapsOfUtilizationAndMemory) {
    const Discovery discovery = find();
    gpu_.utilization = 101;
    gpu_.memory_used = ~0ULL;
    for (const char* meter : {"nvml-utilization", "nvml-memory"}) {
        const ZoneReading zone = discovery.find(meter)->read().zones.at(0);
        ASSERT_TRUE(std::holds_alternative<Gap>(zone)) << meter;
        EXPECT_EQ(std::get<Gap>(zone).kind, GapKind::kMalformed);
    }
    gpu_.lost_at = clock_.now();
    for (const auto& meter : discovery.meters) {
        for (const ZoneReading& zone : meter->read().zones) EXPECT_TRUE(std::holds_alternative<Gap>(zone));
    }
}

TEST_F(GpuDiscovery, SaysWhyThereIsNoLibrary) {
    access_.open = [] { return Opened(Availability{State::kAbsent, "no such file", "install the driver"}); };
    EXPECT_EQ(finding().availability.reason, "no NVIDIA GPU, and no libnvidia-ml.so.1");
    files_.set("sys/bus/pci/devices/0000:01:00.0/vendor", "0x10de");
    files_.set("sys/bus/pci/devices/0000:01:00.0/class", "0x030000");
    EXPECT_EQ(finding().availability.state, State::kAbsent);
    EXPECT_NE(finding().availability.reason.find("is plugged in"), std::string::npos);
    access_.open = nullptr;
    EXPECT_EQ(finding().availability.state, State::kAbsent);
}

TEST_F(GpuDiscovery, AFailedInitializationHasItsFix) {
    const std::tuple<Result, State, const char*> cases[] = {
        {Result::kDriverNotLoaded, State::kBroken, "modprobe nvidia"},
        {Result::kVersionMismatch, State::kBroken, "restart the machine"},
        {Result::kNoPermission, State::kNoPermission, "chmod"},
        {Result::kGpuIsLost, State::kBroken, "gpu-reset"},
        {static_cast<Result>(123), State::kBroken, "nvidia-smi"}};
    for (const auto& [result, state, fix] : cases) {
        fake_.init_result = result;
        EXPECT_EQ(finding().availability.state, state) << describe(result);
        EXPECT_NE(finding().availability.reason.find(describe(result)), std::string::npos);
        EXPECT_NE(finding().availability.fix.find(fix), std::string::npos) << describe(result);
    }
}

TEST_F(GpuDiscovery, ALostGpuIsBroken) {
    gpu_.lost_at = clock_.now();
    EXPECT_EQ(finding().availability.state, State::kBroken);
    EXPECT_NE(finding().availability.reason.find("GPU is lost"), std::string::npos);
}

// Requirement 1.
TEST_F(GpuDiscovery, RefusalsAreTyped) {
    gpu_.refuses["total_energy"] = Result::kNotSupported;
    gpu_.refuses["memory"] = Result::kNoPermission;
    EXPECT_EQ(finding("nvml-energy").availability.state, State::kUnsupported);
    EXPECT_NE(finding("nvml-energy").availability.fix.find("Volta"), std::string::npos);
    EXPECT_EQ(finding("nvml-memory").availability.state, State::kNoPermission);
    EXPECT_EQ(finding("nvml-power").availability.state, State::kOk);
    EXPECT_EQ(find().best_energy_tier(Part::kGpu), Tier::kIntegratedSensor);
}

// Requirement 10.
TEST_F(GpuDiscovery, WithMigUtilizationIsUnsupportedAndEnergyIsOfTheBoard) {
    gpu_.mig = true;
    gpu_.instances = {"MIG-1", "MIG-2"};
    const Finding utilization = finding("nvml-utilization");
    EXPECT_EQ(utilization.availability.state, State::kUnsupported);
    EXPECT_NE(utilization.availability.reason.find("MIG is on"), std::string::npos);
    EXPECT_NE(finding("nvml-energy").availability.reason.find("all its instances"), std::string::npos);
    access_.visible_devices = "MIG-2";
    EXPECT_EQ(find().gpus.at(0).uuid, "GPU-0a");
}

// Requirement 10.
TEST_F(GpuDiscovery, HonoursVisibleDevicesInOrderOfPciAddress) {
    fake_.add(
        {.plant = &plant_, .uuid = "GPU-0b", .pci = "00000000:0A:00.0"});  // before the first on the bus
    access_.visible_devices = "0";
    ASSERT_EQ(find().gpus.size(), 1u);
    EXPECT_EQ(find().gpus[0].uuid, "GPU-0b");
    access_.visible_devices = "GPU-0a,9";
    const Discovery cut = find();
    ASSERT_EQ(cut.gpus.size(), 1u);
    EXPECT_EQ(cut.gpus[0].uuid, "GPU-0a");
    EXPECT_NE(cut.find("nvml-energy")->description().notes.at(0).find("ends at '9'"), std::string::npos);
    access_.visible_devices = "";
    EXPECT_EQ(finding().availability.fix, "unset CUDA_VISIBLE_DEVICES");
}

TEST_F(GpuDiscovery, AGpuThatCannotTellIsLeftOutAndNamed) {
    FakeGpu& old =
        fake_.add({.plant = &plant_, .uuid = "GPU-0b", .name = "Tesla P4", .pci = "00000000:2A:00.0"});
    old.refuses["total_energy"] = Result::kNotSupported;
    const Discovery discovery = find();
    const Description& energy = discovery.find("nvml-energy")->description();
    EXPECT_EQ(energy.scope, "1 GPU board");
    EXPECT_NE(energy.notes.at(0).find("without Tesla P4"), std::string::npos);
    EXPECT_EQ(discovery.find("nvml-memory")->description().scope, "2 GPU boards");
}

TEST_F(GpuDiscovery, AnOldLibraryTellsLessAndDoesNotCrash) {
    access_.open = [this] {
        Functions all = fake_.functions();
        Functions old;
        old.init = all.init;
        old.device_count = all.device_count;
        old.device_by_index = all.device_by_index;
        old.uuid = all.uuid;
        old.power_usage = all.power_usage;
        return initialize(old);
    };
    const Discovery discovery = find();
    EXPECT_EQ(discovery.find("nvml-energy"), nullptr);
    ASSERT_NE(discovery.find("nvml-power"), nullptr);
    EXPECT_EQ(discovery.find("nvml-power")->description().averaging, Seconds(1));
    EXPECT_EQ(finding("nvml-energy").availability.state, State::kUnsupported);
    const auto json = to_json(look_at(discovery.gpus.at(0)));
    EXPECT_TRUE(json["temperature_c"].is_null());
    EXPECT_TRUE(json["throttle_reasons"].is_null());
    EXPECT_TRUE(json["power_limit_w"].is_null());
    EXPECT_EQ(check("gpu-persistence").state, CheckState::kAbsent);
    EXPECT_NE(check("gpu").meaning.find("unknown"), std::string::npos);
    access_.open = [] { return initialize(Functions()); };
    EXPECT_EQ(finding().availability.state, State::kBroken);
}

TEST_F(GpuDiscovery, TheSnapshotTellsTheState) {
    gpu_.throttle = 0x4 | 0x20;
    const Snapshot snapshot = look_at(find().gpus.at(0));
    EXPECT_EQ(snapshot.driver_version, "580.82.07");
    EXPECT_EQ(snapshot.slowdowns(), (std::vector<std::string>{"power cap", "thermal"}));
    const auto json = to_json(snapshot);
    EXPECT_EQ(json["power_limit_w"], 700.0);
    EXPECT_EQ(json["temperature_c"], 35);
    EXPECT_EQ(json["persistence_mode"], true);
    EXPECT_EQ(json["ecc"], true);
    EXPECT_EQ(json["mig"], false);
    EXPECT_EQ(json["graphics_mhz"], 1755);
    EXPECT_EQ(json["throttle_reasons"].size(), 2u);
    EXPECT_EQ(check("gpu-throttle").state, CheckState::kWarn);
    gpu_.throttle = 1;
    EXPECT_TRUE(look_at(find().gpus.at(0)).slowdowns().empty());
}

TEST_F(GpuDiscovery, TheDoctorShowsGpuAndProcessorApart) {
    add_rapl_zone(files_, {"intel-rapl:0", "package-0"}, plant_, clock_);
    const Diagnosis diagnosis = diagnose({files_, clock_, std::nullopt, 0, access_});
    EXPECT_EQ(diagnosis.can.at(0), "measure energy of 1 CPU package (tier B)");
    EXPECT_EQ(diagnosis.can.at(1), "measure energy of 1 GPU board (tier B)");
    EXPECT_EQ(check("nvml-energy").state, CheckState::kOk);
    EXPECT_EQ(check("nvml-energy").area, "energy");
    EXPECT_EQ(check("nvml-memory").area, "capability");
    EXPECT_NE(check("gpu").meaning.find("driver 580.82.07"), std::string::npos);
    EXPECT_EQ(check("gpu-persistence").state, CheckState::kOk);
    gpu_.persistence = 0;
    EXPECT_EQ(check("gpu-persistence").fix, "nvidia-smi -pm 1");
    EXPECT_EQ(to_json(diagnosis)["environment"]["gpus"][0]["uuid"], "GPU-0a");
    fake_.init_result = Result::kNoPermission;
    EXPECT_EQ(check("nvml").state, CheckState::kFail);
    EXPECT_NE(fix_script(diagnose({files_, clock_, std::nullopt, 0, access_})).find("NVreg_DeviceFileMode"),
              std::string::npos);
}

TEST_F(GpuDiscovery, TheLibraryIsShutDownWithTheLastMeter) {
    {
        const Discovery discovery = find();
        EXPECT_EQ(fake_.shutdowns(), 0);
    }
    EXPECT_EQ(fake_.shutdowns(), 1);
}

}  // namespace
}  // namespace espalier::meters::nvml
