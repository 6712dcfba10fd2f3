#include "meters/powercap/powercap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cmath>

#include "meters/fake/fake_powercap.h"
#include "meters/fake/virtual_clock.h"
#include "meters/rapl/dies.h"
#include "meters/rapl/rapl.h"
#include "meters/sampler.h"

namespace espalier::meters {
namespace {

class Powercap : public testing::Test {
  protected:
    void zone(const std::string& folder, const std::string& name, const Plant& plant) {
        add_rapl_zone(files_, {folder, name}, plant, clock_);
    }
    PowercapMeter meter() { return {files_, clock_, find_powercap_zones(files_)}; }
    /// One window of 10 s.
    WindowReading window(PowercapMeter& meter) {
        std::vector<Reading> edges = {meter.read()};
        clock_.advance(Seconds(10));
        edges.push_back(meter.read());
        return measure(meter.description(), edges);
    }
    DieRelation compare() {
        auto rapl = meter();
        return compare_dies(rapl, clock_);
    }
    Finding find() {
        const RaplCandidate candidate = find_powercap({files_, clock_, std::nullopt, 0});
        EXPECT_EQ(candidate.meter != nullptr, candidate.finding.availability.state == State::kOk);
        return candidate.finding;
    }

    FakeFiles files_;
    VirtualClock clock_;
    ConstantPlant ten_{Watts(10)};
    ConstantPlant three_{Watts(3)};
    ConstantPlant one_{Watts(1)};
};

// Requirement 3.
TEST_F(Powercap, AClientCountsThePackageOnce) {
    // psys around everything, the package again by MMIO, core and uncore within: only the package adds.
    zone("intel-rapl:0", "package-0", ten_);
    zone("intel-rapl:0:0", "core", three_);
    zone("intel-rapl:0:1", "uncore", one_);
    zone("intel-rapl:1", "psys", ten_);
    zone("intel-rapl-mmio:0", "package-0", ten_);
    auto rapl = meter();
    const auto result = window(rapl);
    EXPECT_NEAR(result.energy->value(), 100, 1e-6);
    EXPECT_EQ(result.scope, "1 CPU package");
    EXPECT_EQ(result.tier, Tier::kHardwareCounter);
    EXPECT_NEAR(number(*result.amount("package-0/core")), 30, 1e-6);
    EXPECT_NEAR(number(*result.amount("package-0 (mmio)")), 100, 1e-6);
}

// Requirement 3.
TEST_F(Powercap, MmioAloneStandsForThePackage) {
    zone("intel-rapl-mmio:0", "package-0", ten_);
    auto rapl = meter();
    EXPECT_NEAR(window(rapl).energy->value(), 100, 1e-6);
}

// Requirement 3.
TEST_F(Powercap, AServerAddsSocketsAndDramOnce) {
    zone("intel-rapl:0", "package-0", ten_);
    zone("intel-rapl:0:0", "dram", three_);
    zone("intel-rapl:1", "package-1", ten_);
    zone("intel-rapl:1:0", "dram", one_);
    zone("intel-rapl:2", "psys", ten_);
    auto rapl = meter();
    const auto result = window(rapl);
    EXPECT_NEAR(result.energy->value(), 240, 1e-5);
    EXPECT_EQ(result.scope, "2 CPU packages + DRAM");
}

// Requirement 3.
TEST_F(Powercap, DiesOfOnePackageAreAmbiguousUntilExamined) {
    const RampPlant socket(Watts(10), 1);  // a ramp, so that every window has another load
    zone("intel-rapl:0", "package-0-die-0", socket);
    zone("intel-rapl:1", "package-0-die-1", socket);
    auto rapl = meter();
    EXPECT_TRUE(rapl.has_ambiguous_dies());
    EXPECT_EQ(window(rapl).validity, Validity::kAmbiguousTotal);
    EXPECT_FALSE(rapl.description().notes.empty());

    EXPECT_EQ(examine_dies(rapl, 5, [&](int) { clock_.advance(Seconds(2)); }), DieRelation::kMirrored);
    const Seconds start = clock_.now();
    const auto result = window(rapl);
    EXPECT_NEAR(result.energy->value(), (socket.energy(clock_.now()) - socket.energy(start)).value(), 1e-5);
}

// Requirement 3.
TEST_F(Powercap, RealDiesAreAdded) {
    zone("intel-rapl:0", "package-0-die-0", ten_);
    zone("intel-rapl:0:0", "dram", one_);
    zone("intel-rapl:1", "package-0-die-1", three_);
    zone("intel-rapl:1:0", "dram", one_);
    auto rapl = meter();
    EXPECT_EQ(examine_dies(rapl, 1, [&](int) { clock_.advance(Seconds(2)); }), DieRelation::kDistinct);
    EXPECT_NEAR(window(rapl).energy->value(), 150, 1e-5);
}

// Requirement 3.
TEST_F(Powercap, EqualDiesUnderOneLoadStayUnknown) {
    zone("intel-rapl:0", "package-0-die-0", ten_);
    zone("intel-rapl:1", "package-0-die-1", ten_);
    auto rapl = meter();
    EXPECT_EQ(examine_dies(rapl, 8, [&](int) { clock_.advance(Seconds(2)); }), DieRelation::kUnknown);
    EXPECT_TRUE(rapl.has_ambiguous_dies());
}

TEST_F(Powercap, DiesThatShowOneNumberAreFoundOutAtOnce) {
    const SquarePlant socket(Watts(20), Watts(100), Seconds(0.7));
    add_rapl_zone(files_, {"intel-rapl:0", "package-0-die-0"}, socket, clock_);
    add_rapl_zone(files_, {"intel-rapl:1", "package-0-die-1"}, socket, clock_);
    clock_.advance(Seconds(100));
    EXPECT_EQ(compare(), DieRelation::kMirrored);
    Discovery discovery;
    discover_rapl({files_, clock_, std::nullopt, 0}, discovery);
    std::vector<Reading> edges = {discovery.meters.at(0)->read()};
    clock_.advance(Seconds(7));
    edges.push_back(discovery.meters.at(0)->read());
    EXPECT_NEAR(measure(discovery.meters[0]->description(), edges).energy->value(), 7 * 60, 1e-3);
}

TEST_F(Powercap, DiesThatDrawDifferentlyAreFoundOutAtOnce) {
    zone("intel-rapl:0", "package-0-die-0", ten_);
    zone("intel-rapl:1", "package-0-die-1", three_);
    EXPECT_EQ(compare(), DieRelation::kDistinct);
    zone("intel-rapl:2", "package-1-die-0", ten_);
    zone("intel-rapl:3", "package-1-die-1", ten_);
    EXPECT_EQ(compare(), DieRelation::kUnknown);
}

TEST_F(Powercap, DiesThatDrawAlikeFromDifferentCountsStayUnknown) {
    zone("intel-rapl:0", "package-0-die-0", ten_);
    files_.set_live("sys/class/powercap/intel-rapl:1/energy_uj",
                    [&] { return std::to_string(std::llround(1e6 * (500 + 10 * clock_.now().value()))); });
    files_.set("sys/class/powercap/intel-rapl:1/name", "package-0-die-1");
    EXPECT_EQ(compare(), DieRelation::kUnknown);
    files_.set_error("sys/class/powercap/intel-rapl:1/energy_uj", EACCES);
    EXPECT_EQ(compare(), DieRelation::kUnknown);
}

TEST_F(Powercap, CountersThatStandStillTellNothingOfDies) {
    const ConstantPlant off(Watts(0));
    zone("intel-rapl:0", "package-0-die-0", off);
    zone("intel-rapl:1", "package-0-die-1", off);
    EXPECT_EQ(compare(), DieRelation::kUnknown);
}

TEST_F(Powercap, ACounterThatFreezesWithinAWindowIsAGap) {
    const Seconds freezes(1.3);
    files_.set("sys/class/powercap/intel-rapl:0/name", "package-0");
    files_.set_live("sys/class/powercap/intel-rapl:0/energy_uj", [&] {
        return std::to_string(std::llround(1e7 * std::min(clock_.now(), freezes).value()));
    });
    auto rapl = meter();
    std::vector<Reading> readings = {rapl.read()};
    for (int i = 0; i < 20; ++i) {
        clock_.advance(Seconds(0.1));
        readings.push_back(rapl.read());
    }
    const auto whole = measure(rapl.description(), readings);
    EXPECT_EQ(whole.validity, Validity::kGap);
    EXPECT_FALSE(whole.energy);
    EXPECT_NE(whole.problem.find("not moved"), std::string::npos);
    const auto before = measure(rapl.description(), std::span(readings).first(13));
    EXPECT_NEAR(before.energy->value(), 12, 1e-6);
}

TEST_F(Powercap, AFrozenPackageHasNoEnergyAndAnIdleCoreHasNone) {
    const ConstantPlant off(Watts(0));
    zone("intel-rapl:0", "package-0", ten_);
    zone("intel-rapl:0:0", "core", off);
    auto rapl = meter();
    const auto result = window(rapl);
    EXPECT_NEAR(result.energy->value(), 100, 1e-6);
    EXPECT_EQ(number(*result.amount("package-0/core")), 0);
    zone("intel-rapl:0", "package-0", off);
    auto frozen = meter();
    EXPECT_EQ(window(frozen).validity, Validity::kGap);
}

// Requirement 1.
TEST_F(Powercap, NoPermissionIsNotAbsence) {
    zone("intel-rapl:0", "package-0", ten_);
    files_.set_error("sys/class/powercap/intel-rapl:0/energy_uj", EACCES);
    const Finding finding = find();
    EXPECT_EQ(finding.availability.state, State::kNoPermission);
    EXPECT_NE(finding.availability.reason.find("/sys/class/powercap/intel-rapl:0/energy_uj"),
              std::string::npos);
    EXPECT_NE(finding.availability.fix.find("/etc/udev/rules.d/"), std::string::npos);
    files_.remove("sys/class/powercap");
    EXPECT_EQ(find().availability.state, State::kAbsent);
}

// Requirement 1.
TEST_F(Powercap, SaysWhatIsBroken) {
    zone("intel-rapl:0", "package-0", ten_);
    files_.set_error("sys/class/powercap/intel-rapl:0/energy_uj", EIO);
    EXPECT_EQ(find().availability.state, State::kBroken);
    files_.set("sys/class/powercap/intel-rapl:0/energy_uj", "-");
    EXPECT_EQ(find().availability.state, State::kBroken);
}

// Requirement 3.
TEST_F(Powercap, PsysAloneIsNoMeasure) {
    zone("intel-rapl:0", "psys", ten_);
    EXPECT_EQ(find().availability.state, State::kUnsupported);
}

// Requirement 15.
TEST_F(Powercap, FilteredEnergyIsRefused) {
    zone("intel-rapl:0", "package-0", ten_);
    files_.set("proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu sgx\n");
    EXPECT_EQ(find().availability.state, State::kUnsupported);
}

// Requirement 15.
TEST_F(Powercap, AHypervisorLowersTheTier) {
    zone("intel-rapl:0", "package-0", ten_);
    files_.set("proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu hypervisor\n");
    EXPECT_EQ(find().tier, Tier::kCalibratedModel);
    // The host renews the counters when it pleases: here each second.
    files_.set_live("sys/class/powercap/intel-rapl:0/energy_uj", [&] {
        return std::to_string(10'000'000 * std::llround(std::floor(clock_.now().value())));
    });
    auto through = meter();
    through.lower_tier(Tier::kCalibratedModel, "through a hypervisor");
    std::vector<Reading> readings = {through.read()};
    for (int i = 0; i < 40; ++i) {
        clock_.advance(Seconds(0.25));
        readings.push_back(through.read());
    }
    EXPECT_NEAR(measure(through.description(), readings).energy->value(), 100, 1e-6);
}

// Requirement 2.
TEST_F(Powercap, RemovedMidRunIsInvalid) {
    zone("intel-rapl:0", "package-0", ten_);
    auto rapl = meter();
    Sampler sampler({&rapl}, clock_);
    const Mark begin = sampler.mark();
    clock_.advance(Seconds(1));
    files_.remove("sys/class/powercap");
    const auto result = sampler.windows(begin, sampler.mark())[0];
    EXPECT_EQ(result.validity, Validity::kGap);
    EXPECT_FALSE(result.energy);
}

TEST_F(Powercap, AStrangeTreeIsIgnored) {
    for (const std::string name :
         {"intel-rapl", "dtpm", "intel-rapl:", "intel-rapl:x", "intel-rapl:0:y", "other:0"}) {
        files_.set("sys/class/powercap/" + name + "/name", "package-0");
    }
    EXPECT_TRUE(find_powercap_zones(files_).empty());
}

// Requirement 4.
TEST_F(Powercap, ReadsOftenEnoughForItsRange) {
    add_rapl_zone(files_, {"intel-rapl:0", "package-0", Joules(65536)}, ten_, clock_);
    EXPECT_NEAR(meter().description().longest_gap->value(), 65536.0 / 1000 / 4, 1e-9);
    EXPECT_NEAR(meter().description().resolution, 65536 / 4294967295.0, 1e-12);
}

}  // namespace
}  // namespace espalier::meters
