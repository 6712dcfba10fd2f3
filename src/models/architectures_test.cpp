// Complexity of well-known networks built from their configurations alone, against published figures.

#include <gtest/gtest.h>

#include "graph/cost.h"
#include "models/load.h"
#include "models/temporary_folder_test.h"

namespace espalier::models {
namespace {

struct Anchor {
    const char* name;
    const char* config;
    double gmacs;
    double million_parameters;
};

constexpr Anchor kAnchors[] = {
    {"vit-base", R"({"model_type":"vit","num_labels":1000})", 17.564, 86.57},
    {"resnet-50", R"({"model_type":"resnet","num_labels":1000})", 4.089, 25.56},
    {"resnet-18",
     R"({"model_type":"resnet","num_labels":1000,"layer_type":"basic","hidden_sizes":[64,128,256,512],"depths":[2,2,2,2]})",
     1.814, 11.69},
    {"mobilenet_v2", R"({"model_type":"mobilenet_v2","num_labels":1001})", 0.301, 3.51},
    {"convnext-tiny", R"({"model_type":"convnext","num_labels":1000})", 4.455, 28.59},
};

class Architectures : public testing::TestWithParam<Anchor> {};

TEST_P(Architectures, HaveTheirPublishedComplexityAtEveryBatchSize) {
    const TemporaryFolder folder;
    folder.write("config.json", GetParam().config);
    const Model model = load_model(folder.path(), {.random_weights = 1, .hash = false});
    const auto cost = graph::cost_of(model.graph);
    EXPECT_NEAR(static_cast<double>(cost.total.macs) / 1e9, GetParam().gmacs, 0.01 * GetParam().gmacs);
    EXPECT_NEAR(static_cast<double>(cost.parameters) / 1e6, GetParam().million_parameters,
                0.012 * GetParam().million_parameters);
    EXPECT_TRUE(cost.uncounted.empty());

    const graph::Graph batch = graph::with_batch(model.graph, 3);
    graph::verify(batch);
    EXPECT_EQ(batch.type(batch.output()).shape, (Shape{3, model.classes()}));
}

INSTANTIATE_TEST_SUITE_P(All, Architectures, testing::ValuesIn(kAnchors), [](const auto& row) {
    std::string name = row.param.name;
    for (char& c : name) c = c == '-' ? '_' : c;
    return name;
});

}  // namespace
}  // namespace espalier::models
