#pragma once

#include <cstdint>
#include <memory>
#include <variant>

namespace espalier::meters {

/// What an event counted since it was opened, or the errno that prevented reading it.
struct PerfCount {
    std::uint64_t value = 0;
    int error = 0;

    bool ok() const { return error == 0; }
};

/// An open event of the kernel on one CPU.
class PerfCounter {
  public:
    virtual ~PerfCounter() = default;
    virtual PerfCount read() = 0;
};

/// How events are opened. An interface, so that tests can present any kernel.
class PerfEvents {
  public:
    virtual ~PerfEvents() = default;
    /// Opens the event `config` of the event source `type` for all processes on a CPU; an errno where that
    /// is refused.
    virtual std::variant<std::unique_ptr<PerfCounter>, int> open(std::uint32_t type, std::uint64_t config,
                                                                 int cpu) const = 0;
};

/// perf_event_open(2).
class SystemPerfEvents final : public PerfEvents {
  public:
    std::variant<std::unique_ptr<PerfCounter>, int> open(std::uint32_t type, std::uint64_t config,
                                                         int cpu) const override;
};

}  // namespace espalier::meters
