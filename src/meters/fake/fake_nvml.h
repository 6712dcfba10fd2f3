#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "meters/fake/plant.h"
#include "meters/nvml/access.h"

namespace espalier::meters {

/// A GPU of a FakeNvml. Fields may be changed at any time; what a real board would do is the default.
struct FakeGpu {
    const Plant* plant = nullptr;  ///< what it draws; must outlive the fake
    std::string uuid = "GPU-00000000-0000-0000-0000-000000000000";
    std::string name = "NVIDIA H100 80GB HBM3";
    std::string pci = "00000000:1A:00.0";
    unsigned device_id = 0x233010de;
    unsigned architecture = 9;  ///< Hopper

    Seconds energy_refresh{0.1};  ///< the counter changes only at multiples of this, shifted by `phase`
    Seconds power_refresh{0.02};  ///< so do the power sensors
    Seconds power_cache{0.1};     ///< the library asks a sensor again when it last did so this long ago
    Seconds phase;
    double duty = 1.0;  ///< share of power_refresh, at its end, over which the instant sensor takes its mean
    /// The mean of kPowerAverage and, unless the architecture says otherwise, of power_usage; 0: none.
    Seconds averaging{1.0};
    /// What CPU, GPU and memory draw together, on boards that hold a CPU, too
    const Plant* module = nullptr;
    bool mig = false;
    std::vector<std::string> instances;  ///< UUIDs of MIG instances
    unsigned utilization = 0;            ///< percent
    unsigned long long memory_used = 1ULL << 30;
    unsigned long long throttle = 1;  ///< idle
    unsigned persistence = 1;

    // Faults.
    std::optional<Seconds> lost_at;    ///< from then on every call says that the GPU is lost
    std::optional<Seconds> frozen_at;  ///< from then on the energy counter stands still
    std::optional<Seconds> reset_at;   ///< the driver was reloaded: the energy counter began at 0 anew
    std::optional<unsigned long long> says_millijoules;  ///< an absurd counter
    std::optional<unsigned> says_milliwatts;             ///< an absurd power, of all sources
    std::map<std::string, nvml::Result> refuses;         ///< member of nvml::Functions -> what it answers

    /// What the library holds of each power source: when it asked, and the answer in mW.
    std::map<std::string, std::pair<Seconds, unsigned>> asked{};
};

/// NVIDIA's library as functions over plants on a clock, with faults that can be injected. It answers what
/// the real one is documented to answer or was seen to (bench/nvml on an H200 with driver 580.159.04).
class FakeNvml {
  public:
    /// `clock` must outlive the fake, and the fake what functions() gave.
    explicit FakeNvml(const Clock& clock) : clock_(clock) {}
    FakeNvml(const FakeNvml&) = delete;
    FakeNvml& operator=(const FakeNvml&) = delete;

    /// The reference stays valid.
    FakeGpu& add(FakeGpu gpu);

    nvml::Result init_result = nvml::Result::kSuccess;
    std::string driver_version = "580.82.07";

    nvml::Functions functions();
    /// Access that opens this fake.
    nvml::Access access();
    int shutdowns() const { return shutdowns_; }

  private:
    friend struct FakeNvmlCalls;

    const Clock& clock_;
    std::deque<FakeGpu> gpus_;
    std::deque<std::pair<const FakeGpu*, std::string>> instances_;  ///< handles given out for MIG instances
    int shutdowns_ = 0;
};

}  // namespace espalier::meters
