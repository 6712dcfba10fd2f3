#pragma once

#include <string>

#include "base/child_process.h"
#include "base/units.h"

namespace espalier::net {

/// A TCP connection on which both sides speak in lines. Not for several threads.
class LineConnection {
  public:
    /// Throws Error when there is no such host, or nobody answers within `timeout`, which bounds every later
    /// wait, too.
    LineConnection(const std::string& host, int port, Seconds timeout);

    /// Sends a line; the end of line is added. Throws Error when the connection is lost.
    void send(const std::string& line);
    /// The next line, without its end. Throws Error when none comes in time, it is longer than 64 KiB, or the
    /// connection is lost.
    std::string receive();

  private:
    int left_ms(Seconds deadline) const;

    std::string peer_;
    Seconds timeout_;
    Fd socket_;
    std::string received_;
};

}  // namespace espalier::net
