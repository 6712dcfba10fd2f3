#include "datasets/resize.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/cpu_features.h"
#include "base/random.h"
#include "datasets/golden_test.h"
#include "datasets/resize_rows.h"

namespace espalier::datasets {
namespace {

constexpr Filter kFilters[] = {Filter::kNearest, Filter::kLanczos, Filter::kBilinear,
                               Filter::kBicubic, Filter::kBox,     Filter::kHamming};

TEST(Resize, EqualsPillowByteForByte) {
    const auto rows = read_rows(golden_dir() / "resize.tsv");
    ASSERT_GE(rows.size(), 1000u);
    for (const auto& row : rows) {
        const auto number = [&](std::size_t i) { return std::stoi(row[i]); };
        const Image image = noise(number(1), number(2), number(3), static_cast<std::uint64_t>(number(0)));
        const Image resized = resize(image, {number(4), number(5)}, static_cast<Filter>(number(6)));
        EXPECT_EQ(digest(resized), row[7]) << "row with seed " << row[0];
    }
}

TEST(Resize, RegionIsThePartOfTheWhole) {
    Random random(7);
    const auto draw = [&](int low, int high) {
        return low + static_cast<int>(random.below(static_cast<std::uint64_t>(high - low + 1)));
    };
    for (int round = 0; round < 120; ++round) {
        const int channels = round % 2 == 0 ? 1 : 3;
        const Image image = noise(draw(1, 70), draw(1, 70), channels, random.next() % 1000);
        const Extent size{draw(1, 90), draw(1, 90)};
        const Filter filter = kFilters[round % 6];
        Region region{draw(0, size.height - 1), draw(0, size.width - 1), 0, 0};
        region.height = draw(1, size.height - region.top);
        region.width = draw(1, size.width - region.left);
        const Image whole = resize(image, size, filter);
        const Image part = resize_region(image, size, filter, region);
        for (int y = 0; y < region.height; ++y) {
            ASSERT_TRUE(std::equal(part.row(y), part.row(y) + region.width * channels,
                                   whole.row(region.top + y) + region.left * channels))
                << "round " << round << " row " << y;
        }
    }
}

TEST(Resize, SameSizeIsTheSameImage) {
    const Image image = noise(13, 21, 3, 5);
    for (const Filter filter : kFilters) EXPECT_EQ(resize(image, {13, 21}, filter).pixels, image.pixels);
}

TEST(Resize, FlatColourStaysFlat) {
    Image image = Image::make(57, 33, 3);
    std::ranges::fill(image.pixels, std::uint8_t{201});
    for (const Filter filter : kFilters) {
        for (const Extent size : {Extent{5, 7}, Extent{120, 1}, Extent{57, 90}}) {
            const Image resized = resize(image, size, filter);
            EXPECT_EQ(std::ranges::count(resized.pixels, 201), std::ssize(resized.pixels));
        }
    }
}

TEST(Resize, RefusesWhatCannotBe) {
    const Image image = noise(4, 4, 1, 0);
    EXPECT_THROW(resize(image, {0, 4}, Filter::kBicubic), Error);
    EXPECT_THROW(resize(image, {1 << 20, 1 << 20}, Filter::kBicubic), Error);
    EXPECT_THROW(resize_region(image, {8, 8}, Filter::kBox, {4, 4, 5, 1}), Error);
}

/// Every instruction set of this processor against the portable loops, at odd lengths.
TEST(RowKernels, InstructionSetsAgree) {
    std::vector<const RowKernels*> sets;
    if (best_isa() >= Isa::kAvx2) sets.push_back(&kRowsAvx2);
    if (best_isa() >= Isa::kAvx512) sets.push_back(&kRowsAvx512);
    const Image bytes = noise(64, 48, 1, 3);
    Random random(11);
    for (const RowKernels* set : sets) {
        for (int taps = 0; taps < 40; ++taps) {
            std::vector<std::int32_t> weights(static_cast<std::size_t>(taps));
            // Within the range of real filters, positive and negative, so that the sum cannot overflow.
            for (auto& weight : weights)
                weight = static_cast<std::int32_t>(random.below(1 << 18)) - (1 << 16);
            std::uint8_t expected[48], got[48];
            kRowsPortable.weigh_48(bytes.row(0), 48, weights.data(), taps, expected);
            set->weigh_48(bytes.row(0), 48, weights.data(), taps, got);
            EXPECT_TRUE(std::ranges::equal(expected, got));
            kRowsPortable.weigh_16(bytes.row(1), 48, weights.data(), taps, expected);
            set->weigh_16(bytes.row(1), 48, weights.data(), taps, got);
            EXPECT_TRUE(std::equal(expected, expected + 16, got));
        }
    }
}

TEST(RowKernels, SeparateUndoesInterleave) {
    for (const int count : {1, 5, 63, 64, 65, 200}) {
        const Image in = noise(kBandRows, count, 1, 9);
        Image out = Image::make(kBandRows, count, 1);
        const std::uint8_t* rows[kBandRows];
        std::uint8_t* back[kBandRows];
        for (int r = 0; r < kBandRows; ++r) {
            rows[r] = in.row(r);
            back[r] = out.row(r);
        }
        std::vector<std::uint8_t> band(static_cast<std::size_t>(count * kBandRows));
        row_kernels().interleave(rows, count, band.data());
        for (int i = 0; i < count; ++i) {
            for (int r = 0; r < kBandRows; ++r)
                ASSERT_EQ(band[static_cast<std::size_t>(i * kBandRows + r)], in.row(r)[i]);
        }
        row_kernels().separate(band.data(), count, back);
        EXPECT_EQ(in.pixels, out.pixels);
    }
}

}  // namespace
}  // namespace espalier::datasets
