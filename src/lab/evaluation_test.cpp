#include "lab/evaluation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace espalier::lab {
namespace {

using testing::ElementsAre;

TEST(Largest, TakesTheFirstOfEqualValues) {
    const std::vector<float> values{1, 3, 2, 3, 1, 3};
    EXPECT_THAT(largest(values, 4), ElementsAre(1, 3, 5, 2));
    EXPECT_THAT(largest(values, 9), ElementsAre(1, 3, 5, 2, 0, 4));
}

/// Logits of an int8 network are often equal; the place of a label must not call an image right whose
/// prediction is another class.
TEST(PlaceOf, IsThatInTheOrderOfTheLargest) {
    const std::vector<float> values{1, 3, 2, 3, 1, 3};
    const auto order = largest(values, 6);
    for (std::size_t place = 0; place < order.size(); ++place) {
        EXPECT_EQ(place_of(values, static_cast<std::size_t>(order[place])), static_cast<std::int32_t>(place));
    }
}

}  // namespace
}  // namespace espalier::lab
