#include "formats/pytorch/pickle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "formats/pytorch/torch_file_test.h"

namespace espalier::formats::pytorch {
namespace {

using testing::HasSubstr;

Pickle read(const std::string& bytes) { return read_pickle(std::as_bytes(std::span(bytes)), "the file"); }

std::string error_of(const std::string& bytes) {
    try {
        read(bytes);
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr("the file: "));
        return error.what();
    }
    return "no error";
}

/// The value of a pickle whose instructions, up to the last, are given.
template <typename T>
T value_of(std::string_view instructions) {
    const std::string bytes = PickleText().op(instructions).stop();
    return std::get<T>(read(bytes).top());
}

using namespace std::literals;

TEST(Pickle, PlainValues) {
    EXPECT_EQ(value_of<std::int64_t>("K\xff"), 255);
    EXPECT_EQ(value_of<std::int64_t>("M\x01\x02"), 513);
    EXPECT_EQ(value_of<std::int64_t>("J\xfe\xff\xff\xff"), -2);
    EXPECT_EQ(value_of<std::int64_t>("\x8a\x00"sv), 0);
    EXPECT_EQ(value_of<std::int64_t>("\x8a\x01\xff"), -1);
    EXPECT_EQ(value_of<std::int64_t>("\x8a\x06\x00\x00\x00\x00\x00\x01"sv), std::int64_t{1} << 40);
    EXPECT_EQ(value_of<double>("G\x3f\xc0\x00\x00\x00\x00\x00\x00"sv), 0.125);
    EXPECT_TRUE(value_of<bool>("\x88"));
    EXPECT_FALSE(value_of<bool>("\x89"));
    EXPECT_NO_THROW(value_of<None>("N"));
    EXPECT_EQ(value_of<Tuple>("K\x01K\x02K\x03\x87").items.size(), 3u);
    EXPECT_EQ(value_of<List>("](K\x01K\x02"
                             "eK\x03"
                             "a")
                  .items.size(),
              3u);
    EXPECT_EQ(value_of<Dict>("}(K\x01K\x02uK\x03K\x04s").items.size(), 2u);
    const std::string text = PickleText().text("name").stop();
    EXPECT_EQ(std::get<std::string_view>(read(text).top()), "name");
}

TEST(Pickle, TheMemoGivesTheSameValue) {
    const Tuple tuple = value_of<Tuple>("]q\x07h\x07\x86");
    EXPECT_EQ(tuple.items[0], tuple.items[1]);
    const Tuple memoized = value_of<Tuple>(
        "]\x94"
        "]\x94h\x01h\x00\x86\x86\x86"sv);
    EXPECT_EQ(memoized.items.size(), 2u);
}

TEST(Pickle, EveryOtherGlobalIsRefusedByName) {
    const auto call = [](const char* module, const char* name) {
        return error_of(PickleText().global(module, name).op("(").text("touch /tmp/owned").op("tR").stop());
    };
    EXPECT_THAT(call("os", "system"), HasSubstr("refuses to call os.system"));
    EXPECT_THAT(call("posix", "system"), HasSubstr("refuses to call posix.system"));
    EXPECT_THAT(call("builtins", "eval"), HasSubstr("refuses to call builtins.eval"));
    EXPECT_THAT(call("builtins", "getattr"), HasSubstr("refuses to call builtins.getattr"));
    EXPECT_THAT(call("torch.storage", "_load_from_bytes"), HasSubstr("torch.storage._load_from_bytes"));
    EXPECT_THAT(call("torch", "load"), HasSubstr("refuses to call torch.load"));
    EXPECT_THAT(call("collections", "OrderedDict.fromkeys"), HasSubstr("OrderedDict.fromkeys"));
    EXPECT_THAT(call("torch._utils", "_rebuild_parameter_with_state"), HasSubstr("refuses to call"));
    EXPECT_THAT(call("torch", "ShortStorage"), HasSubstr("torch.ShortStorage are not supported"));
    EXPECT_THAT(call("os\x1b[2J", "system"), HasSubstr("os?[2J.system"));
    EXPECT_THAT(error_of("\x80\x04\x8c\x02os\x8c\x06system\x93."), HasSubstr("refuses to call os.system"));
    EXPECT_THAT(error_of("\x80\x02"
                         "cos\nsystem\n."),
                HasSubstr("refuses to call os.system"));
}

TEST(Pickle, InstructionsThatMakeObjectsOrReachOutAreRefused) {
    // INST, OBJ, NEWOBJ, NEWOBJ_EX, EXT1, BINSTRING, INT, STRING, BUFFER, EMPTY_SET, DUP, PERSID
    for (const char code :
         {'i', 'o', '\x81', '\x92', '\x82', 'T', 'I', 'S', '\x97', '\x8f', '2', 'P', '\0', '\xff'}) {
        const std::string text = PickleText().op("NN").op({&code, 1}).stop();
        EXPECT_THAT(error_of(text), HasSubstr("is not one that torch.save writes")) << static_cast<int>(code);
    }
}

TEST(Pickle, CallsTakeOnlyWhatTorchWrites) {
    const auto reduced = [](PickleText& text) { return error_of(text.op("R").stop()); };
    EXPECT_THAT(reduced(PickleText().global("collections", "OrderedDict").op("N\x85")),
                HasSubstr("made empty"));
    EXPECT_THAT(reduced(PickleText().global("collections", "OrderedDict").op("N")),
                HasSubstr("not be a None"));
    EXPECT_THAT(reduced(PickleText().global("torch", "FloatStorage").op(")")), HasSubstr("refuses to call"));
    EXPECT_THAT(reduced(PickleText().op("N)")), HasSubstr("None is not what"));
    EXPECT_THAT(reduced(PickleText().global("torch._utils", "_rebuild_tensor_v2").op(")")),
                HasSubstr("the storage of a tensor is missing"));
    EXPECT_THAT(reduced(PickleText().global("torch._utils", "_rebuild_parameter").op("}\x85")),
                HasSubstr("the data of a parameter must not be a dict"));
    EXPECT_THAT(reduced(PickleText().global("torch", "Size").op("K\x01\x85")),
                HasSubstr("must not be a int"));
    // One call inside the arguments of another.
    EXPECT_THAT(reduced(PickleText().global("torch", "Size").op("(").global("torch", "Size").op(")Rt")),
                HasSubstr("a torch.Size is missing"));
    EXPECT_THAT(
        error_of(PickleText().tensor("FloatStorage", "0", 6, 0, std::vector<std::int64_t>(17, 1), {}).stop()),
        HasSubstr("more than 16 axes"));
}

TEST(Pickle, PersistentIdsNameStoragesOnly) {
    EXPECT_THAT(error_of(PickleText().op("(").text("module").op("tQ").stop()),
                HasSubstr("must name a storage"));
    EXPECT_THAT(error_of(PickleText().op("NQ").stop()), HasSubstr("None is not what"));
    EXPECT_THAT(error_of(PickleText().op("(").text("storage").global("torch", "Size").op("tQ").stop()),
                HasSubstr("a type that is none"));
    EXPECT_THAT(
        error_of(PickleText().op("(").text("storage").global("torch", "FloatStorage").op("tQ").stop()),
        HasSubstr("the key of a storage is missing"));
}

TEST(Pickle, AMisusedStackOrMemoIsRefused) {
    EXPECT_THAT(error_of(PickleText().stop()), HasSubstr("missing on the stack"));
    EXPECT_THAT(error_of(PickleText().op("NN").stop()), HasSubstr("more than one value"));
    EXPECT_THAT(error_of(PickleText().op("(N").stop()), HasSubstr("more than one value"));
    EXPECT_THAT(error_of(PickleText().op("N(\x85").stop()), HasSubstr("missing on the stack"));
    EXPECT_THAT(error_of(PickleText().op("t").stop()), HasSubstr("a mark is missing"));
    EXPECT_THAT(error_of(PickleText().op("Na").stop()), HasSubstr("missing on the stack"));
    EXPECT_THAT(error_of(PickleText().op("NNa").stop()), HasSubstr("None is not what"));
    EXPECT_THAT(error_of(PickleText().op("}(Nu").stop()), HasSubstr("has no value"));
    EXPECT_THAT(error_of(PickleText().op("](NNu").stop()), HasSubstr("list is not what"));
    EXPECT_THAT(error_of(PickleText().op("NNb").stop()), HasSubstr("None is not what"));
    EXPECT_THAT(error_of(PickleText().op("h\x05").stop()), HasSubstr("refers to a value 5"));
    EXPECT_THAT(error_of(PickleText().op("j\xff\xff\xff\xff").stop()),
                HasSubstr("refers to a value 4294967295"));
    EXPECT_THAT(error_of(PickleText().op("q\x05").stop()), HasSubstr("missing on the stack"));
    EXPECT_THAT(error_of(PickleText().op("Nr\xff\xff\xff\xff").stop()), "no error");
}

TEST(Pickle, ValuesThatContainThemselvesDoNoHarm) {
    EXPECT_EQ(error_of(PickleText().op(std::string_view("]q\0h\0a", 6)).stop()), "no error");
    EXPECT_EQ(error_of(PickleText().op(std::string_view("}q\0Nh\0s", 7)).stop()), "no error");
}

TEST(Pickle, SizesAreLimited) {
    EXPECT_THAT(error_of(std::string((16 << 20) + 1, 'N')), HasSubstr("more than the 16777216"));
    EXPECT_THAT(error_of("\x80\x02" + std::string(70'000, 'N')), HasSubstr("are on the stack"));
    EXPECT_THAT(error_of("\x80\x02" + std::string(70'000, '(')), HasSubstr("marks are on the stack"));
    EXPECT_THAT(error_of("\x80\x02]" + std::string(600'000, '\x85')), HasSubstr("more than 524288 values"));
    std::string remembered("\x80\x02N", 3);
    for (std::uint64_t i = 0; i < 600'000; ++i) remembered += 'r' + little(i, 4);
    EXPECT_THAT(error_of(remembered), HasSubstr("remembers more than"));
    EXPECT_THAT(error_of(PickleText().text(std::string(70'000, 'a')).stop()), HasSubstr("too long"));
    EXPECT_THAT(error_of("\x80\x02\x8d\xff\xff\xff\xff\xff\xff\xff\xff."), HasSubstr("too long"));
    EXPECT_THAT(error_of("\x80\x02\x8a\xff" + std::string(255, '\1') + "."),
                HasSubstr("255 bytes is too large"));
    EXPECT_THAT(error_of("\x80\x02X\xff\xff\x00\x00"s + "abc"), HasSubstr("cut short"));
    EXPECT_THAT(error_of("\x80\x05N."), HasSubstr("protocol is 5"));
    EXPECT_THAT(error_of("\x80\x02"
                         "cos"),
                HasSubstr("no end"));
}

TEST(Pickle, DeepNestingIsNotRecursion) {
    std::string deep("\x80\x02N", 3);
    for (int i = 0; i < 500'000; ++i) deep += '\x85';
    EXPECT_EQ(error_of(deep + "."), "no error");
}

}  // namespace
}  // namespace espalier::formats::pytorch
