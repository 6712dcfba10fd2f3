#include "formats/safetensors/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "base/error.h"
#include "base/file.h"
#include "base/random.h"

namespace espalier::formats {
namespace {

using testing::HasSubstr;

/// A file in the temporary folder that goes away with the object.
class TemporaryFile {
  public:
    TemporaryFile() : path_(testing::TempDir() + fmt::format("espalier-{}.safetensors", ::getpid())) {}
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    ~TemporaryFile() { std::filesystem::remove(path_); }
    const std::filesystem::path& path() const { return path_; }

    // Without the sync of write_file_atomically, and into a new file, which file systems do not flush at
    // once: waiting for the disk would take most of the time of these tests.
    void write(std::string_view content) const {
        std::filesystem::remove(path_);
        std::ofstream(path_, std::ios::binary) << content;
    }

    /// Writes a header with its length in front, and `data_bytes` zeros behind it.
    void write_header(const std::string& header, std::size_t data_bytes) const {
        std::string content;
        for (int i = 0; i < 8; ++i) content += static_cast<char>(header.size() >> (8 * i) & 0xff);
        write(content + header + std::string(data_bytes, '\0'));
    }

  private:
    std::filesystem::path path_;
};

std::string error_of(const TemporaryFile& file) {
    try {
        read_safetensors(file.path());
    } catch (const Error& error) {
        return error.what();
    }
    return "no error";
}

std::string error_of_header(const std::string& header, std::size_t data_bytes = 8) {
    const TemporaryFile file;
    file.write_header(header, data_bytes);
    return error_of(file);
}

TensorMap sample() {
    const float weights[] = {1, 2, 3, 4, 5, 6};
    const std::int8_t codes[] = {-1, 0, 127};
    const std::int64_t count[] = {42};
    std::vector<float> big(64, 0.5f);
    return {{"a.codes", Tensor::of<std::int8_t>({3}, codes)},
            {"b.weight", Tensor::of<float>({2, 3}, weights)},
            {"c.count", Tensor::of<std::int64_t>({}, count)},
            {"d.big", Tensor::of<float>({8, 8}, big)},
            {"e.empty", Tensor::allocate(DType::kF32, {0, 4})}};
}

TEST(Safetensors, WhatIsWrittenIsReadBack) {
    const TemporaryFile file;
    write_safetensors(file.path(), sample(), {{"format", "pt"}});
    const Safetensors back = read_safetensors(file.path());
    EXPECT_EQ(back.metadata.at("format"), "pt");
    ASSERT_EQ(back.tensors.size(), 5u);
    for (const auto& [name, tensor] : sample()) {
        const Tensor& read = back.tensors.at(name);
        EXPECT_EQ(read.dtype(), tensor.dtype());
        EXPECT_EQ(read.shape(), tensor.shape());
        EXPECT_TRUE(std::equal(read.bytes().begin(), read.bytes().end(), tensor.bytes().begin(),
                               tensor.bytes().end()));
        EXPECT_TRUE(read.aligned());
    }
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(back.tensors.at("d.big").bytes().data()) % 64, 0u);
}

TEST(Safetensors, AViewKeepsItsFileMapped) {
    const TemporaryFile file;
    write_safetensors(file.path(), sample());
    const Tensor kept = read_safetensors(file.path()).tensors.at("b.weight");
    std::filesystem::remove(file.path());
    EXPECT_EQ(kept.span<float>()[5], 6.0f);
}

TEST(Safetensors, HostileLengthsAreRefused) {
    const TemporaryFile file;
    file.write("");
    EXPECT_THAT(error_of(file), HasSubstr("has 0 bytes"));
    file.write(std::string(8, '\xff'));
    EXPECT_THAT(error_of(file), HasSubstr("at most 100000000"));
    file.write(std::string("\x10\0\0\0\0\0\0\0{}", 10));
    EXPECT_THAT(error_of(file), HasSubstr("only 2 bytes follow"));
}

TEST(Safetensors, HostileHeadersAreRefused) {
    const std::string good = R"("dtype":"F32","shape":[2],"data_offsets":[0,8])";
    EXPECT_EQ(error_of_header("{\"x\":{" + good + "}}"), "no error");
    EXPECT_THAT(error_of_header("[]"), HasSubstr("must be a JSON object"));
    EXPECT_THAT(error_of_header("{"), HasSubstr("not valid JSON"));
    EXPECT_THAT(error_of_header("{}{}"), HasSubstr("not valid JSON"));
    EXPECT_THAT(error_of_header("{\"x\":{" + good + "},\"x\":{" + good + "}}"),
                HasSubstr("'x' in the header is wrong"));
    EXPECT_THAT(error_of_header(R"({"x":{"dtype":"F32","dtype":"F32"}})"), HasSubstr("occurs twice"));
    EXPECT_THAT(error_of_header(R"({"x":{"dtype":"F32","shape":[2]}})"), HasSubstr("needs the keys"));
    EXPECT_THAT(error_of_header(R"({"x":{"dtype":"F4","shape":[2],"data_offsets":[0,8]}})"),
                HasSubstr("'F4'"));
    EXPECT_THAT(error_of_header(R"({"x":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})"),
                HasSubstr("negative"));
    EXPECT_THAT(error_of_header(R"({"x":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}})"),
                HasSubstr("integer"));
    EXPECT_THAT(error_of_header(R"({"x":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})"),
                HasSubstr("needs 12 bytes"));
    EXPECT_THAT(error_of_header(R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}})"),
                HasSubstr("8 bytes of data"));
    EXPECT_THAT(error_of_header(R"({"x":{"dtype":"F32","shape":[0],"data_offsets":[8,0]}})"),
                HasSubstr("bytes 8 to 0"));
    EXPECT_THAT(error_of_header(R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[8]}})"),
                HasSubstr("two data_offsets"));
    EXPECT_THAT(
        error_of_header(R"({"x":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})"),
        HasSubstr("too many elements"));
    EXPECT_THAT(
        error_of_header(R"({"x":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,8]}})"),
        HasSubstr("'x'"));
    EXPECT_THAT(error_of_header(R"({"x":[1]})"), HasSubstr("a list is not expected"));
    EXPECT_THAT(error_of_header(R"({"__metadata__":{"a":{}}})"), HasSubstr("an object is not expected"));
    EXPECT_THAT(
        error_of_header("{\"a\":{" + good + R"(},"b":{"dtype":"U8","shape":[2],"data_offsets":[7,9]}})", 16),
        HasSubstr("'a' and 'b' overlap"));
}

