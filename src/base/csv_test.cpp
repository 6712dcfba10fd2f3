#include "base/csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Hands out `text` at most `step` bytes at a time.
CsvSource pieces(std::string text, std::size_t step) {
    return [text = std::move(text), step, at = std::size_t{0}](std::span<char> into) mutable {
        const std::size_t count = std::min({step, into.size(), text.size() - at});
        std::memcpy(into.data(), text.data() + at, count);
        at += count;
        return count;
    };
}

std::vector<std::vector<std::string>> records(const std::string& text, std::size_t step = 7,
                                              char separator = ',') {
    CsvReader reader(pieces(text, step), "t.csv", separator);
    std::vector<std::vector<std::string>> all;
    for (auto fields = reader.next(); !fields.empty(); fields = reader.next())
        all.emplace_back(fields.begin(), fields.end());
    return all;
}

std::string problem(const std::string& text) {
    try {
        records(text, 1000);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kUsage);
        return error.what();
    }
    return "";
}

TEST(Csv, ReadsQuotesLineBreaksAndEmptyFields) {
    const std::string text = "a,b,c\r\n1,,\"x, \"\"y\"\"\nz\"\n\n,,\n\"\",last,\"q\"";
    for (std::size_t step : {1U, 2U, 3U, 100U}) {
        EXPECT_THAT(records(text, step),
                    ElementsAre(ElementsAre("a", "b", "c"), ElementsAre("1", "", "x, \"y\"\nz"),
                                ElementsAre("", "", ""), ElementsAre("", "last", "q")));
    }
}

TEST(Csv, SkipsTheByteOrderMarkAndTakesOtherSeparators) {
    EXPECT_THAT(records("\xef\xbb\xbf"
                        "a;b\n0,5;2\n",
                        1, ';'),
                ElementsAre(ElementsAre("a", "b"), ElementsAre("0,5", "2")));
    EXPECT_TRUE(records("").empty());
    EXPECT_TRUE(records("\xef\xbb\xbf").empty());
    EXPECT_TRUE(records("\n\r\n\n").empty());
}

TEST(Csv, CountsLinesAsAnEditorDoes) {
    CsvReader reader(pieces("a\n\"1\n2\"\n\nb\n", 3), "t.csv");
    std::vector<std::int64_t> lines;
    while (!reader.next().empty()) lines.push_back(reader.line());
    EXPECT_THAT(lines, ElementsAre(1, 2, 5));
}

TEST(Csv, RefusesWhatIsNoCsvWithTheLine) {
    EXPECT_THAT(problem("a,b\n1,x\"y\n\"\n"), HasSubstr("t.csv line 2: a quote inside"));
    EXPECT_THAT(problem("a,b\n1,\"x\"y\n"), HasSubstr("t.csv line 2: text behind"));
    EXPECT_THAT(problem("a,b\n1,\"x\n3,4\n"), HasSubstr("t.csv line 2: a quoted field is never closed"));
    EXPECT_THAT(problem(std::string("a,b\n\0,1\n", 8)), HasSubstr("t.csv line 2: a zero byte"));
    EXPECT_THAT(problem("a\rb\rc"), HasSubstr("carriage return alone"));
    EXPECT_THAT(problem(std::string("\xff\xfe"
                                    "a\0",
                                    4)),
                HasSubstr("UTF-16"));
    EXPECT_THAT(problem("a\n" + std::string(CsvReader::kLongestRecord + 1'000'000, 'x')),
                HasSubstr("line 2: a record of more than 1 MiB"));
}

TEST(Csv, NamesAFileThatCannotBeOpened) {
    EXPECT_THROW(CsvReader(std::filesystem::path("/no/such.csv")), Error);
}

}  // namespace
}  // namespace espalier
