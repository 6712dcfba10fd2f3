#include "tactics/amount.h"

#include <charconv>
#include <cmath>

#include "base/error.h"

namespace espalier::tactics {

double amount_of(std::string_view canonical) {
    double amount = 0;
    std::from_chars(canonical.data(), canonical.data() + canonical.size(), amount);
    return amount;
}

std::string canonical_amount(std::string_view tactic, std::string_view parameter) {
    if (parameter.empty()) return "0.3";
    double amount = 0;
    const char* end = parameter.data() + parameter.size();
    const auto [stopped, error] = std::from_chars(parameter.data(), end, amount);
    if (error != std::errc{} || stopped != end || !(amount >= 0 && amount < 1)) {
        fail_usage("{} takes the fraction of weights to remove, at least 0 and below 1, but '{}' was given",
                   tactic, parameter);
    }
    return fmt::format("{}", amount);
}

}  // namespace espalier::tactics
