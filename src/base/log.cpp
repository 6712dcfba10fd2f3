#include "base/log.h"

#include <atomic>
#include <cstdio>
#include <string>

namespace espalier::log {
namespace {

std::atomic<Level> threshold{Level::kInfo};

std::string_view prefix(Level level) {
    switch (level) {
        case Level::kDebug:
            return "debug: ";
        case Level::kWarning:
            return "warning: ";
        case Level::kError:
            return "error: ";
        default:
            return "";
    }
}

}  // namespace

void set_level(Level level) { threshold = level; }

void write(Level level, std::string_view message) {
    if (level < threshold.load()) return;
    // One write per line keeps the lines of several threads and processes whole.
    const std::string line = fmt::format("{}{}\n", prefix(level), message);
    std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace espalier::log
