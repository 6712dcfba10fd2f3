#include "base/process.h"

#include <sys/wait.h>

#include <algorithm>

#include "base/child_process.h"
#include "base/clock.h"

namespace espalier {
namespace {

constexpr int kPollMs = 500;

/// A child from its start to its end.
class Run {
  public:
    explicit Run(const ProcessRequest& request)
        : request_(request), child_({.command = request.command, .environment = request.environment}) {}

    ProcessResult finish(const std::function<bool()>& stop);

  private:
    void feed();
    ProcessResult ended(ProcessResult::End how);
    ProcessResult describe_exit(int status);

    const ProcessRequest& request_;
    ChildProcess child_;
    std::size_t fed_ = 0;
    std::string output_;
    std::string errors_;
};

void Run::feed() {
    fed_ += child_.write(std::string_view(request_.input).substr(fed_));
    if (fed_ == request_.input.size()) child_.close_input();
}

ProcessResult Run::ended(ProcessResult::End how) {
    child_.end();
    ProcessResult result;
    result.end = how;
    result.output = std::move(output_);
    result.error_tail = std::move(errors_);
    return result;
}

ProcessResult Run::describe_exit(int status) {
    ProcessResult result =
        ended(WIFSIGNALED(status) ? ProcessResult::End::kSignaled : ProcessResult::End::kExited);
    result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    result.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    return result;
}

ProcessResult Run::finish(const std::function<bool()>& stop) {
    const MonotonicClock clock;
    const Seconds deadline = clock.now() + request_.timeout;
    for (;;) {
        // Looked at before the streams are read, so that nothing written before the end is missed.
        const auto status = child_.ended();
        feed();
        if (!child_.read_output(output_, request_.output_limit)) return ended(ProcessResult::End::kTooLong);
        child_.read_errors(errors_);
        if (status) return describe_exit(*status);
        if (stop()) return ended(ProcessResult::End::kStopped);
        const Seconds left = deadline - clock.now();
        if (left < Seconds(0.0)) return ended(ProcessResult::End::kTimedOut);
        child_.wait(std::clamp(static_cast<int>(std::min(left.value(), 10.0) * 1e3) + 1, 1, kPollMs),
                    fed_ < request_.input.size());
    }
}

}  // namespace

ProcessResult run_process(const ProcessRequest& request, const std::function<bool()>& stop) {
    return Run(request).finish(stop);
}

}  // namespace espalier
