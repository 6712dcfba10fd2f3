#pragma once

#include <map>
#include <string>
#include <vector>

#include "meters/fake/fake_files.h"
#include "meters/fake/fake_register.h"
#include "meters/perf/perf_events.h"

namespace espalier::meters {

/// Describes the event source `power`, type 9, with these events ("energy-pkg") on these CPUs ("0,18").
/// Their numbers are those of the kernel: cores 1, pkg 2, ram 3, gpu 4, psys 5.
void add_power_events(FakeFiles& files, const std::string& cpus, const std::vector<std::string>& events);

/// The kernel's events as functions over plants on a clock. A count is 2^-32 J.
class FakePerf final : public PerfEvents {
  public:
    /// Adds the register that event `config` on a CPU counts. Plant and clock must outlive the fake.
    void add(std::uint64_t config, int cpu, const FakeRegister& hardware);
    /// Refuses to open, or fails to read from now on, with an errno; 0 ends that.
    void refuse(int error) { refused_ = error; }
    void disturb(int error) { disturbed_ = error; }

    std::variant<std::unique_ptr<PerfCounter>, int> open(std::uint32_t type, std::uint64_t config,
                                                         int cpu) const override;

  private:
    std::map<std::pair<std::uint64_t, int>, FakeRegister> registers_;
    int refused_ = 0;
    int disturbed_ = 0;
};

}  // namespace espalier::meters
