// Masks equal torch.nn.utils.prune's, element for element, ties included. Recipe: tools/goldens/pruning.py.

#include <gtest/gtest.h>

#include <filesystem>

#include "formats/safetensors/safetensors.h"
#include "passes/prune/magnitude.h"

namespace espalier {
namespace {

const std::filesystem::path kGolden =
    std::filesystem::path(ESPALIER_SOURCE_DIR) / "tools/goldens/pruning/pruning.safetensors";
constexpr const char* kAmounts[] = {"0.01", "0.2", "0.333", "0.5", "0.8"};

struct Golden {
    formats::Safetensors file = formats::read_safetensors(kGolden);
    std::vector<std::string> names;
    std::vector<Tensor> weights;

    Golden() {
        for (const auto& [key, tensor] : file.tensors) {
            if (!key.starts_with("weight.")) continue;
            names.push_back(key.substr(7));
            weights.push_back(tensor.to_aligned());
        }
    }
    std::vector<std::uint8_t> mask(const std::string& key) const {
        const auto span = file.tensors.at(key).span<std::uint8_t>();
        return {span.begin(), span.end()};
    }
};

TEST(PruningGolden, LocalMasksAreTorchs) {
    const Golden golden;
    ASSERT_GT(golden.names.size(), 8u);
    for (const std::string amount : kAmounts) {
        for (std::size_t i = 0; i < golden.names.size(); ++i) {
            const Tensor& weights = golden.weights[i];
            const auto count = passes::pruned_count(std::stod(amount), weights.elements());
            EXPECT_EQ(passes::magnitude_masks({&weights, 1}, count).front(),
                      golden.mask("local." + amount + "." + golden.names[i]))
                << golden.names[i] << " at " << amount;
        }
    }
}

TEST(PruningGolden, GlobalMasksAreTorchs) {
    const Golden golden;
    std::int64_t elements = 0;
    for (const Tensor& tensor : golden.weights) elements += tensor.elements();
    for (const std::string amount : kAmounts) {
        const auto masks =
            passes::magnitude_masks(golden.weights, passes::pruned_count(std::stod(amount), elements));
        for (std::size_t i = 0; i < golden.names.size(); ++i) {
            EXPECT_EQ(masks[i], golden.mask("global." + amount + "." + golden.names[i]))
                << golden.names[i] << " at " << amount;
        }
    }
}

}  // namespace
}  // namespace espalier
