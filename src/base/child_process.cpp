#include "base/child_process.h"

#include <fcntl.h>
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

/// Number under which a child has the descriptor that is shared with it.
constexpr int kShared = 3;

/// A connected pair: a socket rather than a pipe, so that writing to a dead child is an error and no signal.
void connect(FileDescriptor& ours, FileDescriptor& theirs) {
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

/// In the child, between fork and exec: only calls that are safe there.
[[noreturn]] void become(char* const* arguments, const std::array<int, 3>& streams, int shared,
                         bool own_group, pid_t parent) {
    if (own_group) ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    // The parent may have died before the line above took effect.
    if (::getppid() != parent) ::_exit(ChildProcess::kCannotExecute);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    for (int i = 0; i < 3; ++i) {
        if (!place(streams[static_cast<std::size_t>(i)], i)) ::_exit(ChildProcess::kCannotExecute);
    }
    if (shared >= 0 && !place(shared, kShared)) ::_exit(ChildProcess::kCannotExecute);
    ::execvp(arguments[0], arguments);
    const char* reason = std::strerror(errno);
    (void)!::write(2, reason, std::strlen(reason));
    ::_exit(ChildProcess::kCannotExecute);
}

}  // namespace

void FileDescriptor::reset() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

ChildProcess::ChildProcess(const ChildOptions& options) : own_group_(options.own_group) {
    if (options.command.empty()) fail("no program to run");
    FileDescriptor child_in;
    FileDescriptor child_out;
    FileDescriptor child_err;
    connect(in_, child_in);
    connect(out_, child_out);
    connect(err_, child_err);
    std::vector<char*> arguments;
    for (const auto& argument : options.command) arguments.push_back(const_cast<char*>(argument.c_str()));
    arguments.push_back(nullptr);
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ < 0) fail("cannot start a process: {}", std::strerror(errno));
    if (pid_ == 0) {
        become(arguments.data(), {child_in.get(), child_out.get(), child_err.get()}, options.shared,
               own_group_, parent);
    }
    // Both sides set the group, so that it exists whoever runs first.
    if (own_group_) ::setpgid(pid_, pid_);
}

std::optional<int> ChildProcess::status() {
    int status = 0;
    if (!status_ && ::waitpid(pid_, &status, WNOHANG) == pid_) status_ = status;
    return status_;
}

bool ChildProcess::wait(Seconds longest) {
    MonotonicClock clock;
    const Seconds deadline = clock.now() + longest;
    while (!status()) {
        if (clock.now() >= deadline) return false;
        clock.sleep(Seconds(0.002));
    }
    return true;
}

void ChildProcess::end() {
    // A process that was waited for has given up its number; what is left of its group still has it.
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

std::size_t read_available(FileDescriptor& from, std::string& into, std::size_t limit) {
    char buffer[65536];
    std::size_t total = 0;
    while (from.open() && total < limit) {
        const ssize_t got = ::read(from.get(), buffer, std::min(sizeof buffer, limit - total));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
        if (got <= 0) {
            from.reset();
            break;
        }
        into.append(buffer, static_cast<std::size_t>(got));
        total += static_cast<std::size_t>(got);
    }
    return total;
}

}  // namespace espalier
