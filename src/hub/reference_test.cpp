#include "hub/reference.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace espalier::hub {
namespace {

TEST(Reference, NamesARepositoryAndARevision) {
    EXPECT_EQ(parse_reference("google/vit-base-patch16-224").str(), "google/vit-base-patch16-224");
    const Reference pull_request = parse_reference("hf://org/net@refs/pr/7");
    EXPECT_EQ(pull_request.id, "org/net");
    EXPECT_EQ(pull_request.revision, "refs/pr/7");
    EXPECT_EQ(parse_reference("resnet").id, "resnet");
    EXPECT_EQ(folder_name(parse_reference("org/net@v1.0")), "models--org--net");
    EXPECT_EQ(folder_name(parse_reference("resnet")), "models--resnet");
}

TEST(Reference, RefusesWhatTheHubWouldNotAccept) {
    for (const char* text : {"",
                             "/",
                             "org/",
                             "/net",
                             "a/b/c",
                             "../net",
                             "org/..",
                             "org/a..b",
                             "org/a--b",
                             "-org/net",
                             "org/.net",
                             "org/net.git",
                             "org/ne t",
                             "org\\net",
                             "org/net@",
                             "org/net@../x",
                             "org/net@/x",
                             "org/net@-x",
                             "org/net@a b",
                             "org/net@a\nb",
                             "org/net@x@y",
                             "hf://"}) {
        EXPECT_THROW(parse_reference(text), Error) << text;
    }
    EXPECT_THROW(parse_reference("org/" + std::string(97, 'a')), Error);
    EXPECT_THROW(parse_reference(std::string("org/net@a\0b", 11)), Error);
}

TEST(Reference, AWordOrAPathIsNotTakenForOne) {
    EXPECT_TRUE(looks_like_reference("org/net"));
    EXPECT_TRUE(looks_like_reference("org/net@main"));
    EXPECT_TRUE(looks_like_reference("hf://resnet"));
    for (const char* text :
         {"resnet", "./net", "../net", "/org/net", "org/net/", "a/b/c", "~/net", "net.onnx"}) {
        EXPECT_FALSE(looks_like_reference(text)) << text;
    }
}

TEST(Reference, ACommitHas40HexadecimalDigits) {
    EXPECT_TRUE(is_commit("0123456789abcdef0123456789abcdef01234567"));
    EXPECT_FALSE(is_commit("0123456789ABCDEF0123456789abcdef01234567"));
    EXPECT_FALSE(is_commit("0123456"));
    EXPECT_FALSE(is_commit("main"));
}

TEST(FileName, StaysInsideTheSnapshot) {
    for (const char* name :
         {"config.json", "onnx/model.onnx", ".gitattributes", "a b.txt", "..b", "ä.json"}) {
        EXPECT_NO_THROW(check_file_name(name)) << name;
    }
    for (const char* name : {"", "/etc/passwd", "..", "../x", "a/../../x", "a/..", "a//b", "a/", "./a",
                             "a\\..\\b", "C:\\x", "a\nb", "\x1b[2J"}) {
        EXPECT_THROW(check_file_name(name), Error) << name;
    }
    EXPECT_THROW(check_file_name(std::string("config.json\0/../x", 17)), Error);
    EXPECT_THROW(check_file_name(std::string(256, 'a')), Error);
    std::string deep = "a";
    while (deep.size() < 1025) deep += "/a";
    EXPECT_THROW(check_file_name(deep), Error);
}

}  // namespace
}  // namespace espalier::hub
