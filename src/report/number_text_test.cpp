#include "report/number_text.h"

#include <gtest/gtest.h>

namespace espalier::report {
namespace {

Measure measured(double value, double low, double high) {
    Measure m;
    m.value = value;
    m.low = low;
    m.high = high;
    m.interval = "bootstrap-95";
    return m;
}

// Requirement 40.
TEST(ValueText, HasNoMoreDigitsThanItsIntervalAllows) {
    EXPECT_EQ(value_text(measured(0.079566, 0.0793, 0.0805)), "0.0796");
    EXPECT_EQ(value_text(measured(91.44, 89.7, 92.9)), "91.4");
    EXPECT_EQ(value_text(measured(8.0934, 8.03, 8.15)), "8.09");
    EXPECT_EQ(value_text(measured(58123456.0, 58e6, 58.2e6)), "58120000");
    EXPECT_EQ(value_text(measured(91.4, 60.0, 99.0)), "91");
}

TEST(ValueText, SaysUnknownAndMarksEstimates) {
    EXPECT_EQ(value_text(Measure{}), "unknown");
    auto estimate = measured(0.16789, 0.067, 0.27);
    estimate.interval = "factor";
    EXPECT_EQ(value_text(estimate), "≈ 0.17");
    EXPECT_EQ(interval_text(estimate), "0.067 to 0.27");
}

TEST(ValueText, CountsAreWhole) {
    Measure count;
    count.value = 5700000.0;
    EXPECT_EQ(value_text(count), "5700000");
    EXPECT_EQ(interval_text(count), "");
}

TEST(ScaleFor, PicksThePrefixByTheReference) {
    EXPECT_EQ(scale_for("B", 21860000.0).unit, "MB");
    EXPECT_EQ(scale_for("J/image", 0.038).unit, "mJ/image");
    EXPECT_EQ(scale_for("J/image", 1.9).unit, "J/image");
    EXPECT_EQ(scale_for("", 501620.0).unit, "k");
    EXPECT_EQ(scale_for("%", 0.01).unit, "%");
    EXPECT_EQ(scale_for("B", 0.0).unit, "B");
    EXPECT_EQ(value_text(scaled(measured(21860000.0, 21820000.0, 21890000.0), 1e-6)), "21.86");
}

TEST(ChangeText, HasASignAUnitAndItsInterval) {
    EXPECT_EQ(change_text(-53.6, -54.0, -52.5, "%"), "-54 % (-54.0 to -52.5)");
    EXPECT_EQ(change_text(0.04, {}, {}, "pt"), "0.0 pt");
    EXPECT_EQ(change_text(0.36, {}, {}, "%"), "+0.4 %");
    EXPECT_EQ(change_text({}, {}, {}, "%"), "unknown");
}

TEST(Significant, WritesWithoutExponent) {
    EXPECT_EQ(significant(0.07957, 3), "0.0796");
    EXPECT_EQ(significant(97759.4, 2), "98000");
    EXPECT_EQ(significant(0.0, 3), "0");
}

}  // namespace
}  // namespace espalier::report
