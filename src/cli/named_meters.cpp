#include "cli/named_meters.h"

#include <cstdlib>

namespace espalier::cli {
namespace {

std::optional<std::string> variable(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

}  // namespace

std::vector<meters::NamedMeter> name_meters(const std::vector<std::string>& texts) {
    std::vector<meters::NamedMeter> named;
    for (const auto& text : texts) named.push_back(meters::name_meter(text, variable));
    return named;
}

}  // namespace espalier::cli
