#include "meters/msr/msr.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "meters/fake/fake_sensors.h"
#include "meters/fake/virtual_clock.h"
#include "meters/msr/registers.h"
#include "meters/window.h"

namespace espalier::meters {
namespace {

constexpr int kSkylakeClient = 0x5e;
constexpr int kSkylakeServer = 0x55;
constexpr int kUnheardOf = 0xfe;
constexpr std::uint32_t kPackage = 0x611;
constexpr std::uint32_t kDram = 0x619;
constexpr std::uint32_t kCore = 0x639;

class Msr : public testing::Test {
  protected:
    RaplCandidate find() { return find_msr({files_, clock_, std::nullopt, 0}); }

    /// A processor of which CPU `cpu` is one; both registers count in 2^-14 J, DRAM in 2^-16 J.
    void add_package(int cpu, int package, int die = 0) {
        add_msr(files_, {cpu, package, die});
        add_energy_register(files_, cpu, kPackage, {ten_, clock_});
        add_energy_register(files_, cpu, kCore, {three_, clock_});
        add_energy_register(files_, cpu, kDram, {three_, clock_, Joules(1.0 / 65536)});
    }

    WindowReading window(Meter& meter) {
        std::vector<Reading> edges = {meter.read()};
        clock_.advance(Seconds(10));
        edges.push_back(meter.read());
        return measure(meter.description(), edges);
    }

