#include "cli/progress_bar.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace espalier::cli {

ProgressMode progress_mode(const std::string& mode) {
    if (mode == "none") return ProgressMode::kNone;
    if (mode == "bar" || (mode == "auto" && ::isatty(STDERR_FILENO) == 1)) return ProgressMode::kBar;
    return ProgressMode::kLines;
}

std::string progress_bar(std::int64_t done, std::int64_t total) {
    constexpr int kWidth = 24;
    const auto filled =
        total > 0 ? static_cast<int>(static_cast<double>(done) / static_cast<double>(total) * kWidth) : 0;
    std::string text;
    for (int i = 0; i < kWidth; ++i) text += i < filled ? "\u2588" : "\u2591";
    return text;
}

void redraw(const std::string& line) {
    // Clear to the end of the line: the text before may have been longer.
    fmt::print(stderr, "\r{}\033[K", line);
    std::fflush(stderr);
}

}  // namespace espalier::cli
