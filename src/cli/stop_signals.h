#pragma once

namespace espalier::cli {

/// While alive, SIGINT and SIGTERM are counted instead of ending the program, and the first one is
/// acknowledged on standard error at once. The handlers that were there before come back at the end.
class StopSignals {
  public:
    StopSignals();
    ~StopSignals();
    StopSignals(const StopSignals&) = delete;
    StopSignals& operator=(const StopSignals&) = delete;

    /// How often the user asked to stop.
    static int count();
    /// Exit code for the signal that came last: 130 for SIGINT, 143 for SIGTERM, 0 for none.
    static int exit_code();
};

}  // namespace espalier::cli
