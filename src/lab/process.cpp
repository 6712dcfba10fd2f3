#include "lab/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>

#include "base/clock.h"
#include "base/error.h"

namespace espalier::lab {
namespace {

constexpr std::size_t kErrorTail = 8192;
constexpr int kPollMs = 500;
/// Exit code of a child that could not execute the program, as shells use it.
constexpr int kCannotExecute = 127;

/// A file descriptor that closes itself.
class Fd {
  public:
    explicit Fd(int fd = -1) : fd_(fd) {}
    ~Fd() { reset(); }
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;

    int get() const { return fd_; }
    bool open() const { return fd_ >= 0; }
    void set(int fd) {
        reset();
        fd_ = fd;
    }
    void reset() {
        if (fd_ >= 0) ::close(fd_);
        fd_ = -1;
    }

  private:
    int fd_;
};

/// A connected pair: a socket rather than a pipe, so that writing to a dead child is an error and no signal.
void connect(Fd& ours, Fd& theirs) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        fail("cannot start a trial: {}", std::strerror(errno));
    }
    ours.set(ends[0]);
    theirs.set(ends[1]);
    ::fcntl(ours.get(), F_SETFL, O_NONBLOCK);
}

/// In the child, between fork and exec: only calls that are safe there.
[[noreturn]] void become(char* const* arguments, const std::array<int, 3>& streams, pid_t parent) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    // The parent may have died before the line above took effect.
    if (::getppid() != parent) ::_exit(kCannotExecute);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    for (int i = 0; i < 3; ++i) {
        if (::dup2(streams[static_cast<std::size_t>(i)], i) < 0) ::_exit(kCannotExecute);
    }
    ::execv(arguments[0], arguments);
    const char* reason = std::strerror(errno);
    (void)!::write(2, reason, std::strlen(reason));
    ::_exit(kCannotExecute);
}

/// The running child and its three streams.
class Child {
  public:
    explicit Child(const ProcessRequest& request) : request_(request) { start(); }
    ~Child() { end_group(); }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    ProcessResult finish(const std::function<bool()>& stop);

  private:
    void start();
    void wait_for_events(Seconds longest) const;
    void feed();
    bool drain(Fd& from, std::string& into);
    bool reaped();
    void end_group();
    ProcessResult ended(ProcessResult::End how);
    ProcessResult describe_exit();

    const ProcessRequest& request_;
    pid_t pid_ = -1;
    std::optional<int> status_;
    Fd in_;
    Fd out_;
    Fd err_;
    std::size_t fed_ = 0;
    std::string output_;
    std::string errors_;
};

void Child::start() {
    Fd child_in;
    Fd child_out;
    Fd child_err;
    connect(in_, child_in);
    connect(out_, child_out);
    connect(err_, child_err);
    std::vector<char*> arguments;
    for (const auto& argument : request_.command) arguments.push_back(const_cast<char*>(argument.c_str()));
    arguments.push_back(nullptr);
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ < 0) fail("cannot start a trial: {}", std::strerror(errno));
    if (pid_ == 0) become(arguments.data(), {child_in.get(), child_out.get(), child_err.get()}, parent);
    // Both sides set the group, so that it exists whoever runs first.
    ::setpgid(pid_, pid_);
}

void Child::wait_for_events(Seconds longest) const {
    std::array<pollfd, 3> events{};
    nfds_t count = 0;
    if (in_.open()) events[count++] = {in_.get(), POLLOUT, 0};
    if (out_.open()) events[count++] = {out_.get(), POLLIN, 0};
    if (err_.open()) events[count++] = {err_.get(), POLLIN, 0};
    // Once every stream is closed the process ends within moments.
    const int wait_ms = count == 0 ? 5 : kPollMs;
    ::poll(events.data(), count,
           std::clamp(static_cast<int>(std::min(longest.value(), 10.0) * 1e3) + 1, 1, wait_ms));
}

void Child::feed() {
    if (!in_.open()) return;
    while (fed_ < request_.input.size()) {
        const ssize_t sent = ::send(in_.get(), request_.input.data() + fed_, request_.input.size() - fed_,
                                    MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
        if (sent < 0) break;
        fed_ += static_cast<std::size_t>(sent);
    }
    in_.reset();
}

/// Reads what is there. False when the limit of the output is exceeded.
bool Child::drain(Fd& from, std::string& into) {
    char buffer[65536];
    while (from.open()) {
        const ssize_t got = ::read(from.get(), buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
        if (got <= 0) {
            from.reset();
            return true;
        }
        into.append(buffer, static_cast<std::size_t>(got));
        if (&into == &errors_ && into.size() > 2 * kErrorTail) into.erase(0, into.size() - kErrorTail);
        if (&into == &output_ && into.size() > request_.output_limit) return false;
    }
    return true;
}

bool Child::reaped() {
    if (status_) return true;
    int status = 0;
    const pid_t got = ::waitpid(pid_, &status, WNOHANG);
    if (got == pid_) status_ = status;
    return status_.has_value();
}

void Child::end_group() {
    ::kill(-pid_, SIGKILL);
    if (status_) return;
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    status_ = status;
}

ProcessResult Child::ended(ProcessResult::End how) {
    end_group();
    ProcessResult result;
    result.end = how;
    result.output = std::move(output_);
    result.error_tail = errors_.substr(errors_.size() - std::min(errors_.size(), kErrorTail));
    return result;
}

ProcessResult Child::describe_exit() {
    const int status = *status_;
    ProcessResult result =
        ended(WIFSIGNALED(status) ? ProcessResult::End::kSignaled : ProcessResult::End::kExited);
    result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    result.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    return result;
}

ProcessResult Child::finish(const std::function<bool()>& stop) {
    const MonotonicClock clock;
    const Seconds deadline = clock.now() + request_.timeout;
    for (;;) {
        // Looked at before the streams are read, so that nothing written before the end is missed.
        const bool gone = reaped();
        feed();
        if (!drain(out_, output_)) return ended(ProcessResult::End::kTooLong);
        drain(err_, errors_);
        if (gone) return describe_exit();
        if (stop()) return ended(ProcessResult::End::kStopped);
        const Seconds left = deadline - clock.now();
        if (left < Seconds(0.0)) return ended(ProcessResult::End::kTimedOut);
        wait_for_events(left);
    }
}

}  // namespace

ProcessResult run_process(const ProcessRequest& request, const std::function<bool()>& stop) {
    if (request.command.empty()) fail("no program to run");
    return Child(request).finish(stop);
}

}  // namespace espalier::lab
