#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "meters/fake/fake_files.h"
#include "meters/fake/virtual_clock.h"
#include "meters/nvml/nvml.h"
#include "meters/nvml/snapshot.h"
#include "meters/window.h"

namespace espalier::meters::nvml {
namespace {

// Shared libraries built from tests/stubs/nvml.cpp: one like that of an old driver, one that does not fit the
// driver.
constexpr const char* kOldDriver = ESPALIER_NVML_STUB;
constexpr const char* kMismatch = ESPALIER_NVML_STUB_MISMATCH;

Availability refusal(const std::string& file) {
    const Opened opened = open_library(file);
    const Availability* why = std::get_if<Availability>(&opened);
    EXPECT_NE(why, nullptr) << file;
    return why == nullptr ? Availability{} : *why;
}

TEST(NvmlLibrary, IsLoadedAndAsked) {
    FakeFiles files;
    VirtualClock clock(Seconds(1));
    Discovery discovery;
    Access access;
    access.open = [] { return open_library(kOldDriver); };
    discover_nvml({files, clock, std::nullopt, 0, access}, discovery);
    ASSERT_EQ(discovery.gpus.size(), 1u);
    EXPECT_EQ(discovery.gpus[0].uuid, "GPU-57ab57ab-0000-4000-8000-000000000001");
    EXPECT_EQ(discovery.gpus[0].name, "Stub of a GPU");
    EXPECT_EQ(discovery.gpus[0].pci, "00000000:0B:00.0");
    EXPECT_EQ(discovery.gpus[0].library->driver_version(), "450.00");

    // The stub counts 25 J at each call.
    Meter* energy = discovery.find("nvml-energy");
    ASSERT_NE(energy, nullptr);
    std::vector<Reading> readings = {energy->read()};
    clock.advance(Seconds(1));
    readings.push_back(energy->read());
    EXPECT_NEAR(measure(energy->description(), readings).energy->value(), 25, 1e-9);

    // It has no field values, so power comes from the function that every driver has.
    Meter* power = discovery.find("nvml-power");
    ASSERT_NE(power, nullptr);
    EXPECT_NE(power->description().source.find("nvmlDeviceGetPowerUsage"), std::string::npos);
    EXPECT_NEAR(number(std::get<Value>(power->read().zones.at(0)).amount), 61.5, 1e-9);

    // It knows the throttle reasons by their old name only, and no ECC.
    const Snapshot snapshot = look_at(discovery.gpus[0]);
    EXPECT_EQ(snapshot.slowdowns(), std::vector<std::string>{"power cap"});
    EXPECT_FALSE(snapshot.ecc);
    EXPECT_EQ(snapshot.temperature_c, 44u);
    EXPECT_EQ(discovery.find("nvml-memory"), nullptr);
}

TEST(NvmlLibrary, ThatIsNotThereIsAbsent) {
    const Availability why = refusal("libespalier-has-no-such-library.so.1");
    EXPECT_EQ(why.state, State::kAbsent);
    EXPECT_NE(why.fix.find("driver"), std::string::npos);
}

TEST(NvmlLibrary, ThatDoesNotFitTheDriverIsBroken) {
    const Availability why = refusal(kMismatch);
    EXPECT_EQ(why.state, State::kBroken);
    EXPECT_NE(why.reason.find("different versions"), std::string::npos);
    EXPECT_NE(why.fix.find("restart"), std::string::npos);
}

TEST(NvmlLibrary, ThatIsSomethingElseIsBroken) {
    EXPECT_EQ(refusal("libc.so.6").state, State::kBroken);
    const auto path =
        std::filesystem::path(testing::TempDir()) / ("no-library-" + std::to_string(::getpid()) + ".so");
    std::ofstream(path) << "this is no shared library, only its name says so";
    EXPECT_EQ(refusal(path.string()).state, State::kBroken);
    std::filesystem::remove(path);
}

}  // namespace
}  // namespace espalier::meters::nvml
