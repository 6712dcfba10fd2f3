// Downloads from a server that behaves as the Hub does, and from one that does not.

#include "hub/fetch.h"

#include <atomic>
#include <thread>

#include "hub/cache.h"
#include "hub/fixture_test.h"

namespace espalier::hub::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_F(HubTest, LaysTheCacheOutAsHuggingFaceDoes) {
    const Snapshot fetched = fetch_model();
    EXPECT_EQ(fetched.folder, snapshot());
    EXPECT_EQ(fetched.commit, kCommit);
    EXPECT_EQ(content_of(snapshot() / "model.safetensors"), weights);
    EXPECT_EQ(fs::read_symlink(snapshot() / "config.json"), "../../blobs/" + hub.etag("config.json"));
    EXPECT_EQ(fs::read_symlink(snapshot() / "model.safetensors"), "../../blobs/" + sha256(weights));
    EXPECT_EQ(content_of(repository() / "refs/main"), kCommit);
    EXPECT_FALSE(fs::exists(snapshot() / "README.md"));
    EXPECT_TRUE(fs::exists(settings.cache / ".locks/models--org--net" / (sha256(weights) + ".lock")));
    EXPECT_THAT(content_of(settings.cache / "CACHEDIR.TAG"), HasSubstr("8a477f597d28d172789f06886806bc55"));
    EXPECT_FALSE(fs::exists(incomplete("model.safetensors")));
}

TEST_F(HubTest, SendsTheTokenToTheHubOnly) {
    fetch_model();
    for (const auto& request : hub.hub().requests())
        EXPECT_EQ(request.header("authorization"), "Bearer secret");
    ASSERT_EQ(hub.store().requests().size(), 1u);
    EXPECT_EQ(hub.store().requests()[0].header("authorization"), "");
}

TEST_F(HubTest, DownloadsNothingTwice) {
    fetch_model();
    const auto gets = hub.hub().count("GET");
    const Snapshot again = fetch_model();
    EXPECT_EQ(again.missing_bytes(), 0);
    EXPECT_EQ(hub.hub().count("GET"), gets + 1);  // the list of files
    EXPECT_EQ(hub.store().requests().size(), 1u);
    const auto requests = hub.hub().requests().size();
    EXPECT_EQ(fetch_model("org/net@" + kCommit).files.size(), 3u);
    EXPECT_EQ(hub.hub().requests().size(), requests) << "a complete commit needs no network";
}

TEST_F(HubTest, ADryRunWritesNothing) {
    FetchOptions options;
    options.dry_run = true;
    const Snapshot planned = fetch_model("org/net", options);
    EXPECT_EQ(planned.files.size(), 3u);
    EXPECT_EQ(planned.missing_bytes(), planned.bytes());
    EXPECT_FALSE(fs::exists(settings.cache));
    EXPECT_THAT(hub.store().requests(), IsEmpty());
}

TEST_F(HubTest, TakesAnotherRevisionAndOtherFiles) {
    FetchOptions options;
    options.include = {"*.md"};
    const Snapshot fetched = fetch_model("org/net@refs/pr/7", options);
    ASSERT_EQ(fetched.files.size(), 1u);
    EXPECT_EQ(content_of(snapshot() / "README.md"), "A model.");
    EXPECT_EQ(content_of(repository() / "refs/refs/pr/7"), kCommit);
    options.include = {"*.flac"};
    EXPECT_THAT(error_of_fetch("org/net", options), HasSubstr("--include"));
}

TEST_F(HubTest, LinksFilesInFoldersToTheSameBlobs) {
    hub.add("onnx/model.onnx", "graph", true);
    FetchOptions options;
    options.include = {"onnx/"};
    fetch_model("org/net", options);
    EXPECT_EQ(fs::read_symlink(snapshot() / "onnx/model.onnx"), "../../../blobs/" + sha256("graph"));
    EXPECT_EQ(content_of(snapshot() / "onnx/model.onnx"), "graph");
}

TEST_F(HubTest, WithoutLinksFilesLieInTheSnapshot) {
    settings.symlinks = false;
    fetch_model();
    EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(snapshot() / "model.safetensors")));
    EXPECT_EQ(content_of(snapshot() / "model.safetensors"), weights);
    EXPECT_EQ(fetch_model().missing_bytes(), 0);
}

TEST_F(HubTest, ReportsProgressOverAllFiles) {
    FetchOptions options;
    std::vector<std::int64_t> done;
    options.progress = [&](const FetchProgress& progress) { done.push_back(progress.done); };
    const Snapshot fetched = fetch_model("org/net", options);
    ASSERT_FALSE(done.empty());
    EXPECT_TRUE(std::is_sorted(done.begin(), done.end()));
    EXPECT_EQ(done.back(), fetched.bytes());
}

TEST_F(HubTest, GoesOnAfterABrokenConnection) {
    hub.at_store = [broken = false](const ServedRequest&, Reply& reply) mutable {
        if (!std::exchange(broken, true)) reply.sent = 40'000;
    };
    fetch_model();
    EXPECT_EQ(content_of(snapshot() / "model.safetensors"), weights);
    ASSERT_EQ(hub.store().requests().size(), 2u);
    EXPECT_EQ(hub.store().requests()[1].header("range"), "bytes=40000-");
    EXPECT_THAT(pauses, ElementsAre(1.0));
}

