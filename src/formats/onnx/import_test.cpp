#include "formats/onnx/import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "base/error.h"
#include "base/file.h"
#include "base/random.h"
#include "formats/onnx/onnx_file_test.h"

namespace espalier::formats {
namespace {

using namespace onnx;
using testing::HasSubstr;
namespace fs = std::filesystem;

/// A folder with a model.onnx that goes away with the object.
class TemporaryModel {
  public:
    explicit TemporaryModel(std::string_view content)
        : folder_(fs::path(testing::TempDir()) / fmt::format("espalier-onnx-{}", ::getpid())) {
        fs::create_directories(folder_);
        write("model.onnx", content);
    }
    TemporaryModel(const TemporaryModel&) = delete;
    TemporaryModel& operator=(const TemporaryModel&) = delete;
    ~TemporaryModel() { fs::remove_all(folder_); }

    void write(const char* file, std::string_view content) const {
        fs::remove(folder_ / file);
        std::ofstream(folder_ / file, std::ios::binary) << content;
    }
    fs::path path() const { return folder_ / "model.onnx"; }

  private:
    fs::path folder_;
};

graph::Graph imported(const Message& model, const OnnxOptions& options = {}) {
    return import_onnx(TemporaryModel(model.bytes()).path(), options);
}

std::string error_of(const TemporaryModel& file) {
    try {
        import_onnx(file.path());
    } catch (const Error& error) {
        return error.what();
    }
    return "no error";
}
std::string error_of(const std::string& content) { return error_of(TemporaryModel(content)); }
std::string error_of(const Message& model) { return error_of(model.bytes()); }

Message ones(std::string_view name, const std::vector<std::int64_t>& dims) {
    std::int64_t count = 1;
    for (const auto dim : dims) count *= dim;
    return float_tensor(name, dims, std::vector<float>(static_cast<std::size_t>(count), 1.0f));
}

const Message kFlatten = node("Flatten", {"x"}, {"y"});

TEST(ImportOnnx, WeightsAreTransposedAndKeepTheirNames) {
    const auto graph = imported(model({node("Flatten", {"x"}, {"f"}), node("MatMul", {"f", "head.w"}, {"y"})},
                                      {float_tensor("head.w", {48, 2}, std::vector<float>(96, 0.5f))}));
    EXPECT_EQ(graph::print(graph),
              "%0 = input () : f32[1, 3, 4, 4]  # x\n"
              "%1 = reshape dims=[0, 48] (%0) : f32[1, 48]  # the Flatten\n"
              "%3 = linear (%1, head.w) : f32[1, 2]  # the MatMul\n"
              "output %3\n");
    EXPECT_EQ(graph.type(static_cast<graph::NodeId>(2)).shape, (Shape{2, 48}));
}

TEST(ImportOnnx, OpenHeightsComeFromOutside) {
    const Message open = model({kFlatten}, {}, 17, {-1, 3, -1, -1});
    EXPECT_THAT(error_of(open), HasSubstr("leaves the height of its input 'x' open"));
    const auto graph = imported(open, {.height = 5, .width = 7});
    EXPECT_EQ(graph.type(graph.output()).shape, (Shape{1, 105}));
}

TEST(ImportOnnx, HalfPrecisionBecomesSingle) {
    // 0x3c00 is 1.0 in binary16, in int32_data.
    Message half = Message().integer(1, 1).integer(2, 10).integer(5, 0x3c00).text(8, "half");
    const auto graph =
        imported(model({node("Mul", {"x", "half"}, {"z"}), node("Flatten", {"z"}, {"y"})}, {half}));
    const auto* constant = graph.constant(static_cast<graph::NodeId>(1));
    ASSERT_NE(constant, nullptr);
    EXPECT_EQ(constant->span<float>()[0], 1.0f);
}

TEST(ImportOnnx, ExternalDataLiesBelowTheFolder) {
    const auto external = [](std::string_view location, const char* offset) {
        const auto entry = [](std::string_view key, std::string_view value) {
            return Message().text(1, key).text(2, value);
        };
        return Message()
            .integer(1, 4)
            .integer(2, 1)
            .text(8, "w")
            .integer(14, 1)
            .message(13, entry("location", location))
            .message(13, entry("offset", offset));
    };
    const auto with = [&](std::string_view location, const char* offset) {
        const TemporaryModel file(model({node("Mul", {"x", "w"}, {"z"}), node("Flatten", {"z"}, {"y"})},
                                        {external(location, offset)})
                                      .bytes());
        file.write("weights.bin", std::string(24, '\0'));
        try {
            import_onnx(file.path());
        } catch (const Error& error) {
            return std::string(error.what());
        }
        return std::string("no error");
    };
    EXPECT_EQ(with("weights.bin", "8"), "no error");
    EXPECT_THAT(with("weights.bin", "12"), HasSubstr("do not fit into weights.bin of 24 bytes"));
    EXPECT_THAT(with("weights.bin", "18446744073709551615"), HasSubstr("do not fit"));
    EXPECT_THAT(with("weights.bin", "-1"), HasSubstr("must be a number"));
    EXPECT_THAT(with("../weights.bin", "0"), HasSubstr("below the model's folder"));
    EXPECT_THAT(with("/etc/hostname", "0"), HasSubstr("below the model's folder"));
    EXPECT_THAT(with("absent.bin", "0"), HasSubstr("cannot open"));
}

TEST(ImportOnnx, UnknownThingsAreNamed) {
    EXPECT_THAT(error_of(model({node("Fancy", {"x"}, {"y"})})),
                HasSubstr("node 'the Fancy': the operation Fancy is not"));
    Message foreign = node("Gelu", {"x"}, {"y"});
    foreign.text(7, "com.vendor");
    EXPECT_THAT(error_of(model({foreign})), HasSubstr("com.vendor::Gelu is not supported"));
    EXPECT_THAT(error_of(model({kFlatten}, {}, 7)), HasSubstr("uses opset 7"));
    EXPECT_THAT(error_of(model({kFlatten}, {}, 99)), HasSubstr("11 to 21 are supported"));
    Message pad = node("Pad", {"x", "p"}, {"y"});
    pad.message(5, Message().text(1, "mode").text(4, "reflect").integer(20, 3));
    EXPECT_THAT(error_of(model({pad})), HasSubstr("mode 'reflect'"));
}

TEST(ImportOnnx, BrokenGraphsAreRefused) {
    EXPECT_THAT(error_of(model({node("Flatten", {"nowhere"}, {"y"})})),
                HasSubstr("'nowhere' does not exist"));
    EXPECT_THAT(error_of(model({node("Relu", {"b"}, {"a"}), node("Relu", {"a"}, {"b"}), kFlatten})),
                HasSubstr("form a cycle"));
    EXPECT_THAT(error_of(model({kFlatten, kFlatten})), HasSubstr("'y' is already defined"));
    EXPECT_THAT(error_of(model({node("Relu", {"x"}, {"z"})})), HasSubstr("output 'y' is not computed"));
    EXPECT_THAT(error_of(model({node("Add", {"x"}, {})})), HasSubstr("not computed"));
    EXPECT_THAT(error_of(model({node("Gemm", {"x"}, {"y"})})), HasSubstr("(Gemm)"));
    EXPECT_THAT(error_of(model({kFlatten}, {ones("x", {1})})), HasSubstr("no input"));
    EXPECT_THAT(error_of(model({kFlatten}, {}, 17, {-1, 3})), HasSubstr("4 axes"));
    EXPECT_THAT(error_of(model({kFlatten}, {}, 17, {-1, 3, 100000, 4})), HasSubstr("more than 8192"));
    EXPECT_THAT(error_of(model({node("Conv", {"x", "w"}, {"y"})}, {ones("w", {2, 5, 1, 1})})),
                HasSubstr("the Conv"));
    EXPECT_THAT(error_of(model({node("Relu", {"x"}, {"y"})})), HasSubstr("[batch, classes]"));
}

TEST(ImportOnnx, ImagesOfABatchStayApart) {
    Message reduce = node("ReduceMean", {"x"}, {"y"});
    EXPECT_THAT(error_of(model({reduce}, {}, 13)), HasSubstr("mixes the images"));
    Message swap = node("Transpose", {"x"}, {"t"});
    swap.message(
        5, Message().text(1, "perm").integer(8, 1).integer(8, 0).integer(8, 2).integer(8, 3).integer(20, 7));
    EXPECT_THAT(error_of(model({swap, node("Flatten", {"t"}, {"y"})})), HasSubstr("[batch, classes]"));
}

TEST(ImportOnnx, HostileTensorsAreRefused) {
    const auto with = [](const Message& tensor) { return error_of(model({kFlatten}, {tensor})); };
    EXPECT_THAT(with(float_tensor("w", {3}, {1, 2})), HasSubstr("tensor 'w'"));
    EXPECT_THAT(with(float_tensor("w", {-1}, {1})), HasSubstr("negative"));
    EXPECT_THAT(with(float_tensor("w", {1LL << 40, 1LL << 40}, {})), HasSubstr("too many elements"));
    EXPECT_THAT(with(float_tensor("w", {0, 1LL << 62, 1LL << 62}, {})), HasSubstr("too many elements"));
    EXPECT_THAT(with(float_tensor("w", std::vector<std::int64_t>(17, 1), {1})), HasSubstr("more than 16"));
    EXPECT_THAT(with(Message().integer(1, 1).integer(2, 8).text(8, "s")), HasSubstr("element type 8"));
    EXPECT_THAT(with(Message().integer(1, 2).integer(2, 7).integer(7, 1).text(8, "i")),
                HasSubstr("needs 2 elements"));
}

TEST(ImportOnnx, ComputedConstantsAreBounded) {
    const auto shape = [](std::int64_t a, std::int64_t b) {
        return Message().integer(1, 2).integer(2, 7).integer(7, a).integer(7, b).text(8, "s");
    };
    EXPECT_THAT(error_of(model({node("ConstantOfShape", {"s"}, {"c"}), kFlatten}, {shape(1 << 20, 1 << 20)})),
                HasSubstr("too large"));
    std::vector<Message> nodes;
    for (int i = 0; i < 40; ++i) nodes.push_back(node("ConstantOfShape", {"s"}, {fmt::format("c{}", i)}));
    nodes.push_back(kFlatten);
    EXPECT_THAT(error_of(model(nodes, {shape(1 << 10, 1 << 13)})), HasSubstr("too much memory"));
}

TEST(ImportOnnx, BytesThatAreNoModelAreRefused) {
    EXPECT_THAT(error_of(""), HasSubstr("holds no graph"));
    EXPECT_THAT(error_of("hello"), HasSubstr("not a valid ONNX file"));
    EXPECT_THAT(error_of(std::string(1000, '\xff')), HasSubstr("not a valid ONNX file"));
    EXPECT_THAT(error_of(model({node("\xff\xfe", {"x"}, {"y"})})), HasSubstr("UTF-8"));
    std::string many;
    for (int i = 0; i < (1 << 17) + 1; ++i) many += std::string("\x0a\0", 2);
    EXPECT_THAT(error_of(Message().text(7, many)), HasSubstr("more than 131072 nodes"));
}

TEST(ImportOnnx, FlippedBytesNeverCrash) {
    const fs::path goldens = fs::path(ESPALIER_SOURCE_DIR) / "tools/goldens/onnx_ops";
    const TemporaryModel file("");
    Random random(11);
    int accepted = 0, refused = 0;
    for (const auto& entry : fs::directory_iterator(goldens)) {
        if (entry.path().extension() != ".onnx") continue;
        const std::string good = read_text_file(entry.path());
        for (int round = 0; round < 60; ++round) {
            std::string bad = good;
            for (std::uint64_t flips = 1 + random.below(3); flips > 0; --flips) {
                bad[random.below(bad.size())] = static_cast<char>(random.below(256));
            }
            if (random.below(8) == 0) bad.resize(random.below(bad.size()));
            file.write("model.onnx", bad);
            ++(error_of(file) == "no error" ? accepted : refused);
        }
    }
    EXPECT_GT(accepted, 100);
    EXPECT_GT(refused, 100);
}

}  // namespace
}  // namespace espalier::formats
