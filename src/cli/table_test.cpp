#include "cli/table.h"

#include <gtest/gtest.h>

namespace espalier::cli {
namespace {

const Table kTable = {{"name", "ms"}, {"a|b", "1,5"}, {"\u00b5\u00b5", "say \"x\""}};

TEST(Table, AlignsByCharactersNotBytes) {
    EXPECT_EQ(write_aligned(kTable), "name       ms\na|b       1,5\n\u00b5\u00b5    say \"x\"\n");
}

TEST(Table, EscapesMarkdown) {
    EXPECT_EQ(write_markdown(kTable),
              "| name | ms |\n| --- | ---: |\n| a\\|b | 1,5 |\n| \u00b5\u00b5 | say \"x\" |\n");
}

TEST(Table, QuotesCsv) {
    EXPECT_EQ(write_csv(kTable), "name,ms\r\na|b,\"1,5\"\r\n\u00b5\u00b5,\"say \"\"x\"\"\"\r\n");
}

TEST(Table, PlainHasNoHeadingAndOneRecordPerLine) {
    EXPECT_EQ(write_plain({{"h"}, {"a\tb", "c\nd"}}), "a b\tc d\n");
}

TEST(Table, OfNothingIsNothing) {
    EXPECT_EQ(write_aligned({}), "");
    EXPECT_EQ(write_plain({}), "");
}

}  // namespace
}  // namespace espalier::cli
