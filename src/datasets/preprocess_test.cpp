#include "datasets/preprocess.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "datasets/golden_test.h"

namespace espalier::datasets {
namespace {

using testing::HasSubstr;

/// No resize, no rescale, no normalisation: pixels as they are.
ProcessorConfig plain() { return {}; }

ProcessorConfig cropped(int height, int width) {
    ProcessorConfig config;
    config.crop = Extent{height, width};
    return config;
}

TEST(Preprocess, EqualsTheReferenceProcessorsOnGoldens) {
    const auto rows = read_rows(golden_dir() / "processors.tsv");
    ASSERT_GE(rows.size(), 8u);
    for (const auto& row : rows) {
        const Image image = load_image(golden_dir() / "images" / row[0]);
        const int edge = std::stoi(row[1]);
        const Tensor values = preprocess(image, parse_processor(row[3], row[0], ""), 3, edge, edge);
        EXPECT_EQ(sha256(values.bytes()).substr(0, 16), row[2]) << row[0] << " " << row[3];
    }
}

TEST(Preprocess, PlanesFollowTheOrderOfChannels) {
    Image image = Image::make(1, 2, 3);
    image.pixels = {1, 2, 3, 4, 5, 6};
    const auto values = [&](const ProcessorConfig& config) {
        const Tensor tensor = preprocess(image, config, 3, 1, 2);
        return std::vector<float>(tensor.span<float>().begin(), tensor.span<float>().end());
    };
    ProcessorConfig config = plain();
    EXPECT_EQ(values(config), (std::vector<float>{1, 4, 2, 5, 3, 6}));
    config.flip_channels = true;
    EXPECT_EQ(values(config), (std::vector<float>{3, 6, 2, 5, 1, 4}));
    // Means are those of the channels as the model sees them.
    config.normalize = true;
    config.mean = {3, 2, 1};
    config.std = {1, 1, 2};
    EXPECT_EQ(values(config), (std::vector<float>{0, 3, 0, 3, 0, 1.5f}));
}

TEST(Preprocess, GreyAndColourAreConvertedToWhatTheModelTakes) {
    const Image colour = noise(9, 7, 3, 1);
    const Image grey = with_channels(colour, 1);
    const Tensor from_colour = preprocess(colour, plain(), 1, 9, 7);
    const Tensor from_grey = preprocess(grey, plain(), 1, 9, 7);
    EXPECT_TRUE(std::ranges::equal(from_colour.span<float>(), from_grey.span<float>()));
    const Tensor repeated = preprocess(with_channels(grey, 3), plain(), 3, 9, 7);
    const Tensor from_one = preprocess(grey, plain(), 3, 9, 7);
    EXPECT_TRUE(std::ranges::equal(repeated.span<float>(), from_one.span<float>()));
}

/// out(y, x) = in(y + floor((H - h) / 2), x + floor((W - w) / 2)), zero outside (transformers' center_crop).
TEST(Preprocess, CentreCropPadsWhatIsTooSmall) {
    const auto floor_half = [](int n) { return n >= 0 ? n / 2 : -((-n + 1) / 2); };
    for (int height = 1; height <= 6; ++height) {
        for (int width = 1; width <= 6; ++width) {
            const Image image = noise(4, 3, 1, 21);
            const Tensor values = preprocess(image, cropped(height, width), 1, height, width);
            for (int y = 0; y < height; ++y) {
                for (int x = 0; x < width; ++x) {
                    const int from_y = y + floor_half(4 - height), from_x = x + floor_half(3 - width);
                    const bool inside = from_y >= 0 && from_y < 4 && from_x >= 0 && from_x < 3;
                    const float expected = inside ? image.row(from_y)[from_x] : 0.0f;
                    EXPECT_EQ(values.span<float>()[static_cast<std::size_t>(y * width + x)], expected);
                }
            }
        }
    }
}

TEST(Preprocess, TorchvisionRoundsTheCropHalfToEven) {
    ProcessorConfig config = cropped(1, 1);
    config.crop_rounds_half_even = true;
    Image image = Image::make(4, 1, 1);
    image.pixels = {10, 20, 30, 40};
    // (4 - 1) / 2 = 1.5 -> 2, where a truncating crop takes row 1.
    EXPECT_EQ(preprocess(image, config, 1, 1, 1).span<float>()[0], 30.0f);
    config.crop_rounds_half_even = false;
    EXPECT_EQ(preprocess(image, config, 1, 1, 1).span<float>()[0], 20.0f);
}

TEST(Preprocess, WritesIntoABatch) {
    const Preprocessor preprocessor(plain(), 3, 5, 4);
    Tensor batch = Tensor::allocate(DType::kF32, {2, 3, 5, 4});
    const Image image = noise(5, 4, 3, 8);
    preprocess_into(image, preprocessor, batch, 1);
    const Tensor one = preprocess(image, plain(), 3, 5, 4);
    EXPECT_TRUE(std::ranges::equal(batch.span<float>().subspan(60), one.span<float>()));
    EXPECT_EQ(std::ranges::count(batch.span<float>().first(60), 0.0f), 60);
    EXPECT_THROW(preprocess_into(image, preprocessor, batch, 2), Error);
    EXPECT_THROW(preprocess_into(image, Preprocessor(plain(), 1, 5, 4), batch, 0), Error);
}

TEST(Preprocess, SaysWhenTheModelTakesAnotherSize) {
    try {
        preprocess(noise(10, 12, 3, 1), plain(), 3, 32, 32);
        FAIL();
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr("12 x 10"));
        EXPECT_THAT(error.what(), HasSubstr("32 x 32"));
    }
    ProcessorConfig config = plain();
    config.normalize = true;
    config.mean = config.std = {1, 1, 1};
    EXPECT_THROW(Preprocessor(config, 1, 4, 4), Error);
    EXPECT_THROW(Preprocessor(plain(), 4, 4, 4), Error);
}

TEST(Preprocess, RefusesImagesTooElongatedToResize) {
    ProcessorConfig config = plain();
    config.resize = true;
    config.shortest_edge = 256;
    config.crop = Extent{224, 224};
    EXPECT_THROW(preprocess(noise(1, 1 << 20, 1, 0), config, 3, 224, 224), Error);
}

}  // namespace
}  // namespace espalier::datasets
