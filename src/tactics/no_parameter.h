#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace espalier::tactics {

/// The canonical parameter of a tactic called `name` that takes none.
inline std::string no_parameter(std::string_view name, std::string_view parameter) {
    if (!parameter.empty())
        fail_usage("the tactic '{}' takes no parameter, but '{}' was given", name, parameter);
    return "";
}

}  // namespace espalier::tactics
