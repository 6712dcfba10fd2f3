#include "lab/process.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include "base/child_process.h"
#include "base/clock.h"
#include "base/error.h"

namespace espalier::lab {
namespace {

constexpr std::size_t kErrorTail = 8192;
/// What is read of the errors at once, so that a stream that never ends leaves time for the rest.
constexpr std::size_t kErrorsAtOnce = std::size_t{1} << 20;
constexpr int kPollMs = 500;

/// The running child, fed and listened to until it ends.
class Run {
  public:
    explicit Run(const ProcessRequest& request) : request_(request), child_({.command = request.command}) {}

    ProcessResult finish(const std::function<bool()>& stop);

  private:
    void wait_for_events(Seconds longest);
    void feed();
    void listen();
    ProcessResult ended(ProcessResult::End how);
    ProcessResult describe_exit(int status);

    const ProcessRequest& request_;
    ChildProcess child_;
    std::size_t fed_ = 0;
    std::string output_;
    std::string errors_;
};

void Run::wait_for_events(Seconds longest) {
    std::array<pollfd, 3> events{};
    nfds_t count = 0;
    if (child_.in().open()) events[count++] = {child_.in().get(), POLLOUT, 0};
    if (child_.out().open()) events[count++] = {child_.out().get(), POLLIN, 0};
    if (child_.err().open()) events[count++] = {child_.err().get(), POLLIN, 0};
    // Once every stream is closed the process ends within moments.
    const int wait_ms = count == 0 ? 5 : kPollMs;
    ::poll(events.data(), count,
           std::clamp(static_cast<int>(std::min(longest.value(), 10.0) * 1e3) + 1, 1, wait_ms));
}

void Run::feed() {
    if (!child_.in().open()) return;
    while (fed_ < request_.input.size()) {
        const ssize_t sent = ::send(child_.in().get(), request_.input.data() + fed_,
                                    request_.input.size() - fed_, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
        if (sent < 0) break;
        fed_ += static_cast<std::size_t>(sent);
    }
    child_.in().reset();
}

void Run::listen() {
    read_available(child_.out(), output_, request_.output_limit + 1 - output_.size());
    read_available(child_.err(), errors_, kErrorsAtOnce);
    if (errors_.size() > 2 * kErrorTail) errors_.erase(0, errors_.size() - kErrorTail);
}

ProcessResult Run::ended(ProcessResult::End how) {
    child_.end();
    ProcessResult result;
    result.end = how;
    result.output = std::move(output_);
    result.error_tail = errors_.substr(errors_.size() - std::min(errors_.size(), kErrorTail));
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
        const auto status = child_.status();
        feed();
        listen();
        if (output_.size() > request_.output_limit) return ended(ProcessResult::End::kTooLong);
        if (status) return describe_exit(*status);
        if (stop()) return ended(ProcessResult::End::kStopped);
        const Seconds left = deadline - clock.now();
        if (left < Seconds(0.0)) return ended(ProcessResult::End::kTimedOut);
        wait_for_events(left);
    }
}

}  // namespace

ProcessResult run_process(const ProcessRequest& request, const std::function<bool()>& stop) {
    return Run(request).finish(stop);
}

}  // namespace espalier::lab
