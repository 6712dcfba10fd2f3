#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/units.h"

namespace espalier {

/// A file descriptor that closes itself.
class FileDescriptor {
  public:
    explicit FileDescriptor(int fd = -1) : fd_(fd) {}
    ~FileDescriptor() { reset(); }
    FileDescriptor(FileDescriptor&& other) noexcept : fd_(other.release()) {}
    FileDescriptor& operator=(FileDescriptor&& other) noexcept {
        if (this != &other) set(other.release());
        return *this;
    }

    int get() const { return fd_; }
    bool open() const { return fd_ >= 0; }
    void set(int fd) {
        reset();
        fd_ = fd;
    }
    void reset();
    int release() {
        const int fd = fd_;
        fd_ = -1;
        return fd;
    }

  private:
    int fd_;
};

/// What is started, and how.
struct ChildOptions {
    std::vector<std::string>
        command;  ///< the program, looked up in PATH where it has no slash, and its arguments
    /// A process group of its own, so that Ctrl-C at the terminal reaches only the caller; whatever is left
    /// of the group is ended with the child.
    bool own_group = true;
    int shared = -1;  ///< a descriptor that the child has as number 3; -1: none
};

/// A running program with its three standard streams, whose ends here do not block. The kernel ends it when
/// the caller dies, however that happens. Must be made by the thread that outlives the child: the
/// parent-death signal follows the thread, not the process.
class ChildProcess {
  public:
    /// Throws Error when no process can be made. A program that cannot be executed ends with kCannotExecute
    /// and says why on its standard error.
    explicit ChildProcess(const ChildOptions& options);
    /// Ends it.
    ~ChildProcess() { end(); }
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

    pid_t pid() const { return pid_; }
    FileDescriptor& in() { return in_; }
    FileDescriptor& out() { return out_; }
    FileDescriptor& err() { return err_; }

    /// The status of wait(2) once it has ended; asks the kernel, never waits.
    std::optional<int> status();
    /// Waits so long at most for it to end by itself; whether it did.
    bool wait(Seconds longest);
    /// Ends it at once, and its group where it has its own.
    void end();

    /// Exit code of a child that could not execute the program, as shells use it.
    static constexpr int kCannotExecute = 127;

  private:
    bool own_group_;
    pid_t pid_ = -1;
    std::optional<int> status_;
    FileDescriptor in_;
    FileDescriptor out_;
    FileDescriptor err_;
};

/// "exit code 3" or "signal 9 (Killed)", of a status of wait(2).
std::string describe_end(int status);

/// Reads what a stream holds now, without waiting, to the end of `into`, at most `limit` bytes in one call.
/// Closes the descriptor at its end. Returns the number of bytes read.
std::size_t read_available(FileDescriptor& from, std::string& into, std::size_t limit);

}  // namespace espalier
