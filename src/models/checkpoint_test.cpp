#include "models/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "base/temporary_folder.h"
#include "formats/safetensors/safetensors.h"
#include "models/load.h"
#include "models/weights.h"

namespace espalier::models {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

fs::path goldens() { return fs::path(ESPALIER_SOURCE_DIR) / "tools/goldens/pytorch_checkpoints"; }

/// A copy of a network in both formats, of which a test removes what it does not want.
class Copy : public TemporaryFolder {
  public:
    Copy() {
        for (const auto& entry : fs::directory_iterator(goldens() / "resnet")) fs::copy(entry.path(), path());
    }
    void remove(const char* file) const { fs::remove(path() / file); }
};

void expect_same_network(const graph::Graph& a, const graph::Graph& b) {
    EXPECT_EQ(graph::print(a), graph::print(b));
    ASSERT_EQ(a.nodes().size(), b.nodes().size());
    std::size_t constants = 0;
    for (std::size_t i = 0; i < a.nodes().size(); ++i) {
        const auto id = static_cast<graph::NodeId>(i);
        const Tensor* x = a.constant(id);
        const Tensor* y = b.constant(id);
        ASSERT_EQ(x == nullptr, y == nullptr);
        if (!x) continue;
        ++constants;
        EXPECT_TRUE(std::ranges::equal(x->bytes(), y->bytes())) << a.nodes()[i].name;
    }
    EXPECT_GT(constants, 10u);
}

TEST(Checkpoint, BothFormatsGiveTheSameNetworkAndSoTheSamePredictions) {
    const Copy pickled;
    pickled.remove("model.safetensors");
    const Model model = load_model(pickled.path());
    const Model safe = load_model(goldens() / "resnet");
    EXPECT_EQ(model.notes, safe.notes) << "no tensor of the pickle is unused";
    expect_same_network(model.graph, safe.graph);
}

TEST(Checkpoint, SafetensorsArePreferred) {
    const Copy copy;
    EXPECT_THAT(read_checkpoint(Folder::open(copy.path())).files, testing::ElementsAre("model.safetensors"));
    copy.remove("model.safetensors");
    EXPECT_THAT(read_checkpoint(Folder::open(copy.path())).files, testing::ElementsAre("pytorch_model.bin"));
    copy.remove("pytorch_model.bin");
    EXPECT_FALSE(has_checkpoint(Folder::open(copy.path())));
    try {
        load_model(copy.path());
        FAIL();
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr("pytorch_model.bin, pytorch_model.bin.index.json"));
    }
}

TEST(Checkpoint, ShardsAreAllNamedSoThatTheHashCoversThem) {
    const Checkpoint checkpoint = read_checkpoint(Folder::open(goldens() / "sharded"));
    EXPECT_THAT(checkpoint.files,
                testing::ElementsAre("pytorch_model.bin.index.json", "pytorch_model-00001-of-00002.bin",
                                     "pytorch_model-00002-of-00002.bin"));
    EXPECT_EQ(checkpoint.tensors.size(), 3u);
}

TEST(Checkpoint, TheHashCoversAPickledCheckpoint) {
    const Copy copy;
    copy.remove("model.safetensors");
    const std::string before = load_model(copy.path()).sha256;
    std::string content = read_text_file(copy.path() / "pytorch_model.bin");
    // A number in the middle of the first storage; the archive is written without gaps that large.
    const std::size_t at = content.find("data/0FB") + 200;
    content[at] = static_cast<char>(content[at] ^ 1);
    copy.write("pytorch_model.bin", content);
    EXPECT_NE(load_model(copy.path()).sha256, before);
}

TEST(Checkpoint, AStateDictInsideLeavesANoteOnce) {
    const TemporaryFolder folder;
    fs::copy(goldens() / "training.bin", folder.path() / "pytorch_model.bin");
    const Checkpoint checkpoint = read_checkpoint(Folder::open(folder.path()));
    ASSERT_EQ(checkpoint.notes.size(), 1u);
    EXPECT_THAT(checkpoint.notes[0], HasSubstr("state_dict"));
}

/// A weight in every type that both formats share: floating types become f32, others are not weights.
TEST(Checkpoint, EveryFloatingTypeIsAWeightInBothFormats) {
    for (const char* file : {"types.bin", "types.safetensors"}) {
        const TemporaryFolder folder;
        const bool pickled = std::string_view(file).ends_with(".bin");
        fs::copy(goldens() / file, folder.path() / (pickled ? "pytorch_model.bin" : "model.safetensors"));
        CheckpointWeights weights(read_checkpoint(Folder::open(folder.path())).tensors, file);
        for (const char* name : {"f32", "f16", "bf16", "f64"}) {
            const Tensor tensor = weights.get(name, {2, 3}, Role::kMatrix);
            EXPECT_EQ(tensor.span<float>()[5], 2.5f) << file << " " << name;
        }
        try {
            weights.get("i64", {2, 3}, Role::kMatrix);
            FAIL();
        } catch (const Error& error) {
            EXPECT_THAT(error.what(), HasSubstr("'i64' holds i64"));
        }
        EXPECT_EQ(weights.unused().size(), 7u) << "index buffers and the like are left for a note";
    }
}

}  // namespace
}  // namespace espalier::models
