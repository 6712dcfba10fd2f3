#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/units.h"

namespace espalier {

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
    void reset();

  private:
    int fd_;
};

/// What is started, and how.
struct ChildOptions {
    /// The program, looked up in PATH where it has no slash, and its arguments.
    std::vector<std::string> command;
    /// A process group of its own, so that Ctrl-C at the terminal reaches only the caller; what is left of
    /// the group is ended with the child.
    bool own_group = true;
    /// Variables that it has besides those of this process, or with another value.
    std::vector<std::pair<std::string, std::string>> environment;
    int shared = -1;  ///< a descriptor that the child has as number 3; -1: none
};

/// A running program with its three streams, none of which blocks. The kernel ends it when the thread that
/// started it ends, however that happens.
class ChildProcess {
  public:
    /// Throws Error when no process can be made. A program that cannot be executed exits with 127 and says
    /// why on its standard error.
    explicit ChildProcess(const ChildOptions& options);
    explicit ChildProcess(const std::vector<std::string>& command)
        : ChildProcess(ChildOptions{.command = command}) {}
    /// Ends it and reaps it.
    ~ChildProcess() { end(); }
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

    pid_t pid() const { return pid_; }

    /// Writes what the child takes now of `text`; returns how many bytes. All of it where the child no longer
    /// reads, whose input is closed then.
    std::size_t write(std::string_view text);
    void close_input() { in_.reset(); }
    bool input_is_open() const { return in_.open(); }
    /// Appends what can be read now; at most `limit` bytes may stand in the text. False where there would be
    /// more.
    bool read_output(std::string& text, std::size_t limit);
    bool output_is_open() const { return out_.open(); }
    /// The same of standard error, of which only the end is kept.
    void read_errors(std::string& text);
    /// Waits until the child has written or closed a stream or, where there is more `to_write`, can be
    /// written to; at most that long.
    void wait(int milliseconds, bool to_write) const;
    /// The status of waitpid(2) where the child has ended.
    std::optional<int> ended();
    /// Waits so long at most for it to end by itself; whether it did.
    bool wait_for_end(Seconds longest);
    /// Ends it at once, and its group where it has its own, and reaps it.
    void end();

  private:
    bool own_group_;
    pid_t pid_ = -1;
    std::optional<int> status_;
    Fd in_;
    Fd out_;
    Fd err_;
};

/// "exit code 3" or "signal 9 (Killed)", of a status of waitpid(2).
std::string describe_end(int status);

}  // namespace espalier
