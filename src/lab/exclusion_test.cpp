#include "lab/exclusion.h"

#include <gtest/gtest.h>

#include "store/notes.h"

namespace espalier::lab {
namespace {

// Requirement 26.
TEST(Exclusion, IsForAPreregisteredCauseAlone) {
    const std::vector<store::NoteRecord> notes = {{0, "warm-up", "not steady", ""},
                                                  {0, "throttled", "hot", ""}};
    const auto excluded = exclude(notes, {"throttled"});
    ASSERT_EQ(excluded.size(), 1u);
    EXPECT_EQ(excluded[0].code, store::kExcluded);
    EXPECT_NE(excluded[0].text.find("hot"), std::string::npos);
    EXPECT_TRUE(exclude(notes, {}).empty());
    EXPECT_TRUE(exclude(notes, {"steal"}).empty());
    EXPECT_TRUE(exclude({}, {"throttled"}).empty());
}

}  // namespace
}  // namespace espalier::lab