TEST(Safetensors, DeepNestingIsRefusedAtOnce) {
    EXPECT_THAT(error_of_header(std::string(1 << 20, '[')), HasSubstr("must be a JSON object"));
    std::string objects;
    for (int i = 0; i < 1000; ++i) objects += "{\"a\":";
    EXPECT_THAT(error_of_header(objects), HasSubstr("unknown key"));
}

TEST(Safetensors, FlippedBytesNeverCrash) {
    const TemporaryFile file;
    write_safetensors(file.path(), sample(), {{"format", "pt"}});
    const std::string good = read_text_file(file.path());
    Random random(7);
    int accepted = 0;
    for (int round = 0; round < 2000; ++round) {
        std::string bad = good;
        for (std::uint64_t flips = 1 + random.below(4); flips > 0; --flips) {
            bad[random.below(good.size())] = static_cast<char>(random.below(256));
        }
        if (random.below(8) == 0) bad.resize(random.below(good.size()));
        file.write(bad);
        try {
            double sum = 0;
            for (const auto& [name, tensor] : read_safetensors(file.path()).tensors) {
                for (const std::byte byte : tensor.bytes()) sum += std::to_integer<int>(byte);
            }
            EXPECT_GE(sum, 0);
            ++accepted;
        } catch (const Error& error) {
            EXPECT_NE(std::string(error.what()), "");
        }
    }
    EXPECT_GT(accepted, 0);
    EXPECT_LT(accepted, 2000);
}

TEST(Safetensors, AShardedCheckpointIsReadThroughItsIndex) {
    const auto folder =
        std::filesystem::path(testing::TempDir()) / fmt::format("espalier-shards-{}", ::getpid());
    std::filesystem::create_directories(folder);
    const auto all = sample();
    write_safetensors(folder / "one.safetensors", {{"a.codes", all.at("a.codes")}});
    write_safetensors(folder / "two.safetensors", {{"b.weight", all.at("b.weight")}});
    const auto index = folder / "model.safetensors.index.json";
    write_file_atomically(index,
                          R"({"weight_map":{"a.codes":"one.safetensors","b.weight":"two.safetensors"}})");
    EXPECT_EQ(read_sharded_safetensors(index).tensors.size(), 2u);
    std::filesystem::remove(index);
    write_file_atomically(index, R"({"weight_map":{"a.codes":"../one.safetensors"}})");
    EXPECT_THROW(read_sharded_safetensors(index), Error);
    std::filesystem::remove(index);
    write_file_atomically(index, R"({"weight_map":{"b.weight":"one.safetensors"}})");
    EXPECT_THROW(read_sharded_safetensors(index), Error);
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace espalier::formats
