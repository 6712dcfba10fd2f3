#pragma once

#include <string>
#include <string_view>

namespace espalier::hub {

/// Text of a server made fit for a message: control characters, which could draw on the terminal, are shown
/// by their code, and what exceeds 255 bytes is left out.
std::string printable(std::string_view text);

}  // namespace espalier::hub
