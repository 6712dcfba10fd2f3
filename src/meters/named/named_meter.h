#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/units.h"

namespace espalier::meters {

/// A meter that the user names, such as "shelly2://plug.lan/0": one that is asked over the network, or by a
/// program. Such meters are never looked for.
struct NamedMeter {
    std::string text;           ///< as it was named, but for the credentials; may be stored and shown
    std::string credentials{};  ///< "user:password", or empty. Never stored, logged or shown.
    std::optional<Seconds> refresh_period{};  ///< as it was measured; nothing: as stated, or as is usual
};

/// The value of an environment variable, or nothing.
using Variable = std::function<std::optional<std::string>(const std::string& name)>;

/// Checks the name of a meter, and takes its credentials apart: "user:password@" before the host, or what the
/// variable holds that the option "login" names. Throws a usage Error, with a suggestion where one is near,
/// for an unknown kind of meter, an unknown or missing option, or a variable that is not set.
NamedMeter name_meter(const std::string& text, const Variable& variable);

}  // namespace espalier::meters
