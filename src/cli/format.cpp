#include "cli/format.h"

#include <fmt/core.h>

#include <cmath>

namespace espalier::cli {
namespace {

std::string prefixed(std::int64_t value, const char* unit) {
    constexpr const char* kPrefixes[] = {"", "k", "M", "G", "T", "P"};
    if (value < 1000 && value > -1000) return fmt::format("{} {}", value, unit);
    double scaled = static_cast<double>(value);
    std::size_t prefix = 0;
    // 999.5 would be shown as 1000 of the smaller unit.
    while (std::fabs(scaled) >= 999.5 && prefix + 1 < std::size(kPrefixes)) {
        scaled /= 1000;
        ++prefix;
    }
    const int decimals = std::fabs(scaled) < 9.995 ? 2 : std::fabs(scaled) < 99.95 ? 1 : 0;
    return fmt::format("{:.{}f} {}{}", scaled, decimals, kPrefixes[prefix], unit);
}

}  // namespace

std::string human_count(std::int64_t count) {
    std::string text = prefixed(count, "");
    if (!text.empty() && text.back() == ' ') text.pop_back();
    return text;
}

std::string human_bytes(std::int64_t bytes) { return prefixed(bytes, "B"); }

}  // namespace espalier::cli
