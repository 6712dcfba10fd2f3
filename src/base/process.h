#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/units.h"

namespace espalier {

/// A program to be run once, with text in and text out.
struct ProcessRequest {
    /// The program, with its path or to be found in PATH, and its arguments
    std::vector<std::string> command;
    /// Variables that it has besides those of this process, or with another value.
    std::vector<std::pair<std::string, std::string>> environment;
    std::string input;  ///< written to its standard input, which is then closed
    Seconds timeout{600.0};
    std::size_t output_limit = std::size_t{256} << 20;  ///< bytes of standard output
};

/// How a process ended.
struct ProcessResult {
    enum class End {
        kExited,    ///< by itself, with `exit_code`
        kSignaled,  ///< by `signal`: a crash, or somebody ended it
        kTimedOut,  ///< ended by us
        kTooLong,   ///< ended by us: it wrote more than output_limit
        kStopped,   ///< ended by us: `stop` asked for it
    };
    End end = End::kExited;
    int exit_code = 0;
    int signal = 0;
    std::string output;
    std::string error_tail;  ///< the last 8 KiB of standard error
};

/// Runs a process in a process group of its own, so that Ctrl-C at the terminal reaches only the caller. The
/// kernel ends it when the caller dies, however that happens; whatever is left of its group is ended with it.
/// `stop` is asked whenever a signal arrives and at least twice a second; true ends the process at once.
/// Throws Error when the process cannot be started. Must be called from the thread that outlives the child:
/// the parent-death signal follows the thread, not the process.
ProcessResult run_process(const ProcessRequest& request, const std::function<bool()>& stop);

}  // namespace espalier
