#pragma once

#include <string>
#include <string_view>

namespace espalier::formats::pytorch {

/// Text from a file as it may be shown on a terminal: printable ASCII, everything else as '?', and cut where
/// no name is that long.
inline std::string printable(std::string_view text) {
    constexpr std::size_t kLongest = 512;
    std::string result(text.substr(0, kLongest));
    for (char& c : result) c = c >= ' ' && c <= '~' ? c : '?';
    return text.size() > kLongest ? result + "..." : result;
}

}  // namespace espalier::formats::pytorch
