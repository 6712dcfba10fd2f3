#include "cli/fetch_progress.h"

#include <fmt/format.h>

#include <cstdio>

#include "cli/format.h"
#include "lab/quantities.h"

namespace espalier::cli {

FetchProgress::FetchProgress(const std::string& mode) : mode_(progress_mode(mode)) {}

FetchProgress::~FetchProgress() {
    if (drawn_) std::fputs("\n", stderr);
}

std::string FetchProgress::describe(const hub::FetchProgress& progress, Seconds now) const {
    std::string text = fmt::format("{}/{}", human_bytes(progress.done), human_bytes(progress.total));
    const double elapsed = (now - start_).value();
    const double arrived = static_cast<double>(progress.done - start_bytes_);
    // The first moments say little about the speed.
    if (elapsed >= 0.5 && arrived > 0) {
        const double rate = arrived / elapsed;
        const Seconds left(static_cast<double>(progress.total - progress.done) / rate);
        text += fmt::format("  {}/s", human_bytes(static_cast<std::int64_t>(rate)));
        if (progress.done < progress.total) text += "  ETA " + lab::describe_duration(left);
    }
    return text + "  " + progress.file;
}

void FetchProgress::report(const hub::FetchProgress& progress) {
    if (mode_ == ProgressMode::kNone) return;
    const Seconds now = clock_.now();
    if (!begun_) {
        begun_ = true;
        start_ = last_drawn_ = now;
        start_bytes_ = progress.done;
    }
    constexpr Seconds kBetweenDrawings{0.1};
    const bool complete = progress.done >= progress.total;
    const std::int64_t tenth = progress.total > 0 ? 10 * progress.done / progress.total : 10;
    if (mode_ == ProgressMode::kLines) {
        if (tenth > last_tenth_) fmt::print(stderr, "{} %  {}\n", 10 * tenth, describe(progress, now));
        last_tenth_ = tenth;
    } else if (complete || now - last_drawn_ >= kBetweenDrawings) {
        redraw(fmt::format("Downloading  {}  {}", progress_bar(progress.done, progress.total),
                           describe(progress, now)));
        last_drawn_ = now;
        drawn_ = true;
    }
}

}  // namespace espalier::cli
