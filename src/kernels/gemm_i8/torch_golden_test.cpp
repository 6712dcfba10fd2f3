#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "kernels/gemm_i8/gemm_i8.h"
#include "kernels/quantize/quantize_dynamic.h"
#include "kernels/quantize/quantize_weights.h"

// torch.ao.quantization.quantize_dynamic on linear layers: see tools/goldens/dynamic_quantization.py.
namespace espalier::kernels {
namespace {

/// Just enough of the safetensors format to read our own golden file.
class Golden {
  public:
    explicit Golden(const std::filesystem::path& path) {
        std::ifstream file(path, std::ios::binary);
        bytes_.assign(std::istreambuf_iterator<char>(file), {});
        std::uint64_t header = 0;
        if (bytes_.size() < sizeof header) return;
        std::memcpy(&header, bytes_.data(), sizeof header);
        data_ = sizeof header + header;
    }

    bool has(const std::string& name) const { return find(name) != std::string::npos; }

    template <typename T>
    std::vector<T> read(const std::string& name) const {
        constexpr std::string_view kOffsets = "\"data_offsets\":[";
        const std::size_t at = bytes_.find(kOffsets, find(name)) + kOffsets.size();
        std::size_t digits = 0;
        const std::size_t begin = std::stoull(bytes_.substr(at, 32), &digits);
        const std::size_t end = std::stoull(bytes_.substr(at + digits + 1, 32));
        std::vector<T> values((end - begin) / sizeof(T));
        std::memcpy(values.data(), bytes_.data() + data_ + begin, end - begin);
        return values;
    }

  private:
    std::size_t find(const std::string& name) const { return bytes_.find("\"" + name + "\":{"); }

    std::string bytes_;
    std::size_t data_ = 0;
};

struct Layer {
    const char* name;
    std::int64_t inputs, outputs;
};

constexpr Layer kLayers[] = {
    {"head", 48, 10}, {"odd", 65, 17}, {"square", 96, 96}, {"skewed", 131, 33}, {"wide", 200, 64}};
constexpr const char* kInputs[] = {"mixed",         "positive", "negative", "tiny", "tiny_positive",
                                   "tiny_negative", "large",    "outlier",  "zero", "ties"};

TEST(TorchGolden, DynamicQuantizationEqualsEveryBit) {
    const Golden golden(std::filesystem::path(ESPALIER_SOURCE_DIR) / "tools" / "goldens" /
                        "dynamic_quantization" / "dynamic_quantization.safetensors");
    ASSERT_TRUE(golden.has("head.weight"));
    ThreadPool pool(2);
    for (const Layer& layer : kLayers) {
        const std::string prefix = std::string(layer.name) + ".";
        const auto weight = golden.read<float>(prefix + "weight");
        const QuantizedWeights quantized = quantize_weights_torch(weight.data(), layer.outputs, layer.inputs);
        EXPECT_EQ(quantized.values, golden.read<std::int8_t>(prefix + "weight_int"));
        EXPECT_EQ(quantized.scales[0], golden.read<double>(prefix + "weight_scale")[0]);
        const PackedI8 packed =
            pack_gemm_i8(quantized.values.data(), layer.outputs, layer.inputs, quantized.scales);
        const bool has_bias = golden.has(prefix + "bias");
        const auto bias = has_bias ? golden.read<float>(prefix + "bias") : std::vector<float>();
        Epilogue epilogue;
        epilogue.bias = has_bias ? bias.data() : nullptr;
        for (const char* input : kInputs) {
            const auto x = golden.read<float>(prefix + input + ".x");
            const auto n = static_cast<std::int64_t>(x.size());
            const Affine affine = choose_qparams_reduce_range(find_range(x.data(), n, pool));
            EXPECT_EQ(affine.scale, static_cast<float>(golden.read<double>(prefix + input + ".scale")[0]))
                << input;
            EXPECT_EQ(affine.zero_point, golden.read<std::int64_t>(prefix + input + ".zero_point")[0])
                << input;
            const std::int64_t rows = n / layer.inputs;
            std::vector<std::uint8_t> codes(x.size());
            std::vector<float> y(static_cast<std::size_t>(rows * layer.outputs));
            for (const TileI8Kernel& kernel : tile_i8_kernels()) {
                if (kernel.isa > best_isa()) continue;
                quantize_u8(x.data(), n, affine, codes.data(), pool, kernel.isa);
                gemm_u8s8(rows, codes.data(), layer.inputs, {&affine, rows}, packed, y.data(), layer.outputs,
                          epilogue, pool, kernel.isa);
                EXPECT_EQ(y, golden.read<float>(prefix + input + ".y"))
                    << prefix << input << " " << kernel.name;
            }
        }
    }
}

}  // namespace
}  // namespace espalier::kernels
