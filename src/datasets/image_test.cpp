#include "datasets/image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/mapped_file.h"
#include "base/random.h"
#include "datasets/golden_test.h"

namespace espalier::datasets {
namespace {

using testing::HasSubstr;

std::vector<std::byte> read(const std::string& name) {
    const auto file = MappedFile::open(golden_dir() / "images" / name);
    return {file->bytes().begin(), file->bytes().end()};
}

/// The message of the Error that decoding gives, or nothing where it succeeds.
std::string problem_of(const std::vector<std::byte>& bytes) {
    try {
        decode_image(bytes, "the-file");
        return {};
    } catch (const Error& error) {
        return error.what();
    }
}

TEST(Image, DecodesAsPillow) {
    const auto rows = read_rows(golden_dir() / "images.tsv");
    ASSERT_GE(rows.size(), 30u);
    for (const auto& row : rows) {
        if (row[3] == "refused") {
            EXPECT_THAT(problem_of(read(row[0])), HasSubstr("the-file")) << row[0];
            continue;
        }
        const Image image = load_image(golden_dir() / "images" / row[0]);
        EXPECT_EQ(image.width, std::stoi(row[1])) << row[0];
        EXPECT_EQ(image.height, std::stoi(row[2])) << row[0];
        EXPECT_EQ(digest(with_channels(image, 3)), row[3]) << row[0];
        EXPECT_EQ(digest(with_channels(image, 1)), row[4]) << row[0];
    }
}

TEST(Image, GreyFilesHaveOneChannel) {
    for (const char* name : {"grey.jpg", "grey.png", "grey_alpha.png", "one_bit.png"}) {
        EXPECT_EQ(load_image(golden_dir() / "images" / name).channels, 1) << name;
    }
}

TEST(Image, RefusesOtherFormatsByName) {
    EXPECT_THAT(problem_of({}), HasSubstr("empty"));
    EXPECT_THAT(problem_of(std::vector<std::byte>(100, std::byte{'x'})),
                HasSubstr("neither a JPEG nor a PNG"));
    EXPECT_THROW(load_image(golden_dir() / "absent.png"), Error);
}

/// The header of a PNG claims 2^14 x 2^14 pixels, or 2^31 x 2^31, that 60 bytes cannot hold.
TEST(Image, RefusesDecompressionBombs) {
    std::vector<std::byte> png = read("rgb.png");
    png.resize(60);
    constexpr std::size_t kWidth = 16, kHeight = 20, kChecksum = 29;
    png[kWidth + 2] = png[kHeight + 2] = std::byte{0x40};
    png[kWidth + 3] = png[kHeight + 3] = std::byte{0};
    // A wrong checksum of the header is an error of its own; both must be clear ones.
    EXPECT_THAT(problem_of(png), HasSubstr("the-file"));
    std::uint32_t crc = 0xffffffffu;
    for (std::size_t i = 12; i < kChecksum; ++i) {
        crc ^= std::to_integer<std::uint32_t>(png[i]);
        for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0u);
    }
    for (std::size_t i = 0; i < 4; ++i) png[kChecksum + i] = static_cast<std::byte>(~crc >> (24 - 8 * i));
    EXPECT_THAT(problem_of(png), HasSubstr("the-file"));
}

TEST(Image, AnyTruncationIsAnErrorAndNoCrash) {
    for (const char* name :
         {"rgb_420.jpg", "progressive.jpg", "cmyk.jpg", "turned_6.jpg", "palette_4.png", "rgb_16.png"}) {
        const std::vector<std::byte> whole = read(name);
        for (std::size_t size = 0; size < whole.size(); size += size < 64 ? 1 : 13) {
            const std::vector<std::byte> part(whole.begin(),
                                              whole.begin() + static_cast<std::ptrdiff_t>(size));
            EXPECT_NE(problem_of(part), "")
                << name << " cut to " << size << " of " << whole.size() << " bytes";
        }
    }
}

TEST(Image, FlippedBytesNeverCrash) {
    Random random(2026);
    for (const char* name : {"rgb_420.jpg", "progressive.jpg", "turned_6.jpg", "grey.jpg",
                             "palette_4_transparent.png", "interlaced.png", "turned.png"}) {
        const std::vector<std::byte> whole = read(name);
        for (int round = 0; round < 150; ++round) {
            std::vector<std::byte> damaged = whole;
            for (std::uint64_t flips = 1 + random.below(4); flips > 0; --flips) {
                // Half of the flips hit the headers, where they do most harm.
                const std::size_t range =
                    random.below(2) == 0 ? std::min<std::size_t>(whole.size(), 200) : whole.size();
                damaged[random.below(range)] = static_cast<std::byte>(random.below(256));
            }
            const std::string problem = problem_of(damaged);
            EXPECT_TRUE(problem.empty() || problem.find("the-file") != std::string::npos) << problem;
        }
    }
}

TEST(Image, UprightUndoesEveryOrientation) {
    // 1 2 3    The stored picture; as orientation 6 says, it is shown turned clockwise.
    // 4 5 6
    Image stored = Image::make(2, 3, 1);
    stored.pixels = {1, 2, 3, 4, 5, 6};
    const std::vector<std::uint8_t> expected[] = {{1, 2, 3, 4, 5, 6}, {3, 2, 1, 6, 5, 4}, {6, 5, 4, 3, 2, 1},
                                                  {4, 5, 6, 1, 2, 3}, {1, 4, 2, 5, 3, 6}, {4, 1, 5, 2, 6, 3},
                                                  {6, 3, 5, 2, 4, 1}, {3, 6, 2, 5, 1, 4}};
    for (int orientation = 1; orientation <= 8; ++orientation) {
        const Image turned = upright(stored, orientation);
        EXPECT_EQ(turned.pixels, expected[orientation - 1]) << orientation;
        EXPECT_EQ(turned.width, orientation < 5 ? 3 : 2);
    }
    EXPECT_EQ(upright(stored, 0).pixels, stored.pixels);
    EXPECT_EQ(upright(stored, 9).pixels, stored.pixels);
}

}  // namespace
}  // namespace espalier::datasets
