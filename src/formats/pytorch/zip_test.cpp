#include "formats/pytorch/zip.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "formats/pytorch/torch_file_test.h"

namespace espalier::formats::pytorch {
namespace {

using testing::HasSubstr;

std::string error_of(const std::string& archive) {
    try {
        read_zip(std::as_bytes(std::span(archive)), "the file");
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr("the file"));
        return error.what();
    }
    return "no error";
}

std::string error_of_entry(ZipText::Entry entry) { return error_of(ZipText().add(std::move(entry)).str()); }

/// The archive with 64-bit records put between directory and end.
std::string with_zip64(std::string archive, std::uint64_t entries, std::uint64_t size, std::uint64_t offset,
                       std::uint64_t record_at) {
    const std::string end = archive.substr(archive.size() - 22);
    archive.resize(archive.size() - 22);
    archive += "PK\x06\x06" + little(44, 8) + little(0, 4) + little(0, 8) + little(entries, 8) +
               little(entries, 8) + little(size, 8) + little(offset, 8);
    return archive + "PK\x06\x07" + little(0, 4) + little(record_at, 8) + little(1, 4) + end;
}

TEST(Zip, StoredEntriesAreViews) {
    const std::string archive = ZipText().add("a/one", "first").add("a/two", "").str();
    const ZipEntries entries = read_zip(std::as_bytes(std::span(archive)), "x");
    ASSERT_EQ(entries.size(), 2u);
    EXPECT_EQ(static_cast<const void*>(entries.at("a/one").data()), archive.data() + archive.find("first"));
    EXPECT_EQ(entries.at("a/one").size(), 5u);
    EXPECT_TRUE(entries.at("a/two").empty());
    EXPECT_EQ(error_of(ZipText().str()), "no error");
}

TEST(Zip, WhatIsNotStoredIsRefused) {
    EXPECT_THAT(error_of_entry({.name = "a", .content = "bomb", .method = 8, .size = 4'000'000'000}),
                HasSubstr("'a' is compressed"));
    EXPECT_THAT(error_of_entry({.name = "a", .content = "bomb", .size = 4'000'000'000}),
                HasSubstr("is compressed"));
    EXPECT_THAT(error_of_entry({.name = "a", .content = "x", .flags = 1}), HasSubstr("encrypted"));
}

TEST(Zip, NamesThatLeadOutOrDeceiveAreRefused) {
    for (const char* name :
         {"../a", "/etc/passwd", "a/../../b", "a\\b", "a//b", "a/./b", "a/", "a\x1b[2J", ""}) {
        EXPECT_THAT(error_of_entry({.name = name, .content = "x"}), HasSubstr("leads elsewhere"));
    }
    EXPECT_EQ(error_of(ZipText().add("mod\xc3\xa8le..v2/data.pkl", "x").str()), "no error");
    EXPECT_THAT(error_of(ZipText().add("a", "1").add("a", "2").str()), HasSubstr("'a' occurs twice"));
    EXPECT_THAT(error_of_entry({.name = "a", .content = "x", .local_name = "b"}), HasSubstr("another name"));
    EXPECT_THAT(error_of_entry({.name = std::string(2000, 'a'), .content = "x"}),
                HasSubstr("leads elsewhere"));
}

TEST(Zip, PlacesOutsideAreRefused) {
    EXPECT_THAT(error_of_entry({.name = "a", .content = "x", .offset = 7}),
                HasSubstr("no entry 'a' at byte 7"));
    EXPECT_THAT(error_of_entry({.name = "a", .content = "x", .offset = 1'000'000}),
                HasSubstr("byte 1000000"));
    EXPECT_THAT(error_of_entry({.name = "a", .content = "x", .offset = 0xffffffff}),
                HasSubstr("byte 4294967295"));
    std::string longer = ZipText().add("a", "x").str();
    for (const char* header : {"PK\x03\x04", "PK\x01\x02"}) {
        const std::size_t at = longer.find(header) + (header[2] == 1 ? 20 : 18);
        longer.replace(at, 8, little(500, 4) + little(500, 4));
    }
    EXPECT_THAT(error_of(longer), HasSubstr("reaches beyond"));
    std::string directory = ZipText().add("a", "x").str();
    directory.replace(directory.size() - 6, 4, little(0x7fffffff, 4));
    EXPECT_THAT(error_of(directory), HasSubstr("does not fit into the file"));
    std::string split = ZipText().add("a", "x").str();
    split[split.size() - 18] = 1;
    EXPECT_THAT(error_of(split), HasSubstr("split"));
}

TEST(Zip, The64BitRecordsMustAgree) {
    const std::string archive = ZipText().add("a", "x").str();
    const std::uint64_t end = archive.size() - 22;
    const std::uint64_t offset = archive.find("PK\x01\x02");
    EXPECT_EQ(error_of(with_zip64(archive, 1, end - offset, offset, end)), "no error");
    EXPECT_THAT(error_of(with_zip64(archive, 2, end - offset, offset, end)), HasSubstr("contradict"));
    EXPECT_THAT(error_of(with_zip64(archive, 1, end - offset, offset + 1, end)), HasSubstr("contradict"));
    EXPECT_THAT(error_of(with_zip64(archive, 1, end - offset, offset, 3)), HasSubstr("no 64-bit directory"));
    EXPECT_THAT(error_of(with_zip64(archive, 1, end - offset, offset, ~0ull)), HasSubstr("points to byte"));
    std::string open = archive;  // every short field says "see the 64-bit record"
    open.replace(end + 8, 12, std::string(12, '\xff'));
    EXPECT_EQ(error_of(with_zip64(open, 1, end - offset, offset, end)), "no error");
    EXPECT_THAT(error_of(with_zip64(open, 99'999'999, end - offset, offset, end)),
                HasSubstr("99999999 entries"));
    EXPECT_THAT(error_of(with_zip64(open, 1, ~0ull, offset, end)), HasSubstr("does not fit"));
    EXPECT_THAT(error_of(with_zip64(open, 1, end - offset, ~0ull - 5, end)), HasSubstr("does not fit"));
    EXPECT_THAT(error_of(with_zip64(open, 90'000, end - offset, offset, end)), HasSubstr("cut short"));
}

TEST(Zip, The64BitExtraFieldIsReadInItsOrder) {
    const auto with_extra = [](const std::string& extra) {
        std::string archive = ZipText().add({.name = "a", .content = "xyz", .extra = extra}).str();
        const std::size_t entry = archive.find("PK\x01\x02");
        return archive.replace(entry + 20, 8, std::string(8, '\xff'));
    };
    const std::string good = little(1, 2) + little(16, 2) + little(3, 8) + little(3, 8);
    EXPECT_EQ(error_of(with_extra(good)), "no error");
    EXPECT_EQ(error_of(with_extra(little(9, 2) + little(1, 2) + "x" + good)), "no error");
    EXPECT_THAT(error_of(with_extra(little(1, 2) + little(16, 2) + little(3, 8) + little(~0ull, 8))),
                HasSubstr("compressed"));
    EXPECT_THAT(error_of(with_extra(little(1, 2) + little(16, 2) + little(~0ull, 8) + little(~0ull, 8))),
                HasSubstr("reaches beyond"));
    EXPECT_THAT(error_of(with_extra(little(1, 2) + little(8, 2) + little(3, 8))), HasSubstr("cut short"));
    EXPECT_THAT(error_of(with_extra("")), HasSubstr("reaches beyond"));
}

TEST(Zip, TruncationAnywhereIsAnError) {
    const std::string archive = ZipText().add("a/one", "first").add("a/two", "second").str();
    for (std::size_t size = 0; size < archive.size(); ++size) {
        EXPECT_NE(error_of(archive.substr(0, size)), "no error") << size;
    }
    EXPECT_NE(error_of(archive + "x"), "no error") << "bytes behind the end";
}

}  // namespace
}  // namespace espalier::formats::pytorch
