#include "cli/packed_files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "base/temporary_folder.h"

namespace espalier::cli {
namespace {

namespace fs = std::filesystem;

class PackedFilesTest : public testing::Test {
  protected:
    engine::PackedFiles files(const std::string& choice, const fs::path& model) const {
        const std::map<std::string, std::string> variables{{"HOME", home().string()}};
        return packed_files(choice, model, Globals(), [&](const char* name) {
            const auto found = variables.find(name);
            return found == variables.end() ? std::string() : found->second;
        });
    }
    fs::path home() const { return temporary_.path() / "home"; }
    fs::path model() const {
        const fs::path folder = temporary_.path() / "model";
        fs::create_directories(folder);
        temporary_.write("model/model.onnx", "");
        return folder;
    }

    const TemporaryFolder temporary_;
};

TEST_F(PackedFilesTest, LieBesideTheModel) {
    EXPECT_EQ(files("auto", model()).folder, model() / ".espalier/packed");
    EXPECT_EQ(files("auto", model() / "model.onnx").folder, model() / ".espalier/packed");
    EXPECT_GT(files("auto", model()).least_bytes, 0);
}

TEST_F(PackedFilesTest, NeverLieInTheCacheOfTheHub) {
    const fs::path hub = home() / ".cache/huggingface/hub/models--google--vit";
    fs::create_directories(hub / "snapshots/1");
    EXPECT_EQ(files("auto", hub / "snapshots/1").folder,
              home() / ".cache/espalier/packed/models--google--vit");
}

TEST_F(PackedFilesTest, LieWhereTheUserSaysHoweverSmall) {
    EXPECT_EQ(files("/fast/disk", model()).folder, "/fast/disk");
    EXPECT_EQ(files("/fast/disk", model()).least_bytes, 0);
    EXPECT_TRUE(files("off", model()).folder.empty());
}

TEST_F(PackedFilesTest, AreNowhereWhereTheyCannotBe) {
    temporary_.write("file", "not a folder");
    EXPECT_TRUE(files("auto", temporary_.path() / "file" / "model.onnx").folder.empty());
}

}  // namespace
}  // namespace espalier::cli
