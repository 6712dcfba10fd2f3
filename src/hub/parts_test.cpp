// The parts of the client that need no server.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "hub/choose.h"
#include "hub/digest.h"
#include "hub/listing.h"
#include "hub/printable.h"
#include "hub/retry.h"
#include "net/url.h"

namespace espalier::hub {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string hash(DigestKind kind, const std::string& text) {
    Digest digest(kind, static_cast<std::int64_t>(text.size()));
    digest.update("left over");
    digest.restart();
    digest.update(text.substr(0, 2));
    digest.update(text.substr(2));
    return digest.hex();
}

TEST(Digest, AgreesWithPublishedValues) {
    // FIPS 180-4, example of "abc"; `printf 'hello\n' | git hash-object --stdin`.
    EXPECT_EQ(hash(DigestKind::kSha256, "abc"),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hash(DigestKind::kGitBlob, "hello\n"), "ce013625030ba8dba906f756967f9e9ca394464a");
    EXPECT_EQ(hash(DigestKind::kUnknown, "hello\n"), "");
    EXPECT_EQ(digest_kind(std::string(64, 'a')), DigestKind::kSha256);
    EXPECT_EQ(digest_kind(std::string(40, '0')), DigestKind::kGitBlob);
    EXPECT_EQ(digest_kind(std::string(40, 'g')), DigestKind::kUnknown);
    EXPECT_EQ(digest_kind(""), DigestKind::kUnknown);
}

TEST(Url, ResolvesAndComparesOrigins) {
    EXPECT_EQ(net::resolve_url("https://a.b/x/y?q", "/z"), "https://a.b/z");
    EXPECT_EQ(net::resolve_url("https://a.b/x/y", "http://c:81/z?s=1"), "http://c:81/z?s=1");
    EXPECT_EQ(net::origin_of("https://a.b/x"), net::origin_of("https://a.b:443/y"));
    EXPECT_NE(net::origin_of("https://a.b/x"), net::origin_of("http://a.b/x"));
    EXPECT_NE(net::origin_of("https://a.b/x"), net::origin_of("https://a.b:444/x"));
    EXPECT_NE(net::origin_of("https://a.b/x"), net::origin_of("https://a.b.evil.org/x"));
    EXPECT_NE(net::origin_of("https://a.b/x"), net::origin_of("https://a.b@evil.org/x"));
    EXPECT_THROW(net::origin_of("no address"), Error);
    EXPECT_EQ(net::encode("refs/pr/1"), "refs%2Fpr%2F1");
    EXPECT_EQ(net::encode("a b/ä?.json", "/"), "a%20b/%C3%A4%3F.json");
}

TEST(Choice, TakesTheBestKindOfWeights) {
    const Choice best = choose_files({"README.md", "config.json", "model.safetensors", "model.onnx",
                                      "preprocessor_config.json", "pytorch_model.bin", "tf_model.h5"});
    EXPECT_THAT(best.settings, ElementsAre("config.json", "preprocessor_config.json"));
    EXPECT_THAT(best.weights, ElementsAre("model.safetensors"));
    const Choice sharded =
        choose_files({"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
                      "model.safetensors.index.json", "pytorch_model.bin"});
    EXPECT_THAT(sharded.weights,
                ElementsAre("model.safetensors.index.json", "model-00001-of-00002.safetensors",
                            "model-00002-of-00002.safetensors"));
    EXPECT_EQ(sharded.index, "model.safetensors.index.json");
    EXPECT_THAT(choose_files({"pytorch_model.bin", "model.onnx"}).weights, ElementsAre("pytorch_model.bin"));
    EXPECT_THAT(choose_files({"onnx/model.onnx", "onnx/model.onnx_data"}).weights,
                ElementsAre("onnx/model.onnx", "onnx/model.onnx_data"));
    EXPECT_THAT(choose_files({"flax_model.msgpack"}).weights, IsEmpty());
}

TEST(Choice, PatternsReachIntoFolders) {
    const std::vector<std::string> names = {"a.json", "onnx/b.json", "onnx/c.onnx"};
    EXPECT_THAT(matching(names, {"*.json"}), ElementsAre("a.json", "onnx/b.json"));
    EXPECT_THAT(matching(names, {"onnx/"}), ElementsAre("onnx/b.json", "onnx/c.onnx"));
    EXPECT_THAT(matching(names, {"[ab].json", "*.onnx"}), ElementsAre("a.json", "onnx/c.onnx"));
}

TEST(Listing, RefusesWhatIsNoListing) {
    const std::string sha = R"("sha": "0123456789abcdef0123456789abcdef01234567")";
    for (const std::string& text :
         {std::string(), std::string("[]"), std::string("{"), std::string(R"({"siblings": []})"),
          std::string(R"({"sha": "../../x", "siblings": []})"), "{" + sha + "}",
          "{" + sha + R"(, "siblings": 3})"}) {
        EXPECT_THROW(parse_listing(text, "test"), Error) << text;
    }
    const auto odd =
        parse_listing("{" + sha + R"(, "siblings": [3, {"rfilename": 3, "size": -1}, {"size": 1e99},
        {"rfilename": "a", "size": 5, "blobId": "b", "lfs": {"sha256": "c", "size": 7}}]})",
                      "test");
    ASSERT_EQ(odd.files.size(), 3u);
    EXPECT_EQ(odd.files[0].bytes, std::nullopt);
    EXPECT_EQ(odd.files[1].bytes, std::nullopt);
    EXPECT_EQ(odd.files[2].bytes, 7);
    EXPECT_EQ(odd.files[2].hash, "c");
}

TEST(Printable, ShowsWhatWouldDraw) {
    EXPECT_EQ(printable("a\x1b[2Jb\n"), "a\\x1b[2Jb\\x0a");
    EXPECT_EQ(printable("ä"), "ä");
    EXPECT_EQ(printable(std::string(300, 'a')).size(), 255u);
}

net::Response status(long code, const std::string& retry_after = "") {
    net::Response response;
    response.status = code;
    if (!retry_after.empty()) response.headers["retry-after"] = retry_after;
    return response;
}

TEST(Retry, IsBoundedAndHonoursTheServer) {
    EXPECT_EQ(pause_before_retry(status(404), 1), std::nullopt);
    EXPECT_EQ(pause_before_retry(status(401), 1), std::nullopt);
    EXPECT_EQ(pause_before_retry(status(500), 1), Seconds(1.0));
    EXPECT_EQ(pause_before_retry(status(503), 4), Seconds(8.0));
    EXPECT_EQ(pause_before_retry(status(503), 5), std::nullopt);
    EXPECT_EQ(pause_before_retry(status(429, "17"), 1), Seconds(17.0));
    EXPECT_EQ(pause_before_retry(status(429, "-5"), 1), Seconds(0.0));
    EXPECT_EQ(pause_before_retry(status(429, "100000"), 1), std::nullopt);
    EXPECT_EQ(pause_before_retry(status(429, "Fri, 31 Dec 1999 23:59:59 GMT"), 1), Seconds(0.0));
    EXPECT_EQ(pause_before_retry(status(429, "soon"), 2), Seconds(2.0));
    net::Response lost;
    lost.failure = "no such host";
    EXPECT_EQ(pause_before_retry(lost, 1), Seconds(1.0));
    lost.unreachable = true;
    EXPECT_EQ(pause_before_retry(lost, 1), std::nullopt);
}

}  // namespace
}  // namespace espalier::hub
