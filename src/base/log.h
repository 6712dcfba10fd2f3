#pragma once

#include <fmt/core.h>

#include <string_view>
#include <utility>

namespace espalier::log {

/// What is written to standard error. Results never go through the log: they belong on standard output.
enum class Level { kDebug, kInfo, kWarning, kError, kQuiet };

/// Messages below `level` are dropped. The default is kInfo.
void set_level(Level level);

void write(Level level, std::string_view message);

template <typename... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
    write(Level::kDebug, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
    write(Level::kInfo, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void warn(fmt::format_string<Args...> format, Args&&... args) {
    write(Level::kWarning, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace espalier::log
