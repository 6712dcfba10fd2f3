#include "cli/run_progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "lab/quantities.h"

namespace espalier::cli {
namespace {

constexpr int kBarWidth = 24;

std::string bar(std::int64_t done, std::int64_t total) {
    const auto filled = total > 0 ? static_cast<int>(done * kBarWidth / total) : 0;
    std::string text;
    for (int i = 0; i < kBarWidth; ++i) text += i < filled ? "\u2588" : "\u2591";
    return text;
}

std::int64_t ended(const store::Progress& progress) { return progress.done + progress.failed; }

std::string eta(Seconds left) {
    return left > Seconds(0.0) ? "  ETA " + lab::describe_duration(left) : std::string();
}

const char* word(lab::TrialOutcome::Kind kind) {
    switch (kind) {
        case lab::TrialOutcome::Kind::kDone:
            return "done";
        case lab::TrialOutcome::Kind::kFailed:
            return "failed";
        case lab::TrialOutcome::Kind::kCrashed:
            return "crashed";
        case lab::TrialOutcome::Kind::kTimedOut:
            return "timed out";
        case lab::TrialOutcome::Kind::kInterrupted:
            return "interrupted";
    }
    return "";
}

}  // namespace

RunProgress::RunProgress(const std::string& mode) : mode_(Mode::kLines) {
    if (mode == "none") mode_ = Mode::kNone;
    if (mode == "bar" || (mode == "auto" && ::isatty(STDERR_FILENO) == 1)) mode_ = Mode::kBar;
}

RunProgress::~RunProgress() { finish(); }

void RunProgress::draw(const std::string& line) {
    // Clear to the end of the line: the text before may have been longer.
    fmt::print(stderr, "\r{}\033[K", line);
    std::fflush(stderr);
    drawn_ = true;
}

void RunProgress::preparing(const std::string& model, std::int64_t done, std::int64_t total) {
    if (mode_ == Mode::kNone) return;
    // A hundred steps are smooth enough and cost nothing.
    if (done < total && done < last_prepared_ + (total + 99) / 100 && done > 1) return;
    last_prepared_ = done < total ? done : 0;
    if (mode_ == Mode::kBar)
        draw(fmt::format("Preparing images for {}  {}  {}/{}", model, bar(done, total), done, total));
    if (mode_ == Mode::kLines && done == total)
        fmt::print(stderr, "prepared {} images for {}\n", total, model);
}

void RunProgress::begin(const store::Progress& progress, Seconds left) {
    if (mode_ != Mode::kBar) return;
    draw(fmt::format("Measuring  {}  {}/{}{}", bar(ended(progress), progress.total()), ended(progress),
                     progress.total(), eta(left)));
}

void RunProgress::trial_ended(const lab::RunEvent& event) {
    if (mode_ == Mode::kNone) return;
    const std::int64_t done = ended(event.progress);
    const std::string what =
        fmt::format("{} \u00b7 {} \u00b7 block {}", event.model, event.tactic, event.block + 1);
    const bool good = event.outcome == lab::TrialOutcome::Kind::kDone;
    if (!good) {
        if (drawn_) fmt::print(stderr, "\n");
        fmt::print(stderr, "{}: {}: {}{}\n", what, word(event.outcome), event.detail,
                   event.will_retry ? " (trying again)" : "");
        drawn_ = false;
    }
    if (mode_ == Mode::kBar) {
        draw(fmt::format("Measuring  {}  {}/{}{}  {}", bar(done, event.progress.total()), done,
                         event.progress.total(), eta(event.left), what));
    } else if (good) {
        fmt::print(stderr, "[{}/{}] {}{}\n", done, event.progress.total(), what, eta(event.left));
    }
}

void RunProgress::finish() {
    if (drawn_) fmt::print(stderr, "\n");
    drawn_ = false;
}

}  // namespace espalier::cli