    FakeFiles files_;
    VirtualClock clock_{Seconds(100)};
    ConstantPlant ten_{Watts(10)};
    ConstantPlant three_{Watts(3)};
};

TEST_F(Msr, ReadsOneCpuOfEachPackage) {
    add_intel_cpu(files_, kSkylakeServer);
    const std::pair<int, int> places[] = {{0, 0}, {1, 1}, {2, 0}, {10, 1}};
    for (const auto& [cpu, package] : places) add_package(cpu, package);
    const RaplCandidate candidate = find();
    ASSERT_NE(candidate.meter, nullptr) << candidate.finding.availability.reason;
    EXPECT_EQ(candidate.finding.availability.reason, "2 CPU packages + DRAM");
    const WindowReading result = window(*candidate.meter);
    EXPECT_NEAR(result.energy->value(), 2 * (100 + 30), 4.0 / 16384);
    EXPECT_NEAR(number(*result.amount("package-1/core")), 30, 1.0 / 16384);
}

TEST_F(Msr, ServersCountDramInAUnitOfTheirOwn) {
    const auto unit = [](int model) -> std::optional<Joules> {
        CpuInfo cpu;
        cpu.vendor = "GenuineIntel";
        cpu.family = 6;
        cpu.number = model;
        const auto known = rapl_registers(cpu);
        for (const EnergyRegister& energy : known->energies) {
            if (energy.domain == "dram") return energy.unit.value_or(Joules(-1));
        }
        return std::nullopt;
    };
    EXPECT_EQ(unit(kSkylakeServer), Joules(1.0 / 65536));
    EXPECT_EQ(unit(kSkylakeClient), Joules(-1));  // the unit register tells
    EXPECT_EQ(unit(kUnheardOf), std::nullopt);
    EXPECT_EQ(energy_unit(0xa0e03), Joules(1.0 / 16384));
    EXPECT_EQ(energy_unit(0xa1003), Joules(1.0 / 65536));
}

TEST_F(Msr, LeavesOutDramOfAnUnknownModelAndSaysSo) {
    add_intel_cpu(files_, kUnheardOf);
    add_package(0, 0);
    const RaplCandidate candidate = find();
    EXPECT_EQ(candidate.finding.availability.reason, "1 CPU package");
    EXPECT_NE(candidate.meter->description().notes.at(0).find("DRAM"), std::string::npos);
    EXPECT_NEAR(window(*candidate.meter).energy->value(), 100, 1.0 / 16384);
}

TEST_F(Msr, RefusesAtomsWhoseUnitIsAnother) {
    add_intel_cpu(files_, 0x37);
    add_package(0, 0);
    EXPECT_EQ(find().finding.availability.state, State::kUnsupported);
}

TEST_F(Msr, ReadsAmdSocketsOnceWhateverTheirDies) {
    add_amd_cpu(files_);
    for (const int die : {0, 1}) {
        add_msr(files_, {die, 0, die, 0xC0010299, 16});
        add_energy_register(files_, die, 0xC001029B, {ten_, clock_, Joules(1.0 / 65536)});
    }
    const RaplCandidate candidate = find();
    ASSERT_NE(candidate.meter, nullptr) << candidate.finding.availability.reason;
    EXPECT_FALSE(candidate.meter->has_ambiguous_dies());
    EXPECT_NEAR(window(*candidate.meter).energy->value(), 100, 1.0 / 65536);
    EXPECT_NEAR(candidate.meter->description().longest_gap->value(), 65536.0 / 1000 / 4, 1e-9);
}

TEST_F(Msr, DiesOfAnIntelPackageAreAmbiguous) {
    add_intel_cpu(files_, kSkylakeServer);
    add_package(0, 0, 0);
    add_package(8, 0, 1);
    EXPECT_EQ(window(*find().meter).validity, Validity::kAmbiguousTotal);
}

TEST_F(Msr, TellsWhyNot) {
    EXPECT_EQ(find().finding.availability.state, State::kAbsent);
    EXPECT_NE(find().finding.availability.fix.find("modprobe msr"), std::string::npos);
    add_intel_cpu(files_, kSkylakeClient);
    add_package(0, 0);
    files_.set_register_error("dev/cpu/0/msr", 0x606, EPERM);
    EXPECT_EQ(find().finding.availability.state, State::kNoPermission);
    EXPECT_NE(find().finding.availability.fix.find("cap_sys_rawio"), std::string::npos);
    files_.set_register_error("dev/cpu/0/msr", 0x606, EIO);
    EXPECT_EQ(find().finding.availability.state, State::kUnsupported);
}

TEST_F(Msr, RefusesFilteredEnergy) {
    add_intel_cpu(files_, kSkylakeClient);
    add_package(0, 0);
    files_.set_register("dev/cpu/0/msr", 0xBC, [] { return 1; });
    const Availability found = find().finding.availability;
    EXPECT_EQ(found.state, State::kUnsupported);
    EXPECT_NE(found.reason.find("noise"), std::string::npos);
}

TEST_F(Msr, APackageWithoutItsRegisterIsNotLeftOutOfTheTotal) {
    add_intel_cpu(files_, kSkylakeClient);
    add_package(0, 0);
    add_msr(files_, {1, 1});
    EXPECT_EQ(find().meter, nullptr);
}

/// Registers in a sparse file, as the kernel's device shows them: the offset is the register's number.
class MsrFile : public testing::Test {
  protected:
    MsrFile() {
        root_ = std::filesystem::path(testing::TempDir()) / ("msr-" + std::to_string(::getpid()));
        std::filesystem::create_directories(root_ / "dev/cpu/0");
    }
    ~MsrFile() override { std::filesystem::remove_all(root_); }

    void write(std::uint64_t offset, const void* data, std::streamsize size) {
        std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
        if (!file) file.open(path(), std::ios::out | std::ios::binary);
        file.seekp(static_cast<std::streamoff>(offset));
        file.write(static_cast<const char*>(data), size);
    }
    std::filesystem::path path() const { return root_ / "dev/cpu/0/msr"; }

    std::filesystem::path root_;
};

TEST_F(MsrFile, AreReadAtTheirOffset) {
    const std::uint64_t value = 0x1234567890abcdef;
    write(0xC001029B, &value, sizeof value);
    const SystemFiles files(root_);
    EXPECT_EQ(files.read_register("dev/cpu/0/msr", 0xC001029B).value, value);
    EXPECT_EQ(files.read_register("dev/cpu/0/msr", kPackage).value, 0u);  // a hole of the file
    EXPECT_EQ(files.read_register("dev/cpu/1/msr", kPackage).error, ENOENT);
}

TEST_F(MsrFile, AShortReadIsAnError) {
    write(kPackage, "abc", 3);
    const RegisterContent content = SystemFiles(root_).read_register("dev/cpu/0/msr", kPackage);
    EXPECT_EQ(content.error, EIO);
}

}  // namespace
}  // namespace espalier::meters
