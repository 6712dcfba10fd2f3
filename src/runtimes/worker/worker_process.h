#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/child_process.h"
#include "base/error.h"
#include "base/units.h"
#include "runtimes/worker/shared_memory.h"

namespace espalier::runtimes {

/// How a worker is started.
struct WorkerCommand {
    std::string runtime;               ///< its name in plans and results
    std::vector<std::string> command;  ///< program and arguments
    std::string install;               ///< what to do where it cannot be started; empty where nobody knows

    bool operator==(const WorkerCommand&) const = default;
};

/// How long a worker may take to answer.
struct WorkerPatience {
    Seconds hello{300.0};    ///< start and import of libraries, perhaps from a cold disk
    Seconds question{60.0};  ///< supports, evidence
    Seconds work{3600.0};    ///< load, optimize, run; a trial has its own time-out
    Seconds farewell{10.0};  ///< from exit to its end
};

/// The worker said that it cannot do what was asked of it at all, so that a study goes on without it.
class Unsupported : public Error {
  public:
    using Error::Error;
};

/// The worker broke the protocol, was too slow or ended, and is of no more use.
class WorkerGone : public Error {
  public:
    using Error::Error;
};

/// A worker and the exchange of lines with it (docs/runtimes.md). Everything that is wrong with a reply is an
/// Error that says what was asked, what came, and how the worker's standard error ended.
class WorkerProcess {
  public:
    /// Starts it. Throws Error when there is no process to be had.
    explicit WorkerProcess(const WorkerCommand& command, const WorkerPatience& patience = {});
    /// Asks it to end, and ends it where it does not.
    ~WorkerProcess();

    /// Sends a request and waits for the result. `request` has no id yet. Throws Unsupported or Error as the
    /// worker says, and WorkerGone where it answered something else or nothing.
    nlohmann::json ask(const char* op, nlohmann::json request = nlohmann::json::object());
    /// Sends a line as it is and returns the line that comes back; `op` names it in errors. Throws
    /// WorkerGone.
    std::string exchange(const char* op, const std::string& line);
    /// Closes its standard input; whether it ended within the patience for a farewell.
    bool ends_with_its_input();

    SharedMemory& memory() { return memory_; }
    const std::string& runtime() const { return command_.runtime; }
    const std::string& install() const { return command_.install; }
    int pid() const { return child_.pid(); }

  private:
    Seconds patience_for(const std::string& op) const;
    void send(const char* op, const std::string& line, Seconds deadline);
    std::string receive(const char* op, Seconds deadline);
    nlohmann::json result_of(const char* op, const std::string& line, std::int64_t id);
    void listen(Seconds longest, bool also_writable);
    [[noreturn]] void give_up(const std::string& what);

    WorkerCommand command_;
    WorkerPatience patience_;
    SharedMemory memory_;
    ChildProcess child_;
    std::int64_t last_id_ = 0;
    std::string received_;
    std::string errors_;
};

}  // namespace espalier::runtimes
