#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "datasets/dataset.h"
#include "datasets/preprocess.h"
#include "datasets/shared_data_test.h"

namespace espalier::datasets {
namespace {

struct Reference {
    const char* images;
    const char* model;
    const char* format;
    std::int64_t size;
    double accuracy;  ///< published top-1 of the model, percent
};

const Reference kReferences[] = {
    {"cifar10_test_jpg", "resnet20_cifar10", "imagefolder", 5000, 81.02},
    {"cifar10_test_2000.bin", "resnet20_cifar10", "cifar10", 2000, 81.35},
    {"imagenet_nips2017", "vit_tiny_patch16_224", "csv", 460, 88.91},
    {"mnist_test_even", "mnist_cnn_burn", "idx", 5000, 99.20},
};

nlohmann::json read_json(const std::filesystem::path& path) {
    return nlohmann::json::parse(std::ifstream(path));
}

std::vector<std::string> labels_of(const std::filesystem::path& model) {
    const nlohmann::json names = read_json(model / "config.json").at("id2label");
    std::vector<std::string> labels;
    for (std::size_t i = 0; i < names.size(); ++i) labels.push_back(names.at(std::to_string(i)));
    return labels;
}

TEST(ReferenceData, OpensInTheOrderOfTheReferencePredictions) {
    const auto data = shared_dir() / "data";
    if (!std::filesystem::exists(data / "models")) GTEST_SKIP() << "no reference data at " << shared_dir();
    for (const Reference& reference : kReferences) {
        const auto model = data / "models" / reference.model;
        const auto dataset = open_dataset(data / "images" / reference.images, labels_of(model));
        EXPECT_EQ(dataset->format(), reference.format);
        ASSERT_EQ(dataset->size(), reference.size) << reference.images;
        const auto predictions = read_json(model / "reference_predictions.json")
                                     .at("predictions")
                                     .at(reference.images)
                                     .get<std::vector<int>>();
        // Labels in another order would agree with the predictions only by chance.
        int equal = 0;
        for (std::int64_t i = 0; i < dataset->size(); ++i) {
            equal += dataset->label(i) == predictions[static_cast<std::size_t>(i)];
        }
        EXPECT_NEAR(100.0 * equal / static_cast<double>(dataset->size()), reference.accuracy, 0.006)
            << reference.images;
    }
}

TEST(ReferenceData, OtherFoldersOpenToo) {
    const auto data = shared_dir() / "data";
    if (!std::filesystem::exists(data / "models")) GTEST_SKIP() << "no reference data at " << shared_dir();
    const auto cifar = labels_of(data / "models" / "resnet20_cifar10");
    const auto mnist = labels_of(data / "models" / "mnist_cnn_burn");
    EXPECT_EQ(open_dataset(data / "images" / "cifar10_calib_jpg", cifar)->size(), 500);
    const auto folder = open_dataset(data / "images" / "mnist_test_even" / "imagefolder500", mnist);
    EXPECT_EQ(folder->size(), 500);
    // The same digits as in the IDX file, in another order and another coding.
    const auto idx = open_dataset(data / "images" / "mnist_test_even" / "images-idx3-ubyte", mnist);
    EXPECT_EQ(decode(folder->sample(0)).channels, decode(idx->sample(0)).channels);
}

TEST(ReferenceData, EveryModelTakesTheImagesOfItsDataSet) {
    const auto data = shared_dir() / "data";
    if (!std::filesystem::exists(data / "models")) GTEST_SKIP() << "no reference data at " << shared_dir();
    for (const auto& entry : std::filesystem::directory_iterator(data / "models")) {
        const auto file = entry.path() / "preprocessor_config.json";
        const auto config = read_json(entry.path() / "config.json");
        const auto processor =
            parse_processor(read_text_file(file), file.string(), config.value("model_type", ""));
        const int channels = config.value("num_channels", 3);
        const int edge = config.at("image_size");
        const auto predictions = read_json(entry.path() / "reference_predictions.json").at("predictions");
        for (const auto& [images, ignored] : predictions.items()) {
            const auto dataset = open_dataset(data / "images" / images, labels_of(entry.path()));
            const Image image = decode(dataset->sample(dataset->size() - 1));
            EXPECT_EQ(preprocess(image, processor, channels, edge, edge).shape(),
                      (Shape{channels, edge, edge}));
        }
    }
}

}  // namespace
}  // namespace espalier::datasets
