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

TEST(ImportOnnx, AMatrixOfManyProductsIsTransposedOnce) {
    std::vector<Message> nodes{node("Flatten", {"x"}, {"m0"})};
    for (int i = 0; i < 3; ++i)
        nodes.push_back(
            node("MatMul", {fmt::format("m{}", i), "w"}, {i == 2 ? "y" : fmt::format("m{}", i + 1)}));
    const auto graph = imported(model(nodes, {ones("w", {48, 48})}));
    int constants = 0;
    for (const auto& n : graph.nodes()) constants += std::holds_alternative<graph::Constant>(n.op) ? 1 : 0;
    EXPECT_EQ(constants, 1);
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

/// A NodeProto with one attribute that holds an integer, a text or a graph.
Message with_attribute(Message node, std::string_view name, int field, std::string_view value) {
    return node.message(5, Message().text(1, name).text(field, value));
}

/// A GraphProto of one node that gives "b".
Message branch(const Message& node) { return Message().message(1, node).message(12, Message().text(1, "b")); }

TEST(ImportOnnx, BranchesAreChosenBeforeTheModelRuns) {
    const auto with = [](const Message& then_branch, std::string_view condition, const Message& value) {
        Message choice = node("If", {std::string(condition)}, {"y"});
        choice = with_attribute(choice, "then_branch", 6, then_branch.bytes());
        return error_of(model({choice}, {value}));
    };
    const Message yes = Message().integer(2, 9).integer(5, 1).text(8, "c");
    EXPECT_EQ(with(branch(node("Flatten", {"x"}, {"b"})), "c", yes), "no error");
    EXPECT_THAT(with(branch(node("Flatten", {"x"}, {"b"})), "x", yes), HasSubstr("not known before"));
    EXPECT_THAT(with(branch(node("Flatten", {"x"}, {"other"})), "c", yes), HasSubstr("does not compute 'b'"));
    EXPECT_THAT(with(Message().message(1, node("Flatten", {"x"}, {"b"})), "c", yes),
                HasSubstr("have 1 outputs"));
    Message deep = branch(node("Flatten", {"x"}, {"b"}));
    for (int i = 0; i < 20; ++i)
        deep = branch(with_attribute(node("If", {"c"}, {"b"}), "then_branch", 6, deep.bytes()));
    EXPECT_THAT(with(deep, "c", yes), HasSubstr("nests graphs more than"));
}

TEST(ImportOnnx, FunctionsCannotGrowWithoutBound) {
    const auto function = [](std::string_view name, const std::vector<Message>& nodes) {
        Message message = Message().text(1, name).text(4, "a").text(5, "b").text(10, "own");
        for (const Message& inner : nodes) message.message(7, inner);
        return message;
    };
    const auto call = [](std::string_view op, const char* input, const char* output) {
        return node(op, {input}, {output}).text(7, "own");
    };
    const auto error_with = [&](const std::vector<Message>& functions) {
        Message whole = model({call("f", "x", "z"), node("Flatten", {"z"}, {"y"})});
        for (const Message& f : functions) whole.message(25, f);
        return error_of(whole);
    };
    EXPECT_EQ(error_with({function("f", {node("Relu", {"a"}, {"b"})})}), "no error");
    EXPECT_THAT(error_with({function("f", {node("Relu", {"a"}, {"c"})})}), HasSubstr("does not compute 'b'"));
    EXPECT_THAT(error_with({function("f", {call("f", "a", "b")})}), HasSubstr("nest more than"));
    std::vector<Message> doubling{function("f0", {node("Relu", {"a"}, {"b"})})};
    for (int i = 1; i < 30; ++i) {
        const std::string below = fmt::format("f{}", i - 1);
        doubling.push_back(
            function(i == 29 ? "f" : fmt::format("f{}", i), {call(below, "a", "m"), call(below, "m", "b")}));
    }
    EXPECT_THAT(error_with(doubling), HasSubstr("stand for more than"));
}

TEST(ImportOnnx, MisfittingOperandsAreRefused) {
    const auto einsum = [](std::string_view equation) {
        return error_of(model({with_attribute(node("Einsum", {"x", "x"}, {"z"}), "equation", 4, equation),
                               node("Flatten", {"z"}, {"y"})}));
    };
    EXPECT_EQ(einsum("nchw,nchv->nchwv").substr(0, 8), "no error");
    EXPECT_THAT(einsum("nchw,nchw"), HasSubstr("not a product"));
    EXPECT_THAT(einsum("nch,nchw->nch"), HasSubstr("does not name the axes"));
    EXPECT_THAT(einsum("nccw,nchw->nch"), HasSubstr("letter of its own"));
    EXPECT_THAT(einsum("nchw,ncvu->nchv"), HasSubstr("one value alone"));
    EXPECT_THAT(einsum("...w,...v->...wv"), HasSubstr("letter of its own"));
    const auto indices = [](std::int64_t value) {
        return Message().integer(1, 1).integer(1, 1).integer(2, 7).integer(7, value).text(8, "i");
    };
    const auto scatter = [&](std::int64_t index, const Message& updates) {
        return error_of(model({node("ScatterND", {"d", "i", "u"}, {"z"}), node("Mul", {"x", "z"}, {"m"}),
                               node("Flatten", {"m"}, {"y"})},
                              {ones("d", {4, 4}), indices(index), updates}));
    };
    EXPECT_EQ(scatter(-4, ones("u", {1, 4})), "no error");
    EXPECT_THAT(scatter(4, ones("u", {1, 4})), HasSubstr("index 4 is outside"));
    EXPECT_THAT(scatter(0, ones("u", {1, 3})), HasSubstr("do not fit"));
    EXPECT_THAT(error_of(model({node("ScatterND", {"x", "i", "x"}, {"y"})}, {indices(0)})),
                HasSubstr("only constants"));
    EXPECT_THAT(error_of(model({node("Less", {"x", "x"}, {"y"})})), HasSubstr("only constants"));
    EXPECT_THAT(error_of(model({node("Mod", {"i", "z"}, {"y"})},
                               {indices(3), Message().integer(2, 7).integer(7, 0).text(8, "z")})),
                HasSubstr("by zero"));
}

TEST(ImportOnnx, SizesAreBounded) {
    const auto resize = [](std::vector<std::int64_t> sizes) {
        Message tensor =
            Message().integer(1, static_cast<std::int64_t>(sizes.size())).integer(2, 7).text(8, "s");
        for (const std::int64_t size : sizes) tensor.integer(7, size);
        return error_of(
            model({node("Resize", {"x", "", "", "s"}, {"z"}), node("Flatten", {"z"}, {"y"})}, {tensor}));
    };
    EXPECT_THAT(resize({1, 3, 8, 8}), HasSubstr("batch cannot be resized"));  // an open batch is not 1
    EXPECT_THAT(resize({1, 3, 8}), HasSubstr("one for each axis"));
    const auto scaled = [](std::vector<float> scales) {
        return error_of(model({node("Resize", {"x", "", "s"}, {"z"}), node("Flatten", {"z"}, {"y"})},
                              {float_tensor("s", {static_cast<std::int64_t>(scales.size())}, scales)}));
    };
    EXPECT_EQ(scaled({1, 1, 2, 2}), "no error");
    EXPECT_THAT(scaled({1, 1, 1e9f, 2}), HasSubstr("not supported"));
    EXPECT_THAT(scaled({1, 1, 4000, 1}), HasSubstr("cannot become"));
    EXPECT_THAT(scaled({1, 1, 0, 1}), HasSubstr("not supported"));
    EXPECT_THAT(scaled({2, 1, 1, 1}), HasSubstr("batch cannot be resized"));
    const auto blocks = [](std::int64_t block) {
        Message space = node("SpaceToDepth", {"x"}, {"z"});
        space.message(5, Message().text(1, "blocksize").integer(3, block));
        return error_of(model({space, node("Flatten", {"z"}, {"y"})}));
    };
    EXPECT_EQ(blocks(2), "no error");
    EXPECT_THAT(blocks(3), HasSubstr("divide"));
    EXPECT_THAT(blocks(0), HasSubstr("a block of 0"));
}

TEST(ImportOnnx, QuantizedProductsMustBeWhole) {
    const Message quantize = node("DynamicQuantizeLinear", {"x"}, {"q", "s", "p"});
    const Message w = Message()
                          .integer(1, 2)
                          .integer(1, 3)
                          .integer(1, 1)
                          .integer(1, 1)
                          .integer(2, 3)
                          .text(9, "abcdef")
                          .text(8, "w");
    const auto with = [&](std::vector<Message> nodes) {
        nodes.insert(nodes.begin(), quantize);
        return error_of(model(nodes, {w}));
    };
    const Message sums = node("ConvInteger", {"q", "w", "p"}, {"i"});
    Message cast = node("Cast", {"i"}, {"f"});
    cast.message(5, Message().text(1, "to").integer(3, 1));
    EXPECT_EQ(with({sums, cast, node("Mul", {"f", "s"}, {"z"}), node("Flatten", {"z"}, {"y"})}), "no error");
    EXPECT_THAT(with({sums, cast, node("Flatten", {"f"}, {"y"})}), HasSubstr("of which only products"));
    EXPECT_THAT(with({node("Flatten", {"q"}, {"y"})}), HasSubstr("of which only products"));
    EXPECT_THAT(with({sums, node("Mul", {"s", "s"}, {"y"})}), HasSubstr("their own scale"));
    EXPECT_THAT(with({node("ConvInteger", {"q", "w"}, {"y"})}), HasSubstr("DynamicQuantizeLinear"));
    EXPECT_THAT(with({node("MatMulInteger", {"q", "w", "p"}, {"y"})}), HasSubstr("constant matrix"));
    EXPECT_THAT(with({node("Identity", {"s"}, {"y"})}), HasSubstr("of which only products"));
    EXPECT_THAT(error_of(model({quantize})), HasSubstr("not computed"));
    EXPECT_THAT(error_of(model({node("QLinearConv", {"x", "w"}, {"y"})}, {w})), HasSubstr("must be f32"));
    EXPECT_THAT(error_of(model({node("QLinearMatMul", {"x"}, {"y"})}, {w})),
                HasSubstr("input 1 is required"));
}

TEST(ImportOnnx, AQuantizedPaddingValueIsKnown) {
    const auto code = [](const char* name, const char* value) {
        return Message().integer(2, 2).text(9, value).text(8, name);
    };
    Message pads = Message().integer(1, 8).integer(2, 7).text(8, "p");
    for (const int pad : {0, 0, 1, 1, 0, 0, 1, 1}) pads.integer(7, static_cast<std::uint64_t>(pad));
    const auto padded = [&](const char* value) {
        return error_of(model({node("DequantizeLinear", {"v", "s", "z"}, {"f"}),
                               node("Pad", {"x", "p", value}, {"q"}), node("Flatten", {"q"}, {"y"})},
                              {pads, code("v", "c"), float_tensor("s", {}, {0.5f}), code("z", "a")}));
    };
    EXPECT_EQ(padded("f"), "no error");
    EXPECT_THAT(padded("x"), HasSubstr("must be a constant of one element"));
}

TEST(ImportOnnx, QuantizedAveragePoolsAreOfImages) {
    const Message zero = Message().integer(2, 2).text(9, "a").text(8, "z");
    const auto pooled = [&](bool channels_last, bool has_window) {
        Message pool = node("QLinearAveragePool", {"q", "s", "z", "s", "z"}, {"p"}).text(7, "com.microsoft");
        if (has_window)
            pool.message(5, Message().text(1, "kernel_shape").integer(8, 2).integer(8, 2).integer(20, 7));
        if (channels_last) pool.message(5, Message().text(1, "channels_last").integer(3, 1).integer(20, 2));
        return error_of(
            model({node("QuantizeLinear", {"x", "s", "z"}, {"q"}), pool,
                   node("DequantizeLinear", {"p", "s", "z"}, {"f"}), node("Flatten", {"f"}, {"y"})},
                  {float_tensor("s", {}, {0.5f}), zero}));
    };
    EXPECT_EQ(pooled(false, true), "no error");
    EXPECT_THAT(pooled(true, true), HasSubstr("channels_last is not supported"));
    EXPECT_THAT(pooled(false, false), HasSubstr("kernel_shape"));
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
    // 3 MiB in the file, and as much for each of the products.
    const std::string codes(3 << 20, '\1');
    const std::vector<Message> quantized{
        Message().integer(1, 1024).integer(1, 3072).integer(2, 3).text(9, codes).text(8, "q"),
        float_tensor("s", {}, {0.5f}), Message().integer(2, 3).text(9, std::string(1, '\0')).text(8, "z")};
    std::vector<Message> products{node("Flatten", {"x"}, {"f"}),
                                  node("DequantizeLinear", {"q", "s", "z"}, {"w"})};
    for (int i = 0; i < 40; ++i) products.push_back(node("MatMul", {"f", "w"}, {fmt::format("m{}", i)}));
    products.push_back(node("Identity", {"m0"}, {"y"}));
    EXPECT_THAT(error_of(model(products, quantized, 17, {-1, 1, 32, 32})), HasSubstr("too much memory"));
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
