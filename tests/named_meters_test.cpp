// Meters that are named on the command line, from the name to the store.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "net/fake_server_test.h"
#include "program.h"

namespace espalier::tests {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

class NamedMeters : public testing::Test {
  protected:
    std::string run(const std::string& more) const {
        return "run --store " + store() + " --model " + zoo_model("resnet-mini").string() + " --data " +
               zoo_images().string() + " --images 10 --tactics baseline --blocks 1 --threads 1 " + more;
    }
    std::string store() const { return (folder_ / "study.db").string(); }

    TemporaryFolder folder_;
};

TEST_F(NamedMeters, WhatCannotBeUsedStopsTheStudyBeforeItBegins) {
    const Outcome unknown = run_program(run("--meter shely2://h"));
    EXPECT_EQ(unknown.exit_code, 2);
    EXPECT_THAT(unknown.err, HasSubstr("Did you mean 'shelly2'"));
    const Outcome unreachable = run_program(run("--meter shelly2://me:secret@127.0.0.1:1"));
    EXPECT_EQ(unreachable.exit_code, 3);
    EXPECT_THAT(unreachable.err, HasSubstr("the meter shelly2://127.0.0.1:1 cannot be used (absent)"));
    EXPECT_THAT(unreachable.err, Not(HasSubstr("secret")));
    const json studies = json::parse(run_program("list --json --store " + store()).out);
    EXPECT_TRUE(studies.at("studies").empty()) << studies.dump();
    const Outcome too_long = run_program(run("--timeout 30s --meter 'command?unit=W&period=1s:echo 50'"));
    EXPECT_EQ(too_long.exit_code, 2);
    EXPECT_THAT(too_long.err, HasSubstr("does not fit into the time-out"));
}

TEST_F(NamedMeters, AStudyIsMeasuredByThemAndKeepsNoLogin) {
    net::testing::FakeServer server([](const net::testing::ServedRequest& request) -> net::testing::Reply {
        if (request.header("authorization") != "Basic bWU6c2VjcmV0") return {401, {}, ""};
        return {200, {}, R"({"w": 50})"};
    });
    const std::string place = server.url().substr(std::string("http://").size());
    const Outcome done =
        run_program(run("--meter 'http-json:http://me:secret@" + place + "#/w?unit=W&period=20ms'"));
    ASSERT_EQ(done.exit_code, 0) << done.err;
    const std::string kept = content_of(store());
    EXPECT_THAT(kept, HasSubstr("http-json:http://" + place));
    EXPECT_THAT(kept, Not(HasSubstr("secret")));
    EXPECT_THAT(done.err + done.out, Not(HasSubstr("secret")));
    EXPECT_THAT(kept, HasSubstr("http-json-power longest round trip"));
}

TEST_F(NamedMeters, TheDoctorAsksThem) {
    const Outcome outcome =
        run_program("doctor --json --meter 'command?unit=W:echo 50' --meter netio://127.0.0.1:1");
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    const json document = json::parse(outcome.out);
    std::vector<std::string> states;
    for (const auto& check : document.at("checks")) {
        if (check.at("id") == "named-meter") states.push_back(check.at("state"));
    }
    EXPECT_THAT(states, testing::ElementsAre("ok", "fail"));
}

}  // namespace
}  // namespace espalier::tests
