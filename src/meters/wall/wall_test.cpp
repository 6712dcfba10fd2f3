#include "meters/wall/wall.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "meters/fake/fake_files.h"
#include "meters/named/discover.h"
#include "meters/named/source_error.h"
#include "meters/sampler.h"
#include "meters/self_check.h"
#include "meters/wall/fake_plug_test.h"
#include "meters/wall/meters.h"

namespace espalier::meters::wall {
namespace {

using testing::FakePlug;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Shown;

constexpr Seconds kBetween{0.1};

std::optional<std::string> no_variable(const std::string&) { return std::nullopt; }

class Plug : public ::testing::Test {
  protected:
    /// The meters that a name gives, by discovery. Their clocks are compared with the virtual one.
    Discovery discovered(const std::string& text) {
        return discover({.files = files_, .clock = clock_, .named = {name_meter(text, no_variable)}});
    }

    WindowReading window(Meter& meter, Seconds length) {
        Sampler sampler({&meter}, clock_);
        const Mark begin = sampler.mark(Edge::kBegin);
        const Seconds end = clock_.now() + length;
        while (clock_.now() + kBetween < end) {
            clock_.advance(kBetween);
            sampler.sample();
        }
        if (clock_.now() < end) clock_.advance(end - clock_.now());
        return sampler.windows(begin, sampler.mark(Edge::kEnd)).at(0);
    }

    Joules truth(const WindowReading& window) const {
        return plant_->energy(window.end) - plant_->energy(window.start);
    }

    void expect_no_energy(Meter& meter, const std::string& why) {
        const WindowReading result = window(meter, Seconds(20));
        EXPECT_FALSE(result.energy) << why;
        EXPECT_THAT(result.problem, HasSubstr(why));
    }

