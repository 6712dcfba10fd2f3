#pragma once

#include <optional>
#include <string>

#include "meters/discovery.h"

namespace espalier::meters {

/// Resident memory of one process (proc(5): pid/status). Zones: "resident" (VmRSS, now) and "peak" (VmHWM,
/// the most since the process began), Bytes.
class MemoryMeter final : public Meter {
  public:
    /// `process` 0 is the calling process. `files` and `clock` must outlive the meter.
    MemoryMeter(const FileTree& files, const Clock& clock, int process = 0);

    const Description& description() const override { return description_; }
    Reading read() override;

  private:
    const FileTree& files_;
    const Clock& clock_;
    std::string path_;
    Description description_;
};

/// The value of a "Key:   123 kB" line as in /proc/self/status and /proc/meminfo, or nothing.
std::optional<Bytes> kibibytes_of(const std::string& text, const std::string& key);

/// Adds the memory meter, or says why there is none.
void discover_memory(const DiscoveryOptions& options, Discovery& discovery);

}  // namespace espalier::meters
