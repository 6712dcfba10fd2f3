#include "cli/hub_settings.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "base/error.h"

namespace espalier::cli {
namespace {

using Variables = std::map<std::string, std::string>;

hub::Settings settings_from(Variables variables, bool offline = false) {
    variables.emplace("HOME", "/home/u");
    Globals globals;
    globals.offline = offline;
    return hub_settings(globals, [&](const char* name) {
        const auto found = variables.find(name);
        return found == variables.end() ? std::string() : found->second;
    });
}

TEST(HubSettings, TheCacheLiesWhereHuggingFaceKeepsIt) {
    EXPECT_EQ(settings_from({}).cache, "/home/u/.cache/huggingface/hub");
    EXPECT_EQ(settings_from({{"XDG_CACHE_HOME", "/c"}}).cache, "/c/huggingface/hub");
    EXPECT_EQ(settings_from({{"XDG_CACHE_HOME", "/c"}, {"HF_HOME", "/h"}}).cache, "/h/hub");
    EXPECT_EQ(settings_from({{"HF_HOME", "/h"}, {"HUGGINGFACE_HUB_CACHE", "/old"}}).cache, "/old");
    EXPECT_EQ(settings_from({{"HUGGINGFACE_HUB_CACHE", "/old"}, {"HF_HUB_CACHE", "/new"}}).cache, "/new");
    EXPECT_EQ(settings_from({{"HF_HOME", ""}}).cache, "/home/u/.cache/huggingface/hub");
}

TEST(HubSettings, PathsAreExpanded) {
    EXPECT_EQ(settings_from({{"HF_HOME", "~/hf"}}).cache, "/home/u/hf/hub");
    EXPECT_EQ(settings_from({{"HF_HUB_CACHE", "/scratch/$USER/hub"}, {"USER", "ada"}}).cache,
              "/scratch/ada/hub");
    EXPECT_EQ(settings_from({{"HF_HUB_CACHE", "/scratch/${USER}x"}, {"USER", "ada"}}).cache, "/scratch/adax");
    EXPECT_EQ(settings_from({{"HF_HUB_CACHE", "/a/$UNSET/${B"}}).cache, "/a/$UNSET/${B");
}

TEST(HubSettings, OfflineByFlagOrVariable) {
    EXPECT_FALSE(settings_from({}).offline);
    EXPECT_TRUE(settings_from({}, true).offline);
    for (const char* yes : {"1", "ON", "yes", "True"})
        EXPECT_TRUE(settings_from({{"HF_HUB_OFFLINE", yes}}).offline);
    EXPECT_FALSE(settings_from({{"HF_HUB_OFFLINE", "0"}, {"TRANSFORMERS_OFFLINE", "1"}}).offline);
    EXPECT_TRUE(settings_from({{"TRANSFORMERS_OFFLINE", "1"}}).offline);
}

TEST(HubSettings, EndpointAndTimeoutsAreChecked) {
    EXPECT_EQ(settings_from({}).endpoint, "https://huggingface.co");
    EXPECT_EQ(settings_from({{"HF_ENDPOINT", "https://mirror.example/hf//"}}).endpoint,
              "https://mirror.example/hf");
    EXPECT_THROW(settings_from({{"HF_ENDPOINT", "mirror.example"}}), Error);
    EXPECT_THROW(settings_from({{"HF_ENDPOINT", "file:///etc"}}), Error);
    EXPECT_EQ(settings_from({{"HF_HUB_ETAG_TIMEOUT", "25"}}).answer_timeout_s, 25);
    EXPECT_EQ(settings_from({{"HF_HUB_DOWNLOAD_TIMEOUT", "0"}}).silence_timeout_s, 10);
    EXPECT_THROW(settings_from({{"HF_HUB_DOWNLOAD_TIMEOUT", "soon"}}), Error);
    EXPECT_FALSE(settings_from({{"HF_HUB_DISABLE_SYMLINKS", "1"}}).symlinks);
}

TEST(HubSettings, TheTokenComesFromTheVariableThenTheFile) {
    const auto folder =
        std::filesystem::path(testing::TempDir()) / ("espalier-token-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "token") << " from-file\r\n";
    const std::string home = folder.string();
    EXPECT_EQ(settings_from({{"HF_HOME", home}}).token, "from-file");
    EXPECT_EQ(settings_from({{"HF_TOKEN_PATH", home + "/token"}}).token, "from-file");
    EXPECT_EQ(settings_from({{"HF_HOME", home}, {"HF_TOKEN", "from-variable\n"}}).token, "from-variable");
    EXPECT_EQ(settings_from({{"HF_HOME", home}, {"HF_HUB_DISABLE_IMPLICIT_TOKEN", "1"}}).token, "");
    EXPECT_EQ(settings_from({}).token, "");
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace espalier::cli
