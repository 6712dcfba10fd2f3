#include "meters/redfish/redfish.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "meters/fake/fake_files.h"
#include "meters/fake/virtual_clock.h"
#include "meters/named/discover.h"
#include "meters/window.h"
#include "net/fake_server_test.h"

namespace espalier::meters::redfish {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

class Redfish : public ::testing::Test {
  protected:
    Redfish()
        : server_([this](const net::testing::ServedRequest& request) -> net::testing::Reply {
              if (!login.empty() && request.header("authorization") != login) return {401, {}, ""};
              const auto found = documents.find(request.target);
              if (found == documents.end()) return {404, {}, ""};
              return {200, {}, found->second};
          }) {
        documents["/redfish/v1/Chassis"] = R"({"Members":[{"@odata.id":"/redfish/v1/Chassis/Self"}]})";
        documents["/redfish/v1/Chassis/Self/Power"] =
            R"({"PowerControl":[{"PowerConsumedWatts":344,"PowerMetrics":{"IntervalInMin":1,"AverageConsumedWatts":319}}]})";
    }

    Discovery discovered(const std::string& options = "", const std::string& chassis = "",
                         const std::string& user = "") {
        const std::string host = server_.url().substr(std::string("http://").size());
        DiscoveryOptions looked_at{.files = files_, .clock = clock_};
        looked_at.named.push_back(name_meter("redfish://" + user + host + chassis + "?tls=off" + options,
                                             [](const std::string&) { return std::nullopt; }));
        return discover(looked_at);
    }

    std::map<std::string, std::string> documents;
    std::string login;
    FakeFiles files_;
    VirtualClock clock_;
    net::testing::FakeServer server_;
};

TEST_F(Redfish, FindsTheChassisAndSaysThatItsPowerIsAveraged) {
    const auto found = discovered();
    ASSERT_EQ(found.meters.size(), 1u) << found.findings[0].availability.reason;
    const Description& description = found.meters[0]->description();
    EXPECT_EQ(description.name, "redfish-power");
    EXPECT_EQ(description.tier, Tier::kIntegratedSensor);
    EXPECT_EQ(description.part, Part::kMachine);
    EXPECT_EQ(description.averaging, Seconds(60));
    EXPECT_EQ(description.resolution, 1.0);
    EXPECT_THAT(description.notes, Contains(HasSubstr("taken as 60 s")));
    EXPECT_THAT(description.notes, Contains(HasSubstr("span 1 min")));
    EXPECT_EQ(shortest_window(description), Seconds(600));
    EXPECT_EQ(number(std::get<Value>(found.meters[0]->read().zones[0]).amount), 344);
    EXPECT_EQ(discovered("&averaging=5s").meters[0]->description().averaging, Seconds(5));
}

TEST_F(Redfish, ReadsEnvironmentMetricsWithItsRegister) {
    documents.erase("/redfish/v1/Chassis/Self/Power");
    documents["/redfish/v1/Chassis/Self/EnvironmentMetrics"] =
        R"({"PowerWatts":{"Reading":374},"EnergykWh":{"Reading":325675}})";
    const auto found = discovered();
    ASSERT_EQ(found.meters.size(), 2u) << found.findings[0].availability.reason;
    EXPECT_EQ(number(std::get<Value>(found.meters[0]->read().zones[0]).amount), 374);
    EXPECT_EQ(found.meters[1]->description().name, "redfish-energy");
}

TEST_F(Redfish, SeveralChassisWithPowerNeedOneNamed) {
    documents["/redfish/v1/Chassis"] =
        R"({"Members":[{"@odata.id":"/redfish/v1/Chassis/Self"},{"@odata.id":"/redfish/v1/Chassis/Other"}]})";
    EXPECT_EQ(discovered().meters.size(), 1u) << "the other says no power";
    documents["/redfish/v1/Chassis/Other/Power"] = R"({"PowerControl":[{"PowerConsumedWatts":12}]})";
    EXPECT_THAT(discovered().findings[0].availability.reason, HasSubstr("Self, Other"));
    const auto other = discovered("", "/Other");
    ASSERT_EQ(other.meters.size(), 1u);
    EXPECT_EQ(number(std::get<Value>(other.meters[0]->read().zones[0]).amount), 12);
}

TEST_F(Redfish, AnAbsentOrNullPowerIsAGapAndNotZero) {
    const auto found = discovered();
    for (const char* document : {R"({"PowerControl":[{"PowerConsumedWatts":null}]})",
                                 R"({"PowerControl":[]})", "{}", R"({"PowerControl":[{"PowerCons)"}) {
        documents["/redfish/v1/Chassis/Self/Power"] = document;
        EXPECT_TRUE(std::holds_alternative<Gap>(found.meters[0]->read().zones[0])) << document;
        EXPECT_EQ(discovered().findings[0].availability.state, State::kUnsupported) << document;
    }
}

TEST_F(Redfish, TakesALoginAndHostileLists) {
    login = "Basic cm9vdDpwdw==";  // root:pw
    EXPECT_EQ(discovered().findings[0].availability.state, State::kNoPermission);
    EXPECT_EQ(discovered("", "", "root:pw@").meters.size(), 1u);
    login.clear();
    for (const char* list :
         {"[]", "{}", R"({"Members":7})", R"({"Members":[7,{},{"@odata.id":7}]})", "nothing"}) {
        documents["/redfish/v1/Chassis"] = list;
        EXPECT_TRUE(discovered().meters.empty()) << list;
    }
}

}  // namespace
}  // namespace espalier::meters::redfish
