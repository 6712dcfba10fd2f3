// A hostile repository and a hostile cache: an error, and nothing written outside the cache.

#include "hub/cache.h"
#include "hub/fixture_test.h"

namespace espalier::hub::testing {
namespace {

using ::testing::HasSubstr;

/// Beside the cache lies a folder that somebody wants us to write into.
class HostileTest : public HubTest {
  protected:
    HostileTest() {
        fs::create_directories(outside);
        write(outside / "precious", "untouched");
    }

    void expect_untouched() const {
        EXPECT_EQ(content_of(outside / "precious"), "untouched");
        EXPECT_EQ(std::distance(fs::directory_iterator(outside), {}), 1);
    }

    const fs::path outside = folder / "outside";
};

TEST_F(HostileTest, FileNamesThatLeadOut) {
    for (const char* name : {"../../../../outside/x", "/outside/x", "a/../../x", "a\\..\\x", "a/./x"}) {
        FakeHub hostile;
        hostile.add(name, "evil");
        settings.endpoint = hostile.hub().url();
        FetchOptions options;
        options.include = {"*"};
        EXPECT_THAT(error_of_fetch("org/net", options), HasSubstr("it is refused")) << name;
        EXPECT_FALSE(fs::exists(settings.cache)) << name;
    }
    expect_untouched();
}

TEST_F(HostileTest, FoldersThatAreLinks) {
    for (const char* name : {"models--org--net", "models--org--net/blobs", "models--org--net/snapshots",
                             ".locks", "models--org--net/refs"}) {
        fs::remove_all(settings.cache);
        fs::create_directories((settings.cache / name).parent_path());
        fs::create_directory_symlink(outside, settings.cache / name);
        EXPECT_THAT(error_of_fetch(), HasSubstr("symbolic link")) << name;
        expect_untouched();
    }
}

TEST_F(HostileTest, FilesThatAreLinks) {
    fs::create_directories(repository() / "blobs");
    fs::create_symlink(outside / "precious", incomplete("model.safetensors"));
    EXPECT_THAT(error_of_fetch(), HasSubstr("symbolic link"));
    fs::remove(incomplete("model.safetensors"));
    fs::create_hard_link(outside / "precious", incomplete("model.safetensors"));
    EXPECT_THAT(error_of_fetch(), HasSubstr("no plain file"));
    fs::remove(incomplete("model.safetensors"));
    expect_untouched();
}

TEST_F(HostileTest, LinksInPlaceOfResultsAreReplaced) {
    fs::create_directories(snapshot());
    fs::create_directories(repository() / "blobs");
    fs::create_directories(repository() / "refs");
    fs::create_symlink(outside / "precious", snapshot() / "config.json");
    fs::create_symlink(outside / "precious", blob("model.safetensors"));
    fs::create_symlink(outside / "precious", repository() / "refs/main");
    fetch_model();
    expect_untouched();
    EXPECT_EQ(content_of(snapshot() / "config.json"), R"({"model_type": "resnet"})");
    EXPECT_EQ(content_of(snapshot() / "model.safetensors"), weights);
    EXPECT_EQ(content_of(repository() / "refs/main"), kCommit);
}

TEST_F(HostileTest, ReferencesThatLeadOut) {
    fetch_model();
    write(repository() / "refs/main", "../../../outside");
    EXPECT_FALSE(find_cached(settings, parse_reference("org/net")).has_value());
    write(repository() / "refs/main", std::string(100'000, 'a'));
    EXPECT_FALSE(find_cached(settings, parse_reference("org/net")).has_value());
}

TEST_F(HostileTest, BlobNamesThatLeadOut) {
    hub.at_hub = [](const ServedRequest& request, Reply& reply) {
        if (request.method != "HEAD") return;
        for (auto& [name, value] : reply.headers) {
            if (name == "ETag" || name == "X-Linked-Etag") value = "\"../../../outside/x\"";
        }
    };
    EXPECT_THAT(error_of_fetch(), HasSubstr("no usable ETag"));
    expect_untouched();
}

TEST_F(HostileTest, RedirectsToFiles) {
    hub.at_store = [this](const ServedRequest&, Reply& reply) {
        reply = {302, {{"Location", "file://" + (outside / "precious").string()}}, ""};
    };
    EXPECT_NE(error_of_fetch(), "no error");
    EXPECT_FALSE(fs::exists(blob("model.safetensors")));
}

TEST_F(HostileTest, HeadersWithoutEnd) {
    hub.at_hub = [](const ServedRequest&, Reply& reply) {
        for (int i = 0; i < 1000; ++i)
            reply.headers.emplace_back(fmt::format("X-{}", i), std::string(2000, 'x'));
    };
    EXPECT_THAT(error_of_fetch(), HasSubstr("could not be had"));
}

TEST_F(HostileTest, AnswersWithoutEnd) {
    hub.at_hub = [](const ServedRequest& request, Reply& reply) {
        if (request.method == "GET") reply = {200, {}, std::string((std::size_t{64} << 20) + 1, ' ')};
    };
    EXPECT_THAT(error_of_fetch(), HasSubstr("more than 64 MB"));
}

}  // namespace
}  // namespace espalier::hub::testing
