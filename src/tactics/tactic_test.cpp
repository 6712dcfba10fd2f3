#include "tactics/tactic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace espalier::tactics {
namespace {

using testing::HasSubstr;

std::string problem_with(std::string_view text) {
    try {
        parse(text);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kUsage);
        return error.what();
    }
    return "";
}

TEST(Tactic, CanonicalTextWritesDefaultsAndOrdersByPhase) {
    EXPECT_EQ(canonical("baseline"), "baseline");
    EXPECT_EQ(canonical("local-pruning"), "local-pruning:0.3");
    EXPECT_EQ(canonical("compile+global-pruning:.50"), "global-pruning:0.5+compile");
    EXPECT_EQ(canonical("dynamic-quantization:torch+compile"), "compile+dynamic-quantization:torch");
    for (const Tactic& tactic : all_tactics()) EXPECT_EQ(canonical(canonical(tactic.name)), canonical(tactic.name));
}

TEST(Tactic, BadTextIsExplained) {
    EXPECT_THAT(problem_with("complie"), HasSubstr("Did you mean 'compile'?"));
    EXPECT_THAT(problem_with(""), HasSubstr("unknown tactic ''"));
    EXPECT_THAT(problem_with("compile:2"), HasSubstr("takes no parameter"));
    EXPECT_THAT(problem_with("global-pruning:1.5"), HasSubstr("1.5"));
    EXPECT_THAT(problem_with("global-pruning:nan"), HasSubstr("nan"));
    EXPECT_THAT(problem_with("global-pruning:"), HasSubstr("colon"));
    EXPECT_THAT(problem_with("compile+compile"), HasSubstr("twice"));
    EXPECT_THAT(problem_with("baseline+compile"), HasSubstr("cannot be composed"));
    EXPECT_THAT(problem_with("compile+"), HasSubstr("unknown tactic"));
}

}  // namespace
}  // namespace espalier::tactics
