#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/process.h"
#include "base/temporary_folder.h"
#include "lab/runner.h"

namespace espalier::lab {
namespace {

std::string with_tail(std::string text, const std::string& tail) {
    const auto last = tail.find_last_not_of("\n ");
    return last == std::string::npos ? text : text + "; it wrote: " + tail.substr(0, last + 1);
}

TrialOutcome read_output(const ProcessResult& process) {
    try {
        TrialResult result = read_result(process.output);
        if (result.lacks_meter) return {TrialOutcome::Kind::kNoMeter, {}, result.error};
        if (!result.error.empty()) return {TrialOutcome::Kind::kFailed, {}, result.error};
        return {TrialOutcome::Kind::kDone, std::move(result), ""};
    } catch (const Error& problem) {
        return {TrialOutcome::Kind::kCrashed, {}, with_tail(problem.what(), process.error_tail)};
    }
}

TrialOutcome interpret(const ProcessResult& process, Seconds timeout) {
    using Kind = TrialOutcome::Kind;
    switch (process.end) {
        case ProcessResult::End::kStopped:
            return {Kind::kInterrupted, {}, "ended at the user's request"};
        case ProcessResult::End::kTimedOut:
            return {Kind::kTimedOut, {}, fmt::format("took longer than {} s", timeout.value())};
        case ProcessResult::End::kTooLong:
            return {Kind::kCrashed, {}, "wrote more than a result can hold"};
        case ProcessResult::End::kSignaled:
            return {
                Kind::kCrashed,
                {},
                with_tail(fmt::format("ended by signal {} ({})", process.signal, ::strsignal(process.signal)),
                          process.error_tail)};
        case ProcessResult::End::kExited:
            break;
    }
    if (process.exit_code != 0 && process.output.empty()) {
        return {Kind::kCrashed,
                {},
                with_tail(fmt::format("ended with exit code {}", process.exit_code), process.error_tail)};
    }
    return read_output(process);
}

/// Null where there is no room for one: our own engine needs none, and what does will say so.
std::unique_ptr<TemporaryFolder> folder_for_temporary_files() {
    try {
        return std::make_unique<TemporaryFolder>();
    } catch (const Error&) {
        return nullptr;
    }
}

}  // namespace

Execute in_own_process(const std::string& program, Seconds timeout) {
    return [=](const TrialRequest& request, const std::function<bool()>& now) {
        // Whatever a library leaves behind, also where the trial or its worker is ended, goes with the
        // folder.
        const auto files = folder_for_temporary_files();
        std::vector<std::pair<std::string, std::string>> environment;
        if (files) environment.emplace_back("TMPDIR", files->path().string());
        const auto process = run_process({.command = {program, "trial"},
                                          .environment = std::move(environment),
                                          .input = write_request(request),
                                          .timeout = timeout},
                                         now);
        return interpret(process, timeout);
    };
}

}  // namespace espalier::lab
