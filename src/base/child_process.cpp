#include "base/child_process.h"

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

#include "base/clock.h"
#include "base/error.h"

namespace espalier {
namespace {

/// Exit code of a child that could not execute the program, as shells use it.
constexpr int kCannotExecute = 127;
/// Standard error may be endless; only its end is of use, and no more is read at once than leaves time for
/// the other streams.
constexpr std::size_t kErrorTail = 8192;
constexpr std::size_t kErrorsAtOnce = std::size_t{1} << 20;
/// Number under which a child has the descriptor that is shared with it.
constexpr int kShared = 3;

/// A connected pair: a socket rather than a pipe, so that writing to a dead child is an error and no signal.
void connect(Fd& ours, Fd& theirs) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        fail("cannot start a process: {}", std::strerror(errno));
    }
    ours.set(ends[0]);
    theirs.set(ends[1]);
    ::fcntl(ours.get(), F_SETFL, O_NONBLOCK);
}

/// Makes `from` the descriptor `to`, open across exec. False when it cannot be.
bool place(int from, int to) {
    if (from == to) return ::fcntl(to, F_SETFD, 0) == 0;
    return ::dup2(from, to) >= 0;
}

/// "NAME=VALUE" of every variable that a child is to have.
std::vector<std::string> variables_of(const ChildOptions& options) {
    std::vector<std::string> variables;
    for (char** inherited = ::environ; *inherited != nullptr; ++inherited) {
        const std::string_view text(*inherited);
        const auto name = text.substr(0, text.find('='));
        const bool replaced = std::any_of(options.environment.begin(), options.environment.end(),
                                          [&](const auto& own) { return own.first == name; });
        if (!replaced) variables.emplace_back(text);
    }
    for (const auto& [name, value] : options.environment) variables.push_back(name + "=" + value);
    return variables;
}

/// For exec(): pointers to the texts, which must outlive them, and a null at the end.
std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    for (const auto& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
    pointers.push_back(nullptr);
    return pointers;
}

/// In the child, between fork and exec: only calls that are safe there.
[[noreturn]] void become(char* const* arguments, char* const* variables, const std::array<int, 3>& streams,
                         const ChildOptions& options, pid_t parent) {
    if (options.own_group) ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    // The parent may have died before the line above took effect.
    if (::getppid() != parent) ::_exit(kCannotExecute);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    for (int i = 0; i < 3; ++i) {
        if (!place(streams[static_cast<std::size_t>(i)], i)) ::_exit(kCannotExecute);
    }
    if (options.shared >= 0 && !place(options.shared, kShared)) ::_exit(kCannotExecute);
    ::execvpe(arguments[0], arguments, variables);
    const char* reason = std::strerror(errno);
    (void)!::write(2, reason, std::strlen(reason));
    ::_exit(kCannotExecute);
}

/// Appends what is there. False when `limit` is exceeded, and the rest is left.
bool drain(Fd& from, std::string& into, std::size_t limit) {
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
        if (into.size() > limit) return false;
    }
    return true;
}

}  // namespace

void Fd::reset() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

ChildProcess::ChildProcess(const ChildOptions& options) : own_group_(options.own_group) {
    const auto& command = options.command;
    if (command.empty()) fail("no program to run");
    Fd child_in;
    Fd child_out;
    Fd child_err;
    connect(in_, child_in);
    connect(out_, child_out);
    connect(err_, child_err);
    const std::vector<std::string> variables = variables_of(options);
    const std::vector<char*> argument_pointers = pointers_to(command),
                             variable_pointers = pointers_to(variables);
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ < 0) fail("cannot start {}: {}", command.front(), std::strerror(errno));
    if (pid_ == 0) {
        become(argument_pointers.data(), variable_pointers.data(),
               {child_in.get(), child_out.get(), child_err.get()}, options, parent);
    }
    // Both sides set the group, so that it exists whoever runs first.
    if (own_group_) ::setpgid(pid_, pid_);
}

std::size_t ChildProcess::write(std::string_view text) {
    std::size_t written = 0;
    while (in_.open() && written < text.size()) {
        const ssize_t sent =
            ::send(in_.get(), text.data() + written, text.size() - written, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return written;
        if (sent < 0) {
            in_.reset();
            break;
        }
        written += static_cast<std::size_t>(sent);
    }
    return text.size();
}

bool ChildProcess::read_output(std::string& text, std::size_t limit) { return drain(out_, text, limit); }

void ChildProcess::read_errors(std::string& text) {
    drain(err_, text, kErrorsAtOnce);
    if (text.size() > kErrorTail) text.erase(0, text.size() - kErrorTail);
}

void ChildProcess::wait(int milliseconds, bool to_write) const {
    std::array<pollfd, 3> events{};
    nfds_t count = 0;
    if (in_.open() && to_write) events[count++] = {in_.get(), POLLOUT, 0};
    if (out_.open()) events[count++] = {out_.get(), POLLIN, 0};
    if (err_.open()) events[count++] = {err_.get(), POLLIN, 0};
    // Once every stream is closed the process ends within moments.
    constexpr int kMoment = 5;
    ::poll(events.data(), count, count == 0 ? std::min(kMoment, milliseconds) : milliseconds);
}

std::optional<int> ChildProcess::ended() {
    int status = 0;
    if (!status_ && ::waitpid(pid_, &status, WNOHANG) == pid_) status_ = status;
    return status_;
}

bool ChildProcess::wait_for_end(Seconds longest) {
    MonotonicClock clock;
    const Seconds deadline = clock.now() + longest;
    while (!ended()) {
        if (clock.now() >= deadline) return false;
        clock.sleep(Seconds(0.002));
    }
    return true;
}

void ChildProcess::end() {
    // A process that was reaped has given up its number; what is left of its group still has it.
    if (own_group_) {
        ::kill(-pid_, SIGKILL);
    } else if (!status_) {
        ::kill(pid_, SIGKILL);
    }
    if (status_) return;
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    status_ = status;
}

std::string describe_end(int status) {
    if (!WIFSIGNALED(status)) return fmt::format("exit code {}", WEXITSTATUS(status));
    return fmt::format("signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
}

}  // namespace espalier
