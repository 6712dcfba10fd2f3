// What is taken for a model in the cache, without the network.

#include "hub/cache.h"

#include "hub/fixture_test.h"

namespace espalier::hub::testing {
namespace {

using ::testing::HasSubstr;

/// A cache filled by hand, as other programs may leave it.
class CacheTest : public HubTest {
  protected:
    CacheTest() {
        write(repository() / "refs/main", kCommit);
        write(snapshot() / "config.json", "{}");
    }

    std::optional<CachedModel> found(const std::string& text = "org/net") const {
        return find_cached(settings, parse_reference(text));
    }
};

TEST_F(CacheTest, NeedsAllParts) {
    EXPECT_FALSE(found());
    write(snapshot() / "model.safetensors", "weights");
    ASSERT_TRUE(found());
    EXPECT_EQ(found()->folder, snapshot());
    EXPECT_TRUE(found("org/net@" + kCommit));
    EXPECT_FALSE(found("org/net@v1"));
    EXPECT_FALSE(found("org/other"));
    fs::remove(snapshot() / "config.json");
    EXPECT_FALSE(found());
}

TEST_F(CacheTest, NeedsEveryShard) {
    write(
        snapshot() / "model.safetensors.index.json",
        R"({"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}})");
    write(snapshot() / "model-00001-of-00002.safetensors", "one");
    EXPECT_FALSE(found());
    write(snapshot() / "model-00002-of-00002.safetensors", "two");
    EXPECT_TRUE(found());
    write(snapshot() / "model.safetensors.index.json", "{");
    EXPECT_FALSE(found());
}

TEST_F(CacheTest, ALinkToNothingIsNothing) {
    fs::create_symlink("../../blobs/gone", snapshot() / "model.safetensors");
    EXPECT_FALSE(found());
}

TEST_F(CacheTest, KnowsWhetherTheProcessorIsAbsent) {
    write(snapshot() / "model.safetensors", "weights");
    EXPECT_FALSE(found()->processor_known);
    const fs::path tree = repository() / "trees" / (kCommit + ".json");
    write(tree, R"({"format_version": 1, "files": {"config.json": {}, "preprocessor_config.json": {}}})");
    EXPECT_FALSE(found()->processor_known) << "the repository has one, the cache does not";
    write(tree, R"({"format_version": 1, "files": {"config.json": {}}})");
    EXPECT_TRUE(found()->processor_known);
    write(tree, R"({"format_version": 2, "files": {"config.json": {}}})");
    EXPECT_FALSE(found()->processor_known);
    write(repository() / ".no_exist" / kCommit / "preprocessor_config.json", "");
    EXPECT_TRUE(found()->processor_known);
}

TEST_F(CacheTest, FetchRemembersThatTheProcessorIsAbsent) {
    FakeHub bare;
    bare.add("config.json", "{}");
    bare.add("model.safetensors", "weights", true);
    settings.endpoint = bare.hub().url();
    fetch_model();
    EXPECT_TRUE(found()->processor_known);
}

TEST_F(CacheTest, AnUnfinishedUpdateLeavesTheOldModelUsable) {
    const std::string old = std::string(40, 'a');
    write(repository() / "refs/main", old);
    write(repository() / "snapshots" / old / "config.json", "{}");
    write(repository() / "snapshots" / old / "model.safetensors", "weights");
    settings.pause = [](Seconds) {};
    hub.at_store = [](const ServedRequest&, Reply& reply) { reply = {500, {}, ""}; };
    EXPECT_THAT(error_of_fetch(), HasSubstr("status 500"));
    ASSERT_TRUE(found());
    EXPECT_EQ(found()->commit, old);
}

/// Everything below a folder with its time of change, by which any writing shows.
std::map<std::string, fs::file_time_type> times_below(const fs::path& folder) {
    std::map<std::string, fs::file_time_type> times;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        if (!entry.is_symlink()) times[entry.path().string()] = entry.last_write_time();
    }
    return times;
}

TEST_F(HubTest, ReadingWritesNothing) {
    fetch_model();
    const auto before = times_below(folder);
    EXPECT_TRUE(find_cached(settings, parse_reference("org/net")));
    fetch_model();
    settings.offline = true;
    fetch_model();
    EXPECT_EQ(times_below(folder), before);
}

TEST_F(HubTest, ACacheThatCannotBeWrittenNamesTheVariable) {
    // Not even root makes folders here.
    settings.cache = "/sys/espalier-test";
    EXPECT_THAT(error_of_fetch(), HasSubstr("HF_HUB_CACHE"));
}

}  // namespace
}  // namespace espalier::hub::testing