TEST_F(HubTest, GivesUpOnAConnectionThatAlwaysBreaks) {
    hub.at_store = [](const ServedRequest&, Reply& reply) { reply.sent = 0; };
    EXPECT_THAT(error_of_fetch(), HasSubstr("model.safetensors"));
    EXPECT_THAT(pauses, ElementsAre(1.0, 2.0, 4.0, 8.0));
    EXPECT_FALSE(fs::exists(repository() / "refs/main")) << "the name comes last";
}

TEST_F(HubTest, GoesOnAfterSilence) {
    hub.at_store = [stalled = false](const ServedRequest&, Reply& reply) mutable {
        if (std::exchange(stalled, true)) return;
        reply.sent = 10;
        reply.stalls = true;
    };
    fetch_model();
    EXPECT_EQ(content_of(snapshot() / "model.safetensors"), weights);
    EXPECT_EQ(hub.store().requests().at(1).header("range"), "bytes=10-");
}

TEST_F(HubTest, GoesOnFromWhatAKilledDownloadLeft) {
    write(incomplete("model.safetensors"), weights.substr(0, 70'000));
    fetch_model();
    EXPECT_EQ(content_of(snapshot() / "model.safetensors"), weights);
    EXPECT_EQ(hub.store().requests().at(0).header("range"), "bytes=70000-");
}

TEST_F(HubTest, BeginsAgainWhereTheServerCannotResume) {
    write(incomplete("model.safetensors"), weights.substr(0, 70'000));
    hub.at_store = [this](const ServedRequest&, Reply& reply) { reply = {200, {}, weights}; };
    fetch_model();
    EXPECT_EQ(content_of(snapshot() / "model.safetensors"), weights);
}

TEST_F(HubTest, BeginsAgainWhereTheServerSendsAnotherRange) {
    write(incomplete("model.safetensors"), weights.substr(0, 70'000));
    hub.at_store = [this, first = true](const ServedRequest&, Reply& reply) mutable {
        if (std::exchange(first, false)) reply = {206, {{"Content-Range", "bytes 0-100002/100003"}}, weights};
    };
    fetch_model();
    EXPECT_EQ(content_of(snapshot() / "model.safetensors"), weights);
    EXPECT_EQ(hub.store().requests().at(1).header("range"), "");
}

TEST_F(HubTest, BeginsAgainWhereWhatWasLeftIsDamaged) {
    write(incomplete("model.safetensors"), std::string(70'000, 'x'));
    fetch_model();
    EXPECT_EQ(content_of(snapshot() / "model.safetensors"), weights);
    fs::remove_all(settings.cache);
    write(incomplete("model.safetensors"), std::string(200'000, 'x'));
    fetch_model();
    EXPECT_EQ(content_of(snapshot() / "model.safetensors"), weights);
}

TEST_F(HubTest, KeepsNothingOfAWrongHash) {
    hub.at_store = [](const ServedRequest&, Reply& reply) { reply.body[5] = 'x'; };
    EXPECT_THAT(error_of_fetch(), HasSubstr("damaged"));
    EXPECT_FALSE(fs::exists(blob("model.safetensors")));
    EXPECT_FALSE(fs::exists(incomplete("model.safetensors")));
    EXPECT_FALSE(fs::exists(snapshot() / "model.safetensors"));
}

TEST_F(HubTest, VerifiesSmallFilesToo) {
    hub.at_hub = [](const ServedRequest& request, Reply& reply) {
        if (request.method == "GET" && request.target.ends_with("config.json")) reply.body[3] = 'X';
    };
    EXPECT_THAT(error_of_fetch(), HasSubstr("config.json of org/net is damaged"));
}

TEST_F(HubTest, RefusesMoreThanTheFileHas) {
    hub.at_store = [](const ServedRequest&, Reply& reply) { reply.body += "more"; };
    EXPECT_THAT(error_of_fetch(), HasSubstr("more than the 100003 bytes"));
    EXPECT_FALSE(fs::exists(blob("model.safetensors")));
}

TEST_F(HubTest, UndoesACompressionThatNobodyAskedFor) {
    using namespace std::string_literals;
    // gzip of the config.json of the fixture, made by Python 3.11: gzip.compress(text, mtime=0).
    const std::string compressed = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xab\x56\xca\xcd\x4f\x49"s +
                                   "\xcd\x89\x2f\xa9\x2c\x48\x55\xb2\x52\x50\x2a\x4a\x2d\xce\x4b\x2d"s +
                                   "\x51\xaa\x05\x00\x9d\xd6\xb9\xa8\x18\x00\x00\x00"s;
    hub.at_hub = [&](const ServedRequest& request, Reply& reply) {
        if (request.method != "GET" || !request.target.ends_with("/config.json")) return;
        reply.body = compressed;
        reply.headers.emplace_back("Content-Encoding", "gzip");
    };
    fetch_model();
    EXPECT_EQ(content_of(snapshot() / "config.json"), R"({"model_type": "resnet"})");
}

TEST_F(HubTest, TellsApartWhatIsMissing) {
    EXPECT_THAT(error_of_fetch("org/other"), HasSubstr("there is no model org/other"));
    EXPECT_THAT(error_of_fetch("org/net@v9"), HasSubstr("no revision 'v9'"));
    hub.at_hub = [](const ServedRequest& request, Reply& reply) {
        if (request.method == "HEAD") reply = {404, {{"X-Error-Code", "EntryNotFound"}}, ""};
    };
    EXPECT_THAT(error_of_fetch(), HasSubstr("holds no file config.json"));
    EXPECT_THAT(pauses, IsEmpty());
}

TEST_F(HubTest, SaysWhatToDoWithoutAccess) {
    hub.at_hub = [](const ServedRequest&, Reply& reply) { reply = {401, {}, ""}; };
    EXPECT_THAT(error_of_fetch(), HasSubstr("check HF_TOKEN"));
    settings.token.clear();
    EXPECT_THAT(error_of_fetch(), HasSubstr("or set HF_TOKEN"));
    hub.at_hub = [](const ServedRequest&, Reply& reply) {
        reply = {403, {{"X-Error-Code", "GatedRepo"}}, ""};
    };
    EXPECT_THAT(error_of_fetch(), HasSubstr("accept its licence at " + settings.endpoint + "/org/net"));
    EXPECT_EQ(error_of_fetch().find("secret"), std::string::npos);
}

TEST_F(HubTest, WaitsAsLongAsTheServerAsks) {
    hub.at_hub = [count = 0](const ServedRequest&, Reply& reply) mutable {
        if (count++ < 2) reply = {429, {{"Retry-After", "7"}}, ""};
    };
    fetch_model();
    EXPECT_THAT(pauses, ElementsAre(7.0, 7.0));
}

TEST_F(HubTest, DoesNotWaitForEver) {
    hub.at_hub = [](const ServedRequest&, Reply& reply) { reply = {429, {{"Retry-After", "3600"}}, ""}; };
    EXPECT_THAT(error_of_fetch(), HasSubstr("Retry-After 3600"));
    EXPECT_THAT(pauses, IsEmpty());
    hub.at_hub = [](const ServedRequest&, Reply& reply) { reply = {502, {}, ""}; };
    EXPECT_THAT(error_of_fetch(), HasSubstr("status 502"));
    EXPECT_THAT(pauses, ElementsAre(1.0, 2.0, 4.0, 8.0));
}

TEST_F(HubTest, FollowsOnlySoManyRedirects) {
    hub.at_store = [this](const ServedRequest& request, Reply& reply) {
        reply = {302, {{"Location", hub.store().url() + request.target}}, ""};
    };
    EXPECT_THAT(error_of_fetch(), HasSubstr("from place to place"));
}

TEST_F(HubTest, RefusesAHubThatContradictsItself) {
    hub.at_hub = [](const ServedRequest& request, Reply& reply) {
        for (auto& [name, value] : reply.headers) {
            if (request.method == "HEAD" && name == "X-Linked-Etag")
                value = "\"" + std::string(64, 'a') + "\"";
        }
    };
    EXPECT_THAT(error_of_fetch(), HasSubstr("contradicts itself"));
    EXPECT_FALSE(fs::exists(settings.cache));
}

TEST_F(HubTest, SaysThatThereIsNoNetwork) {
    settings.endpoint = "http://127.0.0.1:1";
    EXPECT_THAT(error_of_fetch(), HasSubstr("cannot reach http://127.0.0.1:1"));
    EXPECT_THAT(pauses, IsEmpty());
}

TEST_F(HubTest, OfflineNothingIsAsked) {
    settings.offline = true;
    EXPECT_THAT(error_of_fetch(), HasSubstr("espalier fetch org/net"));
    settings.offline = false;
    fetch_model();
    const auto requests = hub.hub().requests().size();
    settings.offline = true;
    EXPECT_EQ(fetch_model().folder, snapshot());
    EXPECT_EQ(hub.hub().requests().size(), requests);
}

TEST_F(HubTest, TwoAtOnceDownloadOnce) {
    std::atomic<int> arrived{0};
    settings.pause = [](Seconds) { std::this_thread::yield(); };
    hub.at_store = [&](const ServedRequest&, Reply&) { ++arrived; };
    std::thread other([this] { EXPECT_EQ(fetch_model().folder, snapshot()); });
    EXPECT_EQ(fetch_model().folder, snapshot());
    other.join();
    EXPECT_EQ(arrived, 1);
    EXPECT_EQ(content_of(snapshot() / "model.safetensors"), weights);
}

TEST_F(HubTest, SaysWhatIsInARepositoryWithoutUsableWeights) {
    FakeHub empty;
    empty.add("flax_model.msgpack", "flax");
    settings.endpoint = empty.hub().url();
    EXPECT_THAT(error_of_fetch(), HasSubstr("flax_model.msgpack"));
}

}  // namespace
}  // namespace espalier::hub::testing
