#include "cli/run_progress.h"

#include <fmt/format.h>
#include <cstdio>

#include "lab/quantities.h"

namespace espalier::cli {
namespace {

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
        case lab::TrialOutcome::Kind::kNoMeter:
            return "no meter";
        case lab::TrialOutcome::Kind::kInterrupted:
            return "interrupted";
    }
    return "";
}

}  // namespace

RunProgress::RunProgress(const std::string& mode) : mode_(progress_mode(mode)) {}

RunProgress::~RunProgress() { finish(); }

void RunProgress::draw(const std::string& line) {
    redraw(line);
    drawn_ = true;
}

void RunProgress::preparing(const std::string& model, std::int64_t done, std::int64_t total) {
    if (mode_ == ProgressMode::kNone) return;
    // A hundred steps are smooth enough and cost nothing.
    if (done < total && done < last_prepared_ + (total + 99) / 100 && done > 1) return;
    last_prepared_ = done < total ? done : 0;
    if (mode_ == ProgressMode::kBar)
        draw(
            fmt::format("Preparing images for {}  {}  {}/{}", model, progress_bar(done, total), done, total));
    if (mode_ == ProgressMode::kLines && done == total)
        fmt::print(stderr, "prepared {} images for {}\n", total, model);
}

void RunProgress::begin(const store::Progress& progress, Seconds left) {
    if (mode_ != ProgressMode::kBar) return;
    draw(fmt::format("Measuring  {}  {}/{}{}", progress_bar(ended(progress), progress.total()),
                     ended(progress), progress.total(), eta(left)));
}

void RunProgress::trial_ended(const lab::RunEvent& event) {
    if (mode_ == ProgressMode::kNone) return;
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
    if (mode_ == ProgressMode::kBar) {
        draw(fmt::format("Measuring  {}  {}/{}{}  {}", progress_bar(done, event.progress.total()), done,
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
