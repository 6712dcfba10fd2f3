#include "models/traps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temporary_folder.h"
#include "models/load.h"

namespace espalier::models {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> notes_of(const char* config, const char* processor) {
    const TemporaryFolder folder;
    folder.write("config.json", config);
    folder.write("preprocessor_config.json", processor);
    Model model = load_model(folder.path(), {.blank_weights = true, .hash = false});
    // Notes on what these folders lack, weights and names, are others.
    std::erase_if(model.notes, [](const std::string& note) {
        return note.starts_with("No weights") || note.find("numbered") != std::string::npos;
    });
    return model.notes;
}

TEST(Traps, AreSilentForACentreCrop) {
    EXPECT_THAT(notes_of(R"({"model_type":"resnet","num_labels":10})",
                         R"({"image_processor_type":"ConvNextImageProcessor","size":{"shortest_edge":224}})"),
                IsEmpty());
}

TEST(Traps, NameAWarpAndASizeThatTheNetworkWasNotConfiguredFor) {
    const auto notes = notes_of(R"({"model_type":"convnext","num_labels":10,"image_size":64})",
                                R"({"image_processor_type":"ViTImageProcessor","size":128})");
    EXPECT_THAT(notes, Contains(HasSubstr("warps images to 128 x 128")));
    EXPECT_THAT(notes, Contains(HasSubstr("configured for 64 x 64: 4 times the pixels")));
}

TEST(Traps, NameUnusualValuesAndTheBackgroundClass) {
    const auto notes = notes_of(R"({"model_type":"mobilenet_v2","num_labels":1001})",
                                R"({"image_processor_type":"EfficientNetImageProcessor","size":224,
                                    "do_flip_channel_order":true,"do_normalize":false})");
    EXPECT_THAT(notes, Contains(HasSubstr("nearest neighbour")));
    EXPECT_THAT(notes, Contains(HasSubstr("standard deviation twice")));
    EXPECT_THAT(notes, Contains(HasSubstr("blue, green, red")));
    EXPECT_THAT(notes, Contains(HasSubstr("without normalization")));
    EXPECT_THAT(notes, Contains(HasSubstr("class i of ImageNet is number i + 1")));
}

}  // namespace
}  // namespace espalier::models
