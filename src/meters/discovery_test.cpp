#include "meters/discovery.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "meters/fake/fake_powercap.h"
#include "meters/fake/virtual_clock.h"
#include "meters/json.h"

namespace espalier::meters {
namespace {

// Requirement 1.
TEST(Discovery, NamesEverySourceEvenOnAnEmptyMachine) {
    FakeFiles files;
    VirtualClock clock;
    const Discovery discovery = discover({files, clock, std::nullopt, 0});
    EXPECT_TRUE(discovery.meters.empty());
    EXPECT_EQ(discovery.findings.size(), 13u);
    for (const Finding& finding : discovery.findings) {
        EXPECT_EQ(finding.availability.state, State::kAbsent) << finding.source;
        EXPECT_FALSE(finding.availability.reason.empty());
        EXPECT_FALSE(finding.availability.fix.empty());
        EXPECT_EQ(to_json(finding)["state"], "absent");
    }
    EXPECT_EQ(discovery.best_energy_tier(), Tier::kNone);
}

TEST(Discovery, FindsTheBestTier) {
    FakeFiles files;
    VirtualClock clock;
    const ConstantPlant plant(Watts(5));
    files.set("proc/stat", "cpu  1 0 0 1 0 0 0 0 0 0");
    const Discovery modelled = discover({files, clock, Watts(65), 0});
    EXPECT_EQ(modelled.best_energy_tier(), Tier::kUncalibratedModel);
    EXPECT_EQ(modelled.find("powercap"), nullptr);
    add_rapl_zone(files, {"intel-rapl:0", "package-0"}, plant, clock);
    const Discovery measured = discover({files, clock, std::nullopt, 0});
    EXPECT_EQ(measured.best_energy_tier(), Tier::kHardwareCounter);
    ASSERT_NE(measured.find("powercap"), nullptr);
    EXPECT_EQ(to_json(measured.find("powercap")->description())["tier"], "B");
}

TEST(Tier, LettersGoBothWays) {
    for (const char c : {'A', 'B', 'C', 'D', 'E', 'N'}) EXPECT_EQ(letter(parse_tier(c)), c);
    EXPECT_THROW(parse_tier('F'), Error);
}

TEST(WindowJson, AnInvalidWindowHasNullAndNotZero) {
    FakeFiles files;
    VirtualClock clock;
    const ConstantPlant plant(Watts(5));
    add_rapl_zone(files, {"intel-rapl:0", "package-0"}, plant, clock);
    const Discovery discovery = discover({files, clock, std::nullopt, 0});
    Meter& meter = *discovery.find("powercap");
    std::vector<Reading> edges = {meter.read()};
    clock.advance(Seconds(2));
    edges.push_back(meter.read());
    const auto valid = to_json(measure(meter.description(), edges));
    EXPECT_NEAR(valid["energy_j"].get<double>(), 10, 1e-6);
    EXPECT_EQ(valid["validity"], "valid");
    EXPECT_GT(valid["uncertainty"]["standard_uncertainty_j"].get<double>(), 0);
    files.remove("sys");
    edges.push_back(meter.read());
    const auto invalid = to_json(measure(meter.description(), edges));
    EXPECT_TRUE(invalid["energy_j"].is_null());
    EXPECT_TRUE(invalid["zones"][0]["energy_j"].is_null());
    EXPECT_EQ(invalid["validity"], "gap");
}

}  // namespace
}  // namespace espalier::meters
