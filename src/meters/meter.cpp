#include "meters/meter.h"

#include <algorithm>
#include <array>

#include "base/error.h"

namespace espalier::meters {
namespace {

struct TierName {
    char letter;
    std::string_view name;
};

constexpr std::array<TierName, 6> kTiers = {{{'A', "external wall meter"},
                                             {'B', "hardware energy counter"},
                                             {'C', "integrated power sensor"},
                                             {'D', "calibrated model"},
                                             {'E', "uncalibrated model"},
                                             {'N', "no energy source"}}};

constexpr std::array<std::string_view, 5> kUnits = {"cumulative energy", "power", "cumulative time",
                                                    "utilization", "memory"};
constexpr std::array<std::string_view, 4> kRoles = {"added", "contained", "duplicate", "ambiguous"};
constexpr std::array<std::string_view, 4> kParts = {"cpu", "gpu", "module", "machine"};
constexpr std::array<std::string_view, 4> kGaps = {"unreadable", "malformed", "impossible step", "frozen"};

double plain(Bytes bytes) { return static_cast<double>(bytes.value); }

template <typename Dimension>
double plain(Quantity<Dimension> quantity) {
    return quantity.value();
}

}  // namespace

char letter(Tier tier) { return kTiers[static_cast<std::size_t>(tier)].letter; }

std::string_view name(Tier tier) { return kTiers[static_cast<std::size_t>(tier)].name; }

Tier parse_tier(char letter) {
    for (std::size_t i = 0; i < kTiers.size(); ++i) {
        if (kTiers[i].letter == letter) return static_cast<Tier>(i);
    }
    fail("'{}' is no tier of measurement: expected one of A B C D E N", letter);
}

std::string_view name(UnitKind unit) { return kUnits[static_cast<std::size_t>(unit)]; }

std::string_view name(Part part) { return kParts[static_cast<std::size_t>(part)]; }

std::string_view name(ZoneRole role) { return kRoles[static_cast<std::size_t>(role)]; }

bool has_total(const Description& description) {
    return std::any_of(description.zones.begin(), description.zones.end(),
                       [](const Zone& zone) { return zone.role == ZoneRole::kAdded; });
}

std::string_view name(GapKind kind) { return kGaps[static_cast<std::size_t>(kind)]; }

double number(const Amount& amount) {
    return std::visit([](const auto& quantity) { return plain(quantity); }, amount);
}

}  // namespace espalier::meters
