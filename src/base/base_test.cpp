#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <numeric>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/build_id.h"
#include "base/clock.h"
#include "base/cpu_features.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mapped_file.h"
#include "base/random.h"
#include "base/suggest.h"
#include "base/units.h"
#include "base/version.h"

namespace espalier {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Folder {
  public:
    Folder() : path_(fs::temp_directory_path() / ("espalier-base-" + std::to_string(::getpid()))) {
        fs::create_directories(path_);
    }
    ~Folder() { fs::remove_all(path_); }
    fs::path operator/(const char* name) const { return path_ / name; }
    const fs::path& path() const { return path_; }

  private:
    fs::path path_;
};

template <typename A, typename B>
concept Addable = requires(A a, B b) {
    a + b;
};

// Requirement 6.
TEST(Units, OnlyLikeQuantitiesAdd) {
    static_assert(Addable<Joules, Joules>);
    static_assert(!Addable<Joules, Watts>);
    static_assert(!Addable<Seconds, double>);
    EXPECT_DOUBLE_EQ((Watts(5) * Seconds(3)).value(), 15);
    EXPECT_DOUBLE_EQ((Joules(15) / Seconds(3)).value(), 5);
    EXPECT_DOUBLE_EQ((Joules(15) / Watts(5)).value(), 3);
    EXPECT_LT(Seconds(1), Seconds(2));
}

// Requirement 22.
TEST(Random, SequenceIsTheSameEverywhere) {
    // Counted by an independent implementation of xoshiro256** seeded by SplitMix64(1).
    Random random(1);
    EXPECT_EQ(random.next(), 12966619160104079557u);
    EXPECT_EQ(random.next(), 9600361134598540522u);
    std::vector<int> order(10);
    std::iota(order.begin(), order.end(), 0);
    Random(3).shuffle(std::span(order));
    std::vector<int> again(10);
    std::iota(again.begin(), again.end(), 0);
    Random(3).shuffle(std::span(again));
    EXPECT_EQ(order, again);
    EXPECT_EQ(std::set<int>(order.begin(), order.end()).size(), 10u);
}

TEST(Random, BelowIsUniform) {
    Random random(5);
    std::vector<int> counts(7, 0);
    for (int i = 0; i < 70000; ++i) ++counts[random.below(7)];
    for (const int count : counts) EXPECT_NEAR(count, 10000, 500);
}

TEST(Sha256, OfKnownTexts) {
    EXPECT_EQ(sha256(std::string_view("")),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(sha256(std::string_view("abc")),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(AtomicWrite, ReplacesWholeOrNotAtAll) {
    const Folder folder;
    write_file_atomically(folder / "a", std::string_view("one"));
    write_file_atomically(folder / "a", std::string_view("two"));
    EXPECT_EQ(read_text_file(folder / "a"), "two");
    EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 1);
    EXPECT_THROW(write_file_atomically(folder / "missing/a", std::string_view("x")), Error);
    EXPECT_THROW(read_text_file(folder / "a", 2), Error);
}

TEST(AtomicWrite, FullDiskLeavesNothingBehind) {
    const Folder folder;
    // A file that may not grow fails as one on a full disk does: in the middle.
    rlimit usual{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &usual), 0);
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{4096, usual.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    EXPECT_THROW(write_file_atomically(folder / "full", std::string(10000, 'x')), Error);
    ::setrlimit(RLIMIT_FSIZE, &usual);
    std::signal(SIGXFSZ, handler);
    EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(BuildId, IdentifiesTheProgram) {
    EXPECT_THAT(build_id(), testing::MatchesRegex(std::string(kVersion) + "-[0-9a-f]{32,}"));
}

TEST(MappedFile, EmptyAbsentAndFolder) {
    const Folder folder;
    write_file_atomically(folder / "empty", std::string_view(""));
    EXPECT_TRUE(MappedFile::open(folder / "empty")->bytes().empty());
    EXPECT_THROW(MappedFile::open(folder / "absent"), Error);
    EXPECT_THROW(MappedFile::open(folder.path()), Error);
}

TEST(MappedFile, ReleasedBytesAreReadAgainAndOtherMemoryStays) {
    const Folder folder;
    std::string content(100'000, 'a');
    for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i % 251);
    write_file_atomically(folder / "weights", content);
    const auto file = MappedFile::open(folder / "weights");
    const auto expect_content = [&] {
        EXPECT_TRUE(
            std::equal(content.begin(), content.end(), reinterpret_cast<const char*>(file->bytes().data())));
    };
    for (const auto& [first, size] :
         {std::pair{0, 100'000}, {1, 99'998}, {5000, 10}, {50'000, 50'000}, {7, 0}}) {
        MappedFile::release(
            file->bytes().subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(size)));
        expect_content();
    }
    std::vector<std::byte> own(100'000, std::byte{7});
    MappedFile::release(own);
    EXPECT_EQ(std::count(own.begin(), own.end(), std::byte{7}), 100'000);
}

TEST(Suggestion, OnlyWhatIsNear) {
    const std::string names[] = {"compile", "baseline"};
    EXPECT_EQ(suggestion("compil", names), " Did you mean 'compile'?");
    EXPECT_EQ(suggestion("quantize", names), "");
    EXPECT_EQ(suggestion(std::string(1000000, 'x'), names), "");
}

TEST(Isa, NamesParseBack) {
    for (const Isa isa :
         {Isa::kPortable, Isa::kAvx2, Isa::kAvx512, Isa::kAvx512Vnni, Isa::kAvx512Bf16, Isa::kAmx}) {
        EXPECT_EQ(parse_isa(name(isa)), isa);
    }
    EXPECT_THROW(parse_isa("sse"), Error);
    EXPECT_GE(usable_cpus(), 1);
}

TEST(MonotonicClock, SleepsAtLeastAsLongAsAsked) {
    MonotonicClock clock;
    const Seconds start = clock.now();
    clock.sleep(Seconds(0.02));
    EXPECT_GE((clock.now() - start).value(), 0.02);
}

}  // namespace
}  // namespace espalier
