#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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

/// A running program with its three streams, none of which blocks. It has a process group of its own, so that
/// Ctrl-C at the terminal reaches only the caller; the kernel ends it when the thread that started it ends.
class ChildProcess {
  public:
    /// Throws Error when no process can be made. A program that cannot be executed exits with 127 and says
    /// why on its standard error.
    explicit ChildProcess(const std::vector<std::string>& command);
    /// Ends whatever is left of the group, and reaps the child.
    ~ChildProcess();
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

    /// Writes what the child takes now of `text`; returns how many bytes. All of it where the child no longer
    /// reads.
    std::size_t write(std::string_view text);
    void close_input() { in_.reset(); }
    /// Appends what can be read now; at most `limit` bytes may stand in the text. False where there would be
    /// more.
    bool read_output(std::string& text, std::size_t limit);
    void read_errors(std::string& text);
    /// Waits until the child can be written to, has written or has closed its streams; at most that long.
    void wait(int milliseconds) const;
    /// The status of waitpid(2) where the child has ended.
    std::optional<int> ended();
    /// Ends the group and reaps the child.
    void end();

  private:
    pid_t pid_ = -1;
    std::optional<int> status_;
    Fd in_;
    Fd out_;
    Fd err_;
};

}  // namespace espalier
