#include "meters/command/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "meters/command/program.h"
#include "meters/fake/fake_files.h"
#include "meters/named/discover.h"
#include "meters/window.h"

namespace espalier::meters::command {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Command : public ::testing::Test {
  protected:
    Command()
        : folder_(std::filesystem::temp_directory_path() /
                  ("espalier-command-" + std::to_string(::getpid()))) {
        std::filesystem::create_directories(folder_);
    }
    ~Command() override { std::filesystem::remove_all(folder_); }

    std::string script(const std::string& text) {
        const auto path = folder_ / "meter.sh";
        std::ofstream(path) << text << "\n";
        return "/bin/sh " + path.string();
    }
    std::string file(const std::string& name) const { return (folder_ / name).string(); }
    void write(const std::string& name, const std::string& text) const {
        std::ofstream(folder_ / name) << text;
    }

    Discovery discovered(const std::string& text) {
        DiscoveryOptions options{.files = files_, .clock = clock_};
        options.named.push_back(name_meter(text, [](const std::string&) { return std::nullopt; }));
        return discover(options);
    }

    std::filesystem::path folder_;
    FakeFiles files_;
    MonotonicClock clock_;
};

std::string why(const Reading& reading) {
    const Gap* gap = std::get_if<Gap>(&reading.zones[0]);
    return gap == nullptr ? "" : gap->reason;
}

TEST(Words, AreSplitWithoutAShell) {
    EXPECT_THAT(split_words("a  'b c' d\"e f\"g ''"), ElementsAre("a", "b c", "de fg", ""));
    EXPECT_THAT(split_words("x $(rm) ;y"), ElementsAre("x", "$(rm)", ";y"));
    EXPECT_THROW(split_words("a \"b"), Error);
    EXPECT_THROW(split_words("  "), Error);
}

TEST(NumberOf, TakesNumbersAndNothingElse) {
    EXPECT_EQ(number_of(" 12.5 ", ""), 12.5);
    EXPECT_EQ(number_of("1e2", ""), 100);
    for (const char* none : {"", "x", "12 W", "nan", "inf", "1,5", "0x10"})
        EXPECT_FALSE(number_of(none, "")) << none;
    EXPECT_EQ(number_of(R"({"p":[1,{"w":3}]})", "/p/1/w"), 3);
    EXPECT_FALSE(number_of(R"({"p":"3"})", "/p"));
    EXPECT_FALSE(number_of("{", "/p"));
}

TEST_F(Command, RunsAProgramForEachReading) {
    write("watts", "starting\n42.5\n");
    const auto found = discovered("command?unit=W&tier=A&accuracy=1%:cat " + file("watts"));
    ASSERT_EQ(found.meters.size(), 1u) << found.findings[0].availability.reason;
    Meter& meter = *found.meters[0];
    EXPECT_EQ(meter.description().tier, Tier::kWallMeter);
    EXPECT_THAT(meter.description().source, HasSubstr("cat"));
    const Reading reading = meter.read();
    const Value& value = std::get<Value>(reading.zones[0]);
    EXPECT_EQ(number(value.amount), 42.5);
    EXPECT_GT(value.time_error, Seconds(0));
    write("watts", "garbage\n");
    EXPECT_THAT(why(meter.read()), HasSubstr("'garbage', which is no number"));
    write("watts", "");
    EXPECT_THAT(why(meter.read()), HasSubstr("no number"));
    write("watts", "-3\n");
    EXPECT_THAT(why(meter.read()), HasSubstr("no machine draws"));
    std::filesystem::remove(folder_ / "watts");
    EXPECT_THAT(why(meter.read()), HasSubstr("exit code 1"));
}

TEST_F(Command, CountsEnergyAndRefusesAFall) {
    write("kwh", R"({"total":1.5})");
    const auto found = discovered("command?unit=kWh&pointer=/total:cat " + file("kwh"));
    ASSERT_EQ(found.meters.size(), 1u) << found.findings[0].availability.reason;
    Meter& meter = *found.meters[0];
    std::vector<Reading> edges = {meter.read()};
    write("kwh", R"({"total":1.500001})");
    edges.push_back(meter.read());
    EXPECT_NEAR(measure(meter.description(), edges).energy->value(), 3.6, 1e-6);
    write("kwh", R"({"total":0.1})");
    edges.push_back(meter.read());
    EXPECT_FALSE(measure(meter.description(), edges).energy);
}

TEST_F(Command, ListensToAStreamUntilItEnds) {
    const auto found =
        discovered("command?unit=mW&mode=stream&period=2s:" +
                   script("while [ ! -e " + file("stop") + " ]; do echo 5000; sleep 0.02; done; exit 3"));
    ASSERT_EQ(found.meters.size(), 1u) << found.findings[0].availability.reason;
    Meter& meter = *found.meters[0];
    EXPECT_EQ(number(std::get<Value>(meter.read().zones[0]).amount), 5);
    write("stop", "");
    std::string reason;
    for (const Seconds end = clock_.now() + Seconds(5); reason.empty() && clock_.now() < end;) {
        clock_.sleep(Seconds(0.02));
        reason = why(meter.read());
    }
    EXPECT_THAT(reason, HasSubstr("has ended (exit code 3)"));
}

TEST_F(Command, AStreamThatFallsSilentIsAGapAndItsProcessIsReaped) {
    const std::string pid_file = file("pid");
    pid_t pid = 0;
    {
        const auto found = discovered("command?unit=W&mode=stream&period=50ms:" +
                                      script("echo $$ > " + pid_file + "; echo 7; sleep 1000"));
        ASSERT_EQ(found.meters.size(), 1u) << found.findings[0].availability.reason;
        std::ifstream(pid_file) >> pid;
        ASSERT_GT(pid, 0);
        clock_.sleep(Seconds(0.2));
        EXPECT_THAT(why(found.meters[0]->read()), HasSubstr("printed nothing for"));
    }
    EXPECT_EQ(::kill(pid, 0), -1);
    EXPECT_EQ(errno, ESRCH);
}

TEST_F(Command, AProgramThatHangsIsEnded) {
    OnceProgram program({"sleep", "1000"}, last_number(""), Seconds(0.05), clock_);
    const auto said = program.ask();
    ASSERT_TRUE(std::holds_alternative<Gap>(said));
    EXPECT_THAT(std::get<Gap>(said).reason, HasSubstr("was not done after"));
}

TEST_F(Command, WhatCannotRunIsSaid) {
    const auto found = discovered("command?unit=W:/no/such/program");
    EXPECT_TRUE(found.meters.empty());
    EXPECT_EQ(found.findings[0].availability.state, State::kAbsent);
    EXPECT_THAT(found.findings[0].availability.reason, HasSubstr("No such file"));
    EXPECT_THROW(demand_named(found), Error);
}

}  // namespace
}  // namespace espalier::meters::command
