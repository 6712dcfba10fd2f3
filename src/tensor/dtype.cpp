#include "tensor/dtype.h"

#include <array>

#include "base/error.h"

namespace espalier {
namespace {

struct Row {
    std::string_view name;
    std::size_t size;
};

/// In the order of the enumeration.
constexpr std::array<Row, 9> kRows{{{"f32", 4},
                                    {"f16", 2},
                                    {"bf16", 2},
                                    {"f64", 8},
                                    {"i8", 1},
                                    {"u8", 1},
                                    {"i32", 4},
                                    {"i64", 8},
                                    {"bool", 1}}};

}  // namespace

std::string_view name(DType dtype) { return kRows[static_cast<std::size_t>(dtype)].name; }

std::size_t size_of(DType dtype) { return kRows[static_cast<std::size_t>(dtype)].size; }

DType parse_dtype(std::string_view text) {
    for (std::size_t i = 0; i < kRows.size(); ++i) {
        if (kRows[i].name == text) return static_cast<DType>(i);
    }
    fail("unknown element type '{}'", text);
}

}  // namespace espalier
