#include "models/interpolate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "base/file.h"

namespace espalier::models {
namespace {

using nlohmann::json;

/// Cell i is sin(i), as in tools/goldens/interpolate.py.
Tensor waves(const Shape& shape) {
    Tensor table = Tensor::allocate(DType::kF32, shape);
    const auto cells = table.mutable_span<float>();
    for (std::size_t i = 0; i < cells.size(); ++i)
        cells[i] = static_cast<float>(std::sin(static_cast<double>(i)));
    return table;
}

TEST(Interpolate, EqualsTorch) {
    const std::map<std::string, Interpolation> modes{{"bilinear", Interpolation::kBilinear},
                                                     {"bicubic", Interpolation::kBicubic},
                                                     {"bicubic_antialias", Interpolation::kBicubicAntialias}};
    const auto path =
        std::filesystem::path(ESPALIER_SOURCE_DIR) / "tools/goldens/interpolate/interpolate.json";
    for (const json& golden : json::parse(read_text_file(path))) {
        SCOPED_TRACE(golden.at("how").dump() + golden.at("from").dump() + golden.at("to").dump());
        const Tensor table = waves(Shape(golden.at("from").get<std::vector<std::int64_t>>()));
        const Pixels size{golden.at("to")[0], golden.at("to")[1]};
        const Tensor resized = interpolate(table, size, modes.at(golden.at("how")));
        ASSERT_EQ(resized.shape(), (Shape{size.height, size.width, table.shape()[2]}));
        // Cells are rounded to f32 before, between and after the axes, and the weights of an axis add up to
        // at most (1.375 at a = -0.75) in magnitude.
        const double tolerance = 4 * 1.375 * 1.375 * 0x1p-24;
        for (std::size_t i = 0; i < resized.span<float>().size(); ++i) {
            EXPECT_NEAR(resized.span<float>()[i], golden.at("values")[i].get<double>(), tolerance) << i;
        }
    }
}

TEST(Interpolate, KeepsATableOfTheSameSize) {
    const Tensor table = waves({3, 5, 2});
    for (const auto how :
         {Interpolation::kBilinear, Interpolation::kBicubic, Interpolation::kBicubicAntialias}) {
        EXPECT_EQ(interpolate(table, {3, 5}, how).bytes().data(), table.bytes().data());
    }
}

}  // namespace
}  // namespace espalier::models
