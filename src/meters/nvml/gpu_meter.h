#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "meters/meter.h"
#include "meters/nvml/gpus.h"

namespace espalier::meters::nvml {

/// What a number of a board that holds a CPU, too, covers.
enum class Coverage { kGpu, kWholeModule };

/// A meter with a zone for each GPU, named by its UUID. Says in scope and notes what all meters of GPUs say
/// alike: how many boards, whether CPU and memory of a module are in the number, and that a board divided by
/// MIG is one.
class GpuMeter : public Meter {
  public:
    const Description& description() const override { return description_; }
    Reading read() override;

    /// Adds a statement that belongs to every number.
    void add_note(std::string note) { description_.notes.push_back(std::move(note)); }

  protected:
    /// Throws Error when there is no GPU. `clock` must outlive the meter.
    GpuMeter(const Clock& clock, std::vector<Gpu> gpus, Coverage coverage);

    /// Reads the zones of one GPU, in the order of the description.
    virtual void read_gpu(std::size_t index, std::vector<ZoneReading>& zones) = 0;

    const Clock& clock() const { return clock_; }
    const std::vector<Gpu>& gpus() const { return gpus_; }

    Description description_;

  private:
    const Clock& clock_;
    std::vector<Gpu> gpus_;
};

/// A gap with the words "<what> of <GPU>: <why>".
Gap gap(GapKind kind, const char* what, const Gpu& gpu, const std::string& why);

}  // namespace espalier::meters::nvml
