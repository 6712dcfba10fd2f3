#include "models/family.h"

#include <gtest/gtest.h>

#include "models/architecture.h"

namespace espalier::models {
namespace {

TEST(Family, OfEveryArchitectureButTheWrapper) {
    for (const Architecture& architecture : architectures()) {
        const bool wrapper = architecture.model_type == "timm_wrapper";
        EXPECT_EQ(family(architecture.model_type).empty(), wrapper) << architecture.model_type;
    }
    EXPECT_EQ(family("vit"), "transformer");
    EXPECT_EQ(family("resnet"), "convolution");
    EXPECT_EQ(family("levit"), "hybrid");
    EXPECT_EQ(family("onnx"), "");
}

}  // namespace
}  // namespace espalier::models
