// Models by their name on the Hub, as a user meets them: from a server on the loopback, then from the cache.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "hub/fake_hub_test.h"
#include "program.h"

namespace espalier::tests {
namespace {

using hub::testing::FakeHub;
using hub::testing::kCommit;
using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;

class HubProgram : public testing::Test {
  protected:
    HubProgram() {
        for (const char* file : {"config.json", "preprocessor_config.json"}) {
            hub.add(file, content_of(zoo_model("resnet-mini") / file));
        }
        hub.add("model.safetensors", weights, true);
        ::setenv("HF_ENDPOINT", hub.hub().url().c_str(), 1);
        ::setenv("HF_HOME", folder.path().c_str(), 1);
        for (const char* name : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_TOKEN", "HF_HUB_OFFLINE",
                                 "TRANSFORMERS_OFFLINE", "http_proxy"}) {
            ::unsetenv(name);
        }
    }

    fs::path repository() const { return folder / "hub/models--org--net"; }
    std::string snapshot() const { return (repository() / "snapshots" / kCommit).string(); }

    const std::string weights = content_of(zoo_model("resnet-mini") / "model.safetensors");
    const TemporaryFolder folder;
    FakeHub hub;
};

TEST_F(HubProgram, FetchPrintsTheFolder) {
    const Outcome outcome = run_program("fetch org/net");
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_EQ(outcome.out, snapshot() + "\n");
    EXPECT_THAT(outcome.err, HasSubstr("Next: espalier inspect org/net"));
    const Outcome quiet = run_program("fetch -q org/net");
    EXPECT_EQ(quiet.out, snapshot() + "\n");
    EXPECT_EQ(quiet.err, "");
    const json document = json::parse(run_program("fetch --json org/net").out);
    EXPECT_EQ(document["schema"], "espalier.fetch/1");
    EXPECT_EQ(document["commit"], kCommit);
    EXPECT_EQ(document["missing_bytes"], 0);
}

TEST_F(HubProgram, ADryRunListsFilesAndSizes) {
    const Outcome outcome = run_program("fetch org/net -n");
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("2.02 MB  model.safetensors"));
    EXPECT_FALSE(fs::exists(folder / "hub"));
    const Outcome inspect = run_program("-n inspect org/net");
    EXPECT_EQ(inspect.exit_code, 1);
    EXPECT_THAT(inspect.err, HasSubstr("espalier fetch org/net -n"));
}

TEST_F(HubProgram, AModelIsDownloadedOnceAndThenNeedsNoNetwork) {
    const Outcome first = run_program("inspect --json org/net");
    ASSERT_EQ(first.exit_code, 0) << first.err;
    EXPECT_EQ(json::parse(first.out)["origin"], "org/net@" + kCommit);
    const auto requests = hub.hub().requests().size();
    EXPECT_EQ(run_program("inspect hf://org/net").exit_code, 0);
    EXPECT_EQ(run_program("export --model org/net -n -o x").exit_code, 0);
    EXPECT_EQ(hub.hub().requests().size(), requests);
    EXPECT_EQ(run_program("inspect --offline org/net@" + kCommit).exit_code, 0);
}

TEST_F(HubProgram, OfflineSaysWhatToRunElsewhere) {
    const Outcome outcome = run_program("inspect --offline org/net@refs/pr/7");
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_THAT(outcome.err, HasSubstr("espalier fetch org/net@refs/pr/7"));
    EXPECT_THAT(hub.hub().requests(), IsEmpty());
}

TEST_F(HubProgram, APlanMayNameModelsOfTheHub) {
    write(folder / "plan.toml", "models = [\"org/net\", \"hf://org/net@refs/pr/7\"]\ndata = \"" +
                                    zoo_images().string() + "\"\nimages = 20\n");
    run_program("fetch org/net");
    run_program("fetch org/net@refs/pr/7");
    const Outcome outcome = run_program("run --json -n " + (folder / "plan.toml").string());
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_EQ(json::parse(outcome.out)["plan"]["models"], json::array({snapshot()})) << "both are one commit";
}

TEST_F(HubProgram, ANewerCommitIsTakenByFetchAlone) {
    const std::string old(40, 'a');
    run_program("fetch org/net");
    fs::rename(repository() / "snapshots" / kCommit, repository() / "snapshots" / old);
    write(repository() / "refs/main", old);
    EXPECT_EQ(json::parse(run_program("inspect --json org/net").out)["origin"], "org/net@" + old);
    run_program("fetch org/net");
    EXPECT_EQ(json::parse(run_program("inspect --json org/net").out)["origin"], "org/net@" + kCommit);
}

/// Starts the program and does not wait for it.
pid_t start_program(const char* command, const char* argument) {
    const pid_t child = ::fork();
    if (child != 0) return child;
    const int nothing = ::open("/dev/null", O_WRONLY);
    ::dup2(nothing, STDOUT_FILENO);
    ::dup2(nothing, STDERR_FILENO);
    ::execl(ESPALIER_PROGRAM, ESPALIER_PROGRAM, command, argument, nullptr);
    ::_exit(127);
}

TEST_F(HubProgram, GoesOnAfterBeingKilled) {
    constexpr std::size_t kSent = 1'000'000;
    hub.at_store = [first = true](const hub::testing::ServedRequest&, hub::testing::Reply& reply) mutable {
        if (!std::exchange(first, false)) return;
        reply.sent = kSent;
        reply.stalls = true;
    };
    const fs::path part = (repository() / "blobs" / sha256(weights)).string() + ".incomplete";
    const pid_t child = start_program("fetch", "org/net");
    const auto arrived = [&] {
        std::error_code absent;
        const auto size = fs::file_size(part, absent);
        return !absent && size == kSent;
    };
    // The program's own time-out ends the wait should nothing arrive.
    while (!arrived() && ::waitpid(child, nullptr, WNOHANG) == 0) std::this_thread::yield();
    ASSERT_TRUE(arrived());
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    EXPECT_EQ(run_program("fetch org/net").exit_code, 0);
    EXPECT_EQ(hub.store().requests().at(1).header("range"), "bytes=1000000-");
    EXPECT_EQ(content_of(fs::path(snapshot()) / "model.safetensors"), weights);
    EXPECT_FALSE(fs::exists(part));
}

}  // namespace
}  // namespace espalier::tests
