#include "formats/pytorch/pytorch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "base/random.h"
#include "formats/pytorch/torch_file_test.h"
#include "formats/safetensors/safetensors.h"
#include "formats/shards.h"

namespace espalier::formats {
namespace {

using namespace pytorch;
using testing::HasSubstr;
namespace fs = std::filesystem;

fs::path goldens() { return fs::path(ESPALIER_SOURCE_DIR) / "tools/goldens/pytorch_checkpoints"; }

PytorchCheckpoint read(const std::string& content) {
    return read_pytorch(SharedBytes::copy_of(content), "the file");
}

std::string error_of(const std::string& content) {
    try {
        read(content);
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr("the file"));
        return error.what();
    }
    return "no error";
}

void expect_equal(const TensorMap& read, const TensorMap& expected) {
    ASSERT_EQ(read.size(), expected.size());
    for (const auto& [name, tensor] : expected) {
        ASSERT_TRUE(read.contains(name)) << name;
        const Tensor& other = read.at(name);
        EXPECT_EQ(other.dtype(), tensor.dtype()) << name;
        EXPECT_EQ(other.shape(), tensor.shape()) << name;
        EXPECT_TRUE(std::ranges::equal(other.bytes(), tensor.bytes())) << name;
    }
}

class Saved : public testing::TestWithParam<const char*> {};

TEST_P(Saved, HoldsWhatTorchPutIn) {
    const fs::path path = goldens() / GetParam();
    expect_equal(read_pytorch(path.string() + ".bin").tensors,
                 read_safetensors(path.string() + ".safetensors").tensors);
}

INSTANTIATE_TEST_SUITE_P(Goldens, Saved,
                         testing::Values("plain", "types", "shared", "strided", "parameters", "training"));

TEST(Pytorch, TensorsInOrderAreViewsOfOneFile) {
    const SharedBytes file = SharedBytes::of_file(goldens() / "shared.bin");
    const TensorMap tensors = read_pytorch(file, "x").tensors;
    for (const auto& [name, tensor] : tensors) {
        EXPECT_GE(tensor.bytes().data(), file.bytes.data()) << name;
        EXPECT_LE(tensor.bytes().data() + tensor.size_bytes(), file.bytes.data() + file.bytes.size()) << name;
        EXPECT_TRUE(tensor.aligned()) << name;
    }
    EXPECT_EQ(tensors.at("embedding.weight").bytes().data(), tensors.at("head.weight").bytes().data());
}

TEST(Pytorch, AViewKeepsItsFile) {
    const auto read_one = [] { return read_pytorch(goldens() / "plain.bin").tensors.at("0.weight"); };
    EXPECT_EQ(read_one().span<float>()[5], 2.5f);
}

TEST(Pytorch, EveryTypeConvertsAsSafetensorsDo) {
    const TensorMap tensors = read_pytorch(goldens() / "types.bin").tensors;
    for (const char* name : {"f32", "f16", "bf16", "f64"}) {
        const auto values = tensors.at(name).to_f32();
        for (std::size_t i = 0; i < 6; ++i)
            EXPECT_EQ(values.span<float>()[i], static_cast<float>(i) / 2) << name;
    }
    EXPECT_EQ(tensors.at("i64").span<std::int64_t>()[5], 2);
    EXPECT_EQ(tensors.at("scalar").shape(), Shape{});
}

TEST(Pytorch, AStateDictInsideIsTakenWithANote) {
    const PytorchCheckpoint checkpoint = read_pytorch(goldens() / "training.bin");
    ASSERT_EQ(checkpoint.notes.size(), 1u);
    EXPECT_THAT(checkpoint.notes[0], HasSubstr("under 'state_dict' in training.bin"));
    EXPECT_TRUE(read_pytorch(goldens() / "plain.bin").notes.empty());
    EXPECT_THAT(error_of(torch_file(PickleText().op("}").text("model").op("}s").stop())),
                HasSubstr("the key 'model' holds a dict, but a dictionary of tensors was expected"));
}

TEST(Pytorch, AShardedCheckpointIsReadThroughItsIndex) {
    const Shards shards = read_shards(goldens() / "sharded/pytorch_model.bin.index.json",
                                      [](const auto& file) { return read_pytorch(file).tensors; });
    EXPECT_EQ(shards.tensors.size(), 3u);
    EXPECT_EQ(shards.files, (std::vector<std::string>{"pytorch_model-00001-of-00002.bin",
                                                      "pytorch_model-00002-of-00002.bin"}));
    EXPECT_EQ(shards.tensors.at("b.weight").span<float>()[3], 1.5f);
}

TEST(Pytorch, OtherFilesAreToldApart) {
    EXPECT_THAT(error_of(read_text_file(goldens() / "before_1.6.bin")), HasSubstr("before PyTorch 1.6"));
    EXPECT_THAT(error_of(std::string(257, 'x') + "ustar" + std::string(300, '\0')), HasSubstr("torch.load"));
    EXPECT_THAT(error_of("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
                HasSubstr("git lfs pull"));
    EXPECT_THAT(error_of(""), HasSubstr("is no ZIP archive"));
    EXPECT_THAT(error_of(ZipText().add("a/b", "x").str()), HasSubstr("without data.pkl"));
    EXPECT_THAT(error_of(ZipText().add("a/b/data.pkl", "x").str()), HasSubstr("without data.pkl"));
    EXPECT_THAT(error_of(ZipText().add("a/data.pkl", "x").add("b/data.pkl", "x").str()),
                HasSubstr("two checkpoints"));
    EXPECT_THAT(error_of(ZipText().add("a/data.pkl", "x").add("a/constants.pkl", "x").str()),
                HasSubstr("TorchScript"));
    EXPECT_THAT(error_of(ZipText().add("a/data.pkl", "x").add("a/byteorder", "big").str()),
                HasSubstr("the byte order is 'big'"));
}

TEST(Pytorch, OnlyADictionaryOfTensorsIsAccepted) {
    EXPECT_EQ(error_of(torch_file(PickleText().op("}").stop())), "no error");
    EXPECT_THAT(error_of(torch_file(PickleText().op("N").stop())), HasSubstr("holds a None"));
    EXPECT_THAT(error_of(torch_file(PickleText().op("}K\x01Ns").stop())),
                HasSubstr("a key of type int holds a None"));
    const auto dictionary =
        PickleText().op("}").text("x").tensor("FloatStorage", "0", 6, 0, {6}, {1}).op("s");
    EXPECT_EQ(read(torch_file(dictionary.stop())).tensors.at("x").shape(), (Shape{6}));
    auto twice = dictionary;
    EXPECT_THAT(
        error_of(torch_file(twice.text("x").tensor("FloatStorage", "0", 6, 0, {6}, {1}).op("s").stop())),
        HasSubstr("'x': its name occurs twice"));
    EXPECT_THAT(
        error_of(torch_file(
            PickleText().op("}").text("\n").tensor("FloatStorage", "0", 6, 0, {6}, {1}).op("s").stop())),
        HasSubstr("printable"));
    EXPECT_THAT(error_of(torch_file(PickleText().global("os", "system").op("(").text("id").op("tR").stop())),
                HasSubstr("refuses to call os.system"));
}

/// The error of a checkpoint with one tensor of a storage of 6 numbers.
std::string error_of_tensor(std::int64_t offset, const std::vector<std::int64_t>& sizes,
                            const std::vector<std::int64_t>& strides, std::int64_t elements = 6,
                            const char* type = "FloatStorage", const char* key = "0") {
    return error_of(torch_file(
        PickleText().op("}").text("x").tensor(type, key, elements, offset, sizes, strides).op("s").stop()));
}

TEST(Pytorch, StridesThatLeaveTheStorageAreRefused) {
    constexpr std::int64_t kHuge = INT64_MAX;
    EXPECT_EQ(error_of_tensor(0, {2, 3}, {3, 1}), "no error");
    EXPECT_EQ(error_of_tensor(6, {0}, {1}), "no error");
    EXPECT_EQ(error_of_tensor(5, {}, {}), "no error");
    EXPECT_EQ(error_of_tensor(0, {1, 6}, {kHuge, 1}), "no error");
    EXPECT_THAT(error_of_tensor(6, {}, {}), HasSubstr("'x': its last element is number 6 of a storage of 6"));
    EXPECT_THAT(error_of_tensor(1, {2, 3}, {3, 1}), HasSubstr("number 6 of a storage of 6"));
    EXPECT_THAT(error_of_tensor(0, {2, 3}, {4, 1}), HasSubstr("number 6 of a storage of 6"));
    EXPECT_THAT(error_of_tensor(-1, {6}, {1}), HasSubstr("must not be negative"));
    EXPECT_THAT(error_of_tensor(5, {6}, {-1}), HasSubstr("must not be negative"));
    EXPECT_THAT(error_of_tensor(kHuge, {2}, {1}), HasSubstr("strides are too large"));
    EXPECT_THAT(error_of_tensor(0, {3}, {kHuge}), HasSubstr("strides are too large"));
    EXPECT_THAT(error_of_tensor(1, {2}, {kHuge}), HasSubstr("strides are too large"));
    EXPECT_THAT(error_of_tensor(0, {2, 3}, {3}), HasSubstr("2 axes, but 1 strides"));
    EXPECT_THAT(error_of_tensor(0, {-2, 3}, {3, 1}), HasSubstr("must not be negative"));
    EXPECT_THAT(error_of_tensor(0, {kHuge, kHuge}, {0, 0}), HasSubstr("too many elements"));
    EXPECT_THAT(error_of_tensor(0, {1 << 20, 1 << 19}, {0, 0}), HasSubstr("more than the file is worth"));
}

TEST(Pytorch, StoragesMustBeAsTheySay) {
    EXPECT_THAT(error_of_tensor(0, {6}, {1}, 7), HasSubstr("7 elements of f32, but has 24 bytes"));
    EXPECT_THAT(error_of_tensor(0, {6}, {1}, -6), HasSubstr("has 24 bytes"));
    EXPECT_THAT(error_of_tensor(0, {6}, {1}, INT64_MAX), HasSubstr("has 24 bytes"));
    EXPECT_THAT(error_of_tensor(0, {6}, {1}, 6, "DoubleStorage"), HasSubstr("6 elements of f64"));
    EXPECT_THAT(error_of_tensor(0, {6}, {1}, 6, "FloatStorage", "1"), HasSubstr("lacks its storage '1'"));
    EXPECT_THAT(error_of_tensor(0, {6}, {1}, 6, "FloatStorage", "../data.pkl"),
                HasSubstr("lacks its storage"));
}

TEST(Pytorch, TruncationAnywhereIsAnError) {
    const std::string good = read_text_file(goldens() / "plain.bin");
    for (std::size_t size = 0; size < good.size(); ++size) {
        EXPECT_NE(error_of(good.substr(0, size)), "no error") << size;
    }
}

TEST(Pytorch, APickleCutAnywhereIsAnError) {
    const std::string pickle =
        PickleText().op("}").text("x").tensor("FloatStorage", "0", 6, 0, {2, 3}, {3, 1}).op("s").stop();
    for (std::size_t size = 0; size < pickle.size(); ++size) {
        EXPECT_NE(error_of(torch_file(pickle.substr(0, size))), "no error") << size;
    }
}

TEST(Pytorch, FlippedBytesNeverCrash) {
    Random random(11);
    int accepted = 0, refused = 0;
    for (const char* name : {"plain.bin", "strided.bin", "parameters.bin"}) {
        const std::string good = read_text_file(goldens() / name);
        for (int round = 0; round < 1500; ++round) {
            std::string bad = good;
            for (std::uint64_t flips = 1 + random.below(3); flips > 0; --flips)
                bad[random.below(bad.size())] = static_cast<char>(random.below(256));
            try {
                double sum = 0;
                for (const auto& [key, tensor] : read(bad).tensors)
                    for (const std::byte byte : tensor.bytes()) sum += std::to_integer<int>(byte);
                EXPECT_GE(sum, 0);
                ++accepted;
            } catch (const Error&) {
                ++refused;
            }
        }
    }
    EXPECT_GT(accepted, 100);
    EXPECT_GT(refused, 100);
}

}  // namespace
}  // namespace espalier::formats
