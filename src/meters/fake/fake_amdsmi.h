#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "meters/amdsmi/library.h"
#include "meters/fake/plant.h"

namespace espalier::meters {

/// A GPU of a FakeAmdSmi, alone on its socket. Fields may be changed at any time.
struct FakeAmdGpu {
    const Plant* plant = nullptr;  ///< what it draws; must outlive the fake
    std::string uuid = "7bff74a0-0000-1000-80f1-7d5f52a4b1c3";
    Seconds refresh{0.1};
    Seconds phase;
    float microjoules = 15.259F;  ///< of one count
    std::uint64_t memory = 1ULL << 30;

    // Faults.
    std::optional<amdsmi::Status> refuses;       ///< what the energy counter answers
    std::optional<std::uint64_t> says;           ///< a counter that stands still
    std::optional<amdsmi::Status> hides_memory;  ///< what the memory answers
};

/// AMD's library as functions over plants on a clock.
class FakeAmdSmi {
  public:
    /// `clock` must outlive the fake, and the fake what functions() gave.
    explicit FakeAmdSmi(const Clock& clock) : clock_(clock) {}
    FakeAmdSmi(const FakeAmdSmi&) = delete;
    FakeAmdSmi& operator=(const FakeAmdSmi&) = delete;

    /// The reference stays valid.
    FakeAmdGpu& add(FakeAmdGpu gpu) { return gpus_.emplace_back(std::move(gpu)); }

    amdsmi::Status init_status = amdsmi::Status::kSuccess;

    amdsmi::Functions functions();
    /// What opens this fake.
    std::function<amdsmi::Opened()> access();

  private:
    const Clock& clock_;
    std::deque<FakeAmdGpu> gpus_;
};

}  // namespace espalier::meters
