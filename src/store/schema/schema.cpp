#include "store/schema/schema.h"

#include <array>

namespace espalier::store {
namespace {

// Each file is one raw string literal, so that the SQL stands alone and still becomes part of the program.
constexpr std::array<std::string_view, 4> kSteps = {
#include "store/schema/001_studies.sql"
    ,
#include "store/schema/002_energy_device.sql"
    ,
#include "store/schema/003_calibration.sql"
    ,
#include "store/schema/004_imports.sql"
};

}  // namespace

std::span<const std::string_view> schema_steps() { return kSteps; }

}  // namespace espalier::store
