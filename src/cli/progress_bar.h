#pragma once

#include <cstdint>
#include <string>

namespace espalier::cli {

/// How --progress shows: redrawn in place, as lines, or not at all.
enum class ProgressMode { kBar, kLines, kNone };

/// `mode`: auto (a bar where standard error is a terminal, else lines), bar, lines or none.
ProgressMode progress_mode(const std::string& mode);

/// A bar of 24 characters, `done` of `total` of them filled.
std::string progress_bar(std::int64_t done, std::int64_t total);

/// Writes `line` on standard error over the line drawn before.
void redraw(const std::string& line);

}  // namespace espalier::cli
