#include "hub/printable.h"

#include <fmt/format.h>

namespace espalier::hub {

std::string printable(std::string_view text) {
    constexpr std::size_t kLongest = 255;
    std::string result;
    for (const char c : text.substr(0, kLongest)) {
        const auto code = static_cast<unsigned char>(c);
        result += code < 0x20 || code == 0x7f ? fmt::format("\\x{:02x}", code) : std::string(1, c);
    }
    return result;
}

}  // namespace espalier::hub
