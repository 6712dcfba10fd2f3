#include "formats/onnx/message.h"

#include <gtest/gtest.h>

#include "formats/onnx/wire.h"

namespace espalier::formats::onnx {
namespace {

const std::string kSource = "test";

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

TEST(Message, IsReadBackAsItWasWritten) {
    const std::string content = Message()
                                    .integer(1, 0)
                                    .integer(2, -7)
                                    .integer(536870911, INT64_MAX)
                                    .f32(4, -0.5f)
                                    .text(5, "häßlich")
                                    .bytes();
    WireReader reader(bytes_of(content), kSource);
    const std::int64_t expected[] = {0, -7, INT64_MAX};
    for (const std::int64_t value : expected) {
        ASSERT_TRUE(reader.next());
        EXPECT_EQ(reader.integer(), value);
    }
    EXPECT_EQ(reader.field(), 536870911);
    ASSERT_TRUE(reader.next());
    EXPECT_EQ(reader.f32(), -0.5f);
    ASSERT_TRUE(reader.next());
    EXPECT_EQ(reader.text(), "häßlich");
    EXPECT_FALSE(reader.next());
}

TEST(Message, BorrowedBytesStandWhereTheyWereAdded) {
    // Lengths on both sides of a varint of one byte, at every depth and in every place.
    for (const std::size_t length : {0u, 1u, 127u, 128u, 300u}) {
        const std::string data(length, 'd');
        Message inner;
        inner.integer(1, 5).borrowed(2, bytes_of(data)).text(3, "behind").borrowed(2, bytes_of(data));
        Message outer;
        outer.text(1, "before").message(2, inner).message(2, inner).integer(3, 9);

        Message copied_inner;
        copied_inner.integer(1, 5).text(2, data).text(3, "behind").text(2, data);
        Message copied;
        copied.text(1, "before").message(2, copied_inner).message(2, copied_inner).integer(3, 9);

        EXPECT_EQ(outer.bytes(), copied.bytes());
        EXPECT_EQ(outer.size(), copied.size());
    }
}

TEST(Message, OfNothingIsEmpty) {
    EXPECT_EQ(Message().bytes(), "");
    EXPECT_EQ(Message().message(1, Message()).bytes(), std::string("\x0a\x00", 2));
}

}  // namespace
}  // namespace espalier::formats::onnx
