#include "imports/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "base/temporary_folder.h"

namespace espalier::imports {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class TableOf : public ::testing::Test {
  protected:
    Table open(const std::string& text) { return Table(folder_.write("t.csv", text)); }

    /// What the table is refused for: while it is opened, or while column 0 of all rows is read as a number.
    std::string problem(const std::string& text) {
        try {
            Table table = open(text);
            while (table.next()) table.number(std::size_t{0});
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::kUsage);
            return error.what();
        }
        return "";
    }

    TemporaryFolder folder_;
};

TEST_F(TableOf, TakesTheSeparatorOfTheHeadingAndItsDecimals) {
    Table table = open(
        "\xef\xbb\xbf"
        "Time ; Load;name\r\n1,5;2.25;\"a;b\"\r\n-3;1e3; x \r\n");
    EXPECT_THAT(table.columns(), ElementsAre("Time", "Load", "name"));
    ASSERT_TRUE(table.next());
    EXPECT_EQ(table.number(*table.find("TIME")), 1.5);
    EXPECT_EQ(table.number(*table.find("load")), 2.25);
    EXPECT_EQ(table.text(2), "a;b");
    ASSERT_TRUE(table.next());
    EXPECT_EQ(table.number(std::size_t{0}), -3.0);
    EXPECT_EQ(table.number(std::size_t{1}), 1000.0);
    EXPECT_EQ(table.text(2), "x");
    EXPECT_EQ(table.line(), 3);
    EXPECT_FALSE(table.next());
}

TEST_F(TableOf, TellsGapsUnitsAndWhatIsNoNumberAtAll) {
    Table table = open("a,b,c,d,e\n62.87 W,98 %,[N/A],,NaN\n");
    ASSERT_TRUE(table.next());
    EXPECT_EQ(table.number(std::size_t{0}), 62.87);
    EXPECT_EQ(table.number(std::size_t{1}), 98.0);
    EXPECT_FALSE(table.number(std::size_t{2}));
    EXPECT_FALSE(table.number(std::size_t{3}));
    EXPECT_TRUE(std::isnan(*table.number(std::size_t{4})));
    EXPECT_THAT(problem("a\n1\nx7\n"), HasSubstr("t.csv line 3: column \"a\" holds \"x7\""));
    EXPECT_THAT(problem("a;b\n1.234,5;1\n"), HasSubstr("line 2"));
}

TEST_F(TableOf, NamesTheLineOfWhatIsWrong) {
    EXPECT_THAT(problem(""), HasSubstr("is empty"));
    EXPECT_THAT(problem("\n\n"), HasSubstr("blank lines only"));
    EXPECT_THAT(problem("a,b\n1,2\n3\n"), HasSubstr("t.csv line 3: 1 fields where the heading has 2"));
    EXPECT_THAT(problem("a,b\n1,2\n3,\"x\n"), HasSubstr("t.csv line 3: a quoted field is never closed"));
    EXPECT_THAT(problem("a,b\n1,caf\xe9\n"), HasSubstr("t.csv line 2: the byte 0xe9 is not UTF-8"));
    EXPECT_THAT(problem(std::string("a,b\n1,\0\n", 8)), HasSubstr("zero byte"));
    EXPECT_THAT(problem("a,b\n1," + std::string(3 << 20, 'x') + "\n"),
                HasSubstr("line 2: a record of more than 1 MiB"));
    EXPECT_EQ(problem("a,b\n1,\xc3\xa9\xe2\x82\xac\xf0\x9f\x8c\xb3\n"), "");
}

TEST_F(TableOf, KnowsWhatItRead) {
    const std::string text = "a\n1\n2\n";
    Table table = open(text);
    while (table.next()) {
    }
    const auto provenance = table.provenance();
    EXPECT_EQ(provenance.sha256, sha256(text));
    EXPECT_EQ(provenance.bytes, 6);
    EXPECT_EQ(provenance.rows, 2);
}

TEST_F(TableOf, SuggestsTheColumnThatWasMeant) {
    Table table = open("Optimisation,Model\nx,y\n");
    try {
        table.need("Optimization");
        FAIL();
    } catch (const Error& error) {
        EXPECT_THAT(
            error.what(),
            HasSubstr("line 1: the heading has no column \"Optimization\". Did you mean 'Optimisation'?"));
    }
}

}  // namespace
}  // namespace espalier::imports
