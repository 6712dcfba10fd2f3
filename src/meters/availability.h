#pragma once

#include <string>
#include <string_view>

namespace espalier::meters {

/// Whether a source can be used here. "No permission" is not "absent": the first has a fix.
enum class State { kOk, kNoPermission, kAbsent, kUnsupported, kBroken };

/// "ok", "no permission", "absent", "unsupported", "broken".
std::string_view name(State state);

struct Availability {
    State state = State::kAbsent;
    std::string reason;  ///< one sentence
    std::string fix;     ///< the exact command or text that helps; empty where nothing does
};

}  // namespace espalier::meters