    FakeFiles files_;
    VirtualClock clock_{Seconds(5000)};
    SquarePlant square_{Watts(60), Watts(140), Seconds(9.7)};
    ConstantPlant steady_{Watts(100)};
    const Plant* plant_ = &square_;
};

/// A product, how it writes and is understood, and what it then tells of 500061.5 J in the unit of its
/// register.
struct Product {
    const char* name;
    testing::Write write;
    Dialect (*dialect)(const MeterSpec&);
    double register_j;
    double register_step_j;
};

constexpr Product kProducts[] = {{"shelly1", testing::shelly1_json, shelly1, 500'040.0, 60.0},
                                 {"shelly2", testing::shelly2_json, shelly2, 500'061.6, 3.6},
                                 {"tasmota", testing::tasmota_json, tasmota, 500'400.0, 3600.0},
                                 {"netio", testing::netio_json, netio, 500'400.0, 3600.0}};

TEST_F(Plug, EveryProductIsReadInItsUnits) {
    for (const Product& product : kProducts) {
        FakePlug plug(steady_, clock_, product.write);
        plug.register_start = Joules(61.5);
        const auto found = discovered(fmt::format("{}://{}", product.name, plug.host()));
        ASSERT_EQ(found.findings[0].availability.state, State::kOk) << found.findings[0].availability.reason;
        EXPECT_EQ(found.findings[0].tier, Tier::kWallMeter);
        Meter* power = found.find(std::string(product.name) + "-power");
        Meter* energy = found.find(std::string(product.name) + "-energy");
        ASSERT_NE(power, nullptr);
        ASSERT_NE(energy, nullptr);
        EXPECT_EQ(found.meters[0].get(), power) << "variants are compared by the first";
        EXPECT_EQ(power->description().part, Part::kMachine);
        EXPECT_DOUBLE_EQ(power->description().accuracy, 0.02);
        EXPECT_DOUBLE_EQ(energy->description().resolution, product.register_step_j);
        EXPECT_DOUBLE_EQ(number(std::get<Value>(power->read().zones[0]).amount), 100.0) << product.name;
        Source source(product.dialect({.scheme = product.name, .place = "h"}),
                      HttpAccess("http://" + plug.host(), "", net::Login::kBasic, true), clock_, system_time);
        const Look& look = source.look(Reader::kPower);
        EXPECT_NEAR(std::get<Sample>(look.answer).energy->value(), product.register_j, 1e-6) << product.name;
    }
}

// Requirement 11.
TEST_F(Plug, TheIntegralIsRightWithJitteringAnswers) {
    // 200 ms of jitter on top of 40 ms: the time of each value is known to 0.12 s.
    for (const Product& product : kProducts) {
        FakePlug plug(square_, clock_, product.write);
        plug.latency = Seconds(0.04);
        plug.jitter = Seconds(0.1);
        const auto found = discovered(fmt::format("{}://{}", product.name, plug.host()));
        double bias = 0;
        double largest = 0;
        constexpr int kWindows = 5;
        for (int i = 0; i < kWindows; ++i) {
            clock_.advance(Seconds(0.37));
            const WindowReading result = window(*found.meters[0], Seconds(120));
            ASSERT_TRUE(result.energy) << result.problem;
            const double error = (*result.energy - truth(result)) / truth(result);
            EXPECT_LE(std::fabs(error) * truth(result).value(), result.uncertainty.bound().value());
            bias += error / kWindows;
            largest = std::max(largest, std::fabs(error));
        }
        EXPECT_LT(std::fabs(bias), 0.005) << product.name;
        EXPECT_LT(largest, 0.02) << product.name;
    }
}

TEST_F(Plug, ASteadyLoadIsRightToHalfAPercentInEveryWindow) {
    const RampPlant ramp(Watts(80), 0.005);
    plant_ = &ramp;
    FakePlug plug(ramp, clock_, testing::shelly2_json);
    plug.latency = Seconds(0.04);
    plug.jitter = Seconds(0.1);
    const auto found = discovered("shelly2://" + plug.host());
    for (int i = 0; i < 10; ++i) {
        const WindowReading result = window(*found.meters[0], Seconds(60));
        ASSERT_TRUE(result.energy) << result.problem;
        EXPECT_NEAR(*result.energy / truth(result), 1.0, 0.005);
    }
}

// Requirement 9.
TEST_F(Plug, TheRefreshPeriodIsMeasured) {
    const RampPlant ramp(Watts(80), 0.2);  // so that every value differs
    for (const double period : {1.0, 10.0}) {
        FakePlug plug(ramp, clock_, testing::shelly2_json);
        plug.refresh = Seconds(period);
        plug.latency = Seconds(0.04);
        plug.jitter = Seconds(0.1);
        const NamedMeter named = name_meter("shelly2://" + plug.host(), no_variable);
        const auto measured = watch(named, clock_);
        ASSERT_TRUE(measured);
        EXPECT_NEAR(measured->value(), period, 0.2 * period);
        const auto stated = watch(name_meter("shelly2://" + plug.host() + "?period=4s", no_variable), clock_);
        EXPECT_FALSE(stated);
    }
}

TEST_F(Plug, WhatWasMeasuredDecidesTheWindow) {
    FakePlug plug(square_, clock_, testing::shelly2_json);
    NamedMeter named = name_meter("shelly2://" + plug.host(), no_variable);
    EXPECT_EQ(shortest_window(
                  discover({.files = files_, .clock = clock_, .named = {named}}).meters[0]->description()),
              Seconds(60));
    named.refresh_period = Seconds(10);
    EXPECT_EQ(shortest_window(
                  discover({.files = files_, .clock = clock_, .named = {named}}).meters[0]->description()),
              Seconds(500));
}

// Requirement 11.
TEST_F(Plug, EveryFaultIsAGapAndNeverANumber) {
    FakePlug plug(steady_, clock_, testing::shelly2_json);
    const auto found = discovered("shelly2://" + plug.host());
    Meter& power = *found.meters[0];
    ASSERT_TRUE(window(power, Seconds(20)).valid());
    plug.status = 500;
    expect_no_energy(power, "status 500");
    plug.status = 200;
    plug.login = "Basic secret";
    expect_no_energy(power, "asks for a login");
    plug.login.clear();
    plug.sent = 40;
    expect_no_energy(power, "remaining to read");
    plug.sent = std::string::npos;
    plug.other = [](const Shown&) { return std::string("<html>"); };
    expect_no_energy(power, "no JSON document");
    plug.other = [](const Shown&) { return std::string(R"({"switch:0":{"id":0}})"); };
    expect_no_energy(power, "says no power");
    plug.other = [](const Shown&) {
        return std::string(R"({"switch:0":{"apower":1e9,"aenergy":{"total":5}}})");
    };
    expect_no_energy(power, "which no machine draws");
    plug.other = [](const Shown&) { return std::string(R"({"switch:0":{"apower":"100"}})"); };
    expect_no_energy(power, "says no power");
    for (const char* shape : {"7", "[]", R"({"switch:0":7})", R"({"switch:0":{"apower":null}})", "null"}) {
        static const char* document;
        document = shape;
        plug.other = [](const Shown&) { return std::string(document); };
        EXPECT_FALSE(window(power, Seconds(3)).energy) << shape;
    }
    plug.other = nullptr;
    plug.frozen_at = clock_.now() + Seconds(2);
    expect_no_energy(power, "have rested for");
    plug.frozen_at.reset();
    EXPECT_TRUE(window(power, Seconds(20)).valid()) << "it works again when the fault is gone";
}

// Requirement 11.
TEST_F(Plug, ARestartInterruptsAndAResetRegisterIsAGap) {
    FakePlug plug(steady_, clock_, testing::shelly2_json);
    plug.register_step = Joules(3.6);
    const auto found = discovered("shelly2://" + plug.host());
    ASSERT_TRUE(window(*found.meters[0], Seconds(20)).valid());
    plug.restarts.push_back(clock_.now() + Seconds(5));
    const WindowReading power = window(*found.meters[0], Seconds(20));
    EXPECT_EQ(power.validity, Validity::kInterrupted);
    EXPECT_THAT(power.problem, HasSubstr("restarted"));
    ASSERT_TRUE(window(*found.meters[1], Seconds(20)).valid());
    plug.restarts.push_back(clock_.now() + Seconds(5));
    const WindowReading energy = window(*found.meters[1], Seconds(20));
    EXPECT_FALSE(energy.energy);
    EXPECT_EQ(energy.validity, Validity::kGap);
    EXPECT_TRUE(window(*found.meters[1], Seconds(20)).valid());
}

TEST_F(Plug, ARegisterThatRestsWhilePowerIsShownIsStale) {
    FakePlug plug(steady_, clock_, testing::shelly2_json);
    const auto found = discovered("shelly2://" + plug.host());
    plug.other = [](const Shown& shown) {
        // The meter's chip hangs, the device's clock goes on.
        return fmt::format(
            R"({{"sys":{{"uptime":{}}},"switch:0":{{"apower":100.0,"aenergy":{{"total":5.0,"minute_ts":0}}}}}})",
            shown.uptime_s);
    };
    EXPECT_TRUE(window(*found.meters[0], Seconds(60)).valid()) << "a register may be renewed once a minute";
    const WindowReading later = window(*found.meters[0], Seconds(240));
    EXPECT_FALSE(later.energy);
    EXPECT_THAT(later.problem, HasSubstr("its register rests"));
}

TEST_F(Plug, TheRegisterAgreesWithinItsBudget) {
    plant_ = &steady_;
    for (const Product& product : kProducts) {
        FakePlug plug(steady_, clock_, product.write);
        const auto found = discovered(fmt::format("{}://{}", product.name, plug.host()));
        const WindowReading result = window(*found.meters[1], Seconds(300));
        ASSERT_TRUE(result.energy) << result.problem;
        EXPECT_LE(std::fabs((*result.energy - truth(result)).value()), result.uncertainty.bound().value());
    }
}

TEST_F(Plug, BothMetersAreServedByOneQuestion) {
    FakePlug plug(steady_, clock_, testing::shelly2_json);
    const auto found = discovered("shelly2://" + plug.host());
    const auto before = plug.server().count("GET");
    clock_.advance(Seconds(1));
    const Reading power = found.meters[0]->read();
    const Reading energy = found.meters[1]->read();
    EXPECT_EQ(plug.server().count("GET"), before + 1);
    EXPECT_EQ(power.time, energy.time);
    clock_.advance(Seconds(1));
    EXPECT_GT(found.meters[1]->read().time, energy.time) << "an old answer is not shown again";
}

// Requirement 11.
TEST_F(Plug, TellsRoundTripsAndTheOffsetOfItsClock) {
    FakePlug plug(steady_, clock_, testing::shelly1_json);
    plug.latency = Seconds(0.2);
    plug.clock_ahead_s = 30;
    auto source = std::make_shared<Source>(shelly1(parse_spec("shelly1://h")),
                                           HttpAccess("http://" + plug.host(), "", net::Login::kBasic, true),
                                           clock_, [this] { return clock_.now(); });
    const Meters meters = make_meters("plug", source);
    clock_.advance(Seconds(10));
    plug.clock_ahead_s = 33;
    const Reading reading = meters[0]->read();
    EXPECT_NEAR(std::get<Value>(reading.zones[0]).time_error.value(), 0.1, 1e-9);
    std::map<std::string, double> figures;
    for (const Figure& figure : meters[0]->figures()) figures[figure.name] = figure.value;
    EXPECT_NEAR(figures["longest round trip"], 0.2, 1e-9);
    EXPECT_NEAR(figures["clock offset before"], 30, 1);
    EXPECT_NEAR(figures["clock offset after"], 33, 1);
}

TEST_F(Plug, WhatIsNotThereIsSaidWithItsReason) {
    FakePlug plug(steady_, clock_, testing::shelly2_json);
    const auto state = [&](const std::string& text) { return discovered(text).findings[0].availability; };
    EXPECT_EQ(state("shelly2://" + plug.host() + "/1").state, State::kUnsupported);
    EXPECT_THAT(state("shelly2://" + plug.host() + "/1").reason, HasSubstr("a relay without a meter"));
    EXPECT_EQ(state("shelly2://" + plug.host() + "/7").state, State::kUnsupported);
    EXPECT_EQ(state("shelly2://127.0.0.1:1").state, State::kAbsent);
    EXPECT_EQ(state("tasmota://" + plug.host()).state, State::kUnsupported);
    plug.status = 403;
    EXPECT_EQ(state("shelly2://" + plug.host()).state, State::kNoPermission);
    const auto absent = discovered("shelly2://127.0.0.1:1");
    EXPECT_TRUE(absent.meters.empty());
    try {
        demand_named(absent);
        FAIL() << "nothing takes the place of a meter that was named";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kCannotMeasure);
        EXPECT_THAT(error.what(), HasSubstr("shelly2://127.0.0.1:1"));
    }
}

TEST_F(Plug, LoginsAreSentAndNeverShown) {
    FakePlug plug(steady_, clock_, testing::netio_json);
    plug.login = "Basic bWU6cHchZA==";  // me:pw!d
    const NamedMeter named = name_meter("netio://me:pw%21d@" + plug.host(), no_variable);
    EXPECT_EQ(named.credentials, "me:pw!d");
    EXPECT_EQ(named.text, "netio://" + plug.host());
    const auto found = discover({.files = files_, .clock = clock_, .named = {named}});
    ASSERT_EQ(found.meters.size(), 2u) << found.findings[0].availability.reason;
    plug.login = "Basic other";
    const WindowReading refused = window(*found.meters[0], Seconds(5));
    const auto again = discover({.files = files_, .clock = clock_, .named = {named}});
    for (const std::string& shown : {refused.problem, refused.source, refused.scope,
                                     again.findings[0].availability.reason, again.findings[0].source}) {
        EXPECT_THAT(shown, Not(HasSubstr("pw")));
        EXPECT_FALSE(shown.empty());
    }
    const auto from_variable =
        name_meter("netio://" + plug.host() + "?login=PLUG", [](const std::string& name) {
            EXPECT_EQ(name, "PLUG");
            return std::optional<std::string>("me:pw!d");
        });
    EXPECT_EQ(from_variable.credentials, "me:pw!d");
    EXPECT_THAT(from_variable.text, Not(HasSubstr("pw")));
}

TEST_F(Plug, TasmotaTakesItsLoginInTheQuery) {
    FakePlug plug(steady_, clock_, testing::tasmota_json);
    const auto found = discovered("tasmota://admin:a%26b@" + plug.host());
    ASSERT_FALSE(found.meters.empty());
    EXPECT_EQ(plug.server().requests().back().target, "/cm?cmnd=Status%2010&user=admin&password=a%26b");
    plug.other = [](const Shown&) {
        return std::string(R"({"WARNING":"Need user=<username>&password=<password>"})");
    };
    EXPECT_EQ(discovered("tasmota://" + plug.host()).findings[0].availability.state, State::kNoPermission);
}

TEST_F(Plug, TasmotaWithSeveralChannelsNeedsOneNamed) {
    FakePlug plug(steady_, clock_, [](const Shown&) {
        return std::string(R"({"StatusSNS":{"Time":"t","ENERGY":{"Total":[1.5,2.5],"Power":[40,60]}}})");
    });
    EXPECT_THAT(discovered("tasmota://" + plug.host()).findings[0].availability.reason,
                HasSubstr("2 channels"));
    const auto second = discovered("tasmota://" + plug.host() + "/1");
    ASSERT_EQ(second.meters.size(), 2u);
    EXPECT_DOUBLE_EQ(number(std::get<Value>(second.meters[0]->read().zones[0]).amount), 60);
    plug.other = [](const Shown&) {
        return std::string(R"({"StatusSNS":{"Time":"t","ENERGY":{"Total":4.0,"Power":[40,60]}}})");
    };
    EXPECT_EQ(discovered("tasmota://" + plug.host() + "/1").meters.size(), 1u) << "the total is of both";
}

TEST_F(Plug, JsonAndPrometheusAreReadAsStated) {
    FakePlug plug(steady_, clock_, [](const Shown& shown) {
        return fmt::format(R"({{"a":[{{"p/q":{}}}],"kwh":{},"at":{}}})", shown.power.value() / 1e3,
                           shown.energy.value() / 3.6e6, shown.uptime_s);
    });
    const std::string url = "http-json:http://" + plug.host() + "/x?y=1";
    const auto power = discovered(url + "#/a/0/p~1q?unit=kW&time=/at&tier=A&accuracy=1%");
    ASSERT_EQ(power.meters.size(), 1u) << power.findings[0].availability.reason;
    EXPECT_EQ(plug.server().requests().back().target, "/x?y=1");
    EXPECT_EQ(power.meters[0]->description().tier, Tier::kWallMeter);
    EXPECT_DOUBLE_EQ(power.meters[0]->description().accuracy, 0.01);
    EXPECT_DOUBLE_EQ(number(std::get<Value>(power.meters[0]->read().zones[0]).amount), 100);
    const auto energy = discovered(url + "#/kwh?unit=kWh&scope=gpu");
    ASSERT_EQ(energy.meters.size(), 1u);
    EXPECT_EQ(energy.meters[0]->description().tier, Tier::kIntegratedSensor);
    EXPECT_EQ(energy.meters[0]->description().part, Part::kGpu);
    EXPECT_NEAR(window(*energy.meters[0], Seconds(60)).energy->value(), 6000, 101);
    EXPECT_EQ(discovered(url + "#/none?unit=W").findings[0].availability.state, State::kBroken);

    plug.other = [](const Shown& shown) {
        return fmt::format(
            "# TYPE node_watts gauge\nnode_watts{{chip=\"psu\",rail=\"12V\"}} {}\nnode_watts{{chip=\"x\"}} "
            "7\n",
            shown.power.value());
    };
    const std::string metrics = "prometheus:http://" + plug.host() + "/metrics#node_watts";
    const auto metric = discovered(metrics + "{chip=\"psu\"}?unit=W");
    ASSERT_EQ(metric.meters.size(), 1u) << metric.findings[0].availability.reason;
    EXPECT_DOUBLE_EQ(number(std::get<Value>(metric.meters[0]->read().zones[0]).amount), 100);
    EXPECT_THAT(discovered(metrics + "?unit=W").findings[0].availability.reason,
                HasSubstr("several lines fit"));
    plug.other = [](const Shown&) { return std::string("node_watts{chip=\"psu\"} 10"); };
    EXPECT_THAT(window(*metric.meters[0], Seconds(5)).problem, HasSubstr("cut off"));
    plug.other = [](const Shown&) { return std::string("node_watts{chip=\"psu\"} NaN\n"); };
    EXPECT_THAT(window(*metric.meters[0], Seconds(5)).problem, HasSubstr("no number"));
}

}  // namespace
}  // namespace espalier::meters::wall
