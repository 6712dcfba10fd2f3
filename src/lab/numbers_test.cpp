#include "lab/numbers.h"

#include <gtest/gtest.h>

namespace espalier::lab {
namespace {

TEST(Numbers, KeepSignificantDigits) {
    EXPECT_EQ(significant(1.9449), "1.94");
    EXPECT_EQ(significant(0.07213), "0.0721");
    EXPECT_EQ(significant(41.04), "41.0");
    EXPECT_EQ(significant(16742), "16700");
    EXPECT_EQ(significant(-0.5, 1), "-0.5");
    EXPECT_EQ(significant(0.0), "0");
}

TEST(Numbers, GroupThousands) {
    EXPECT_EQ(grouped(41000), "41 000");
    EXPECT_EQ(grouped(999), "999");
    EXPECT_EQ(grouped(-1234567), "-1 234 567");
}

TEST(Numbers, ChangesCarryTheirSign) {
    EXPECT_EQ(percent_change(0.37), "-63 %");
    EXPECT_EQ(percent_change(1.021), "+2.1 %");
    EXPECT_EQ(points(-0.002), "-0.2 pt");
}

TEST(Numbers, PrefixesSuitTheValue) {
    EXPECT_EQ(with_prefix(50000, "J"), "50.0 kJ");
    EXPECT_EQ(with_prefix(0.0417, "s"), "41.7 ms");
    EXPECT_EQ(with_prefix(0.9999, "J"), "1.00 J");
    EXPECT_EQ(from_to(1.94, 0.72, "J/image"), "1.94 -> 0.720 J/image");
    EXPECT_EQ(bytes(346e6), "346 MB");
}

}  // namespace
}  // namespace espalier::lab
