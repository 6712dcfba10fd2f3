#include "meters/fake/fake_perf.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace espalier::meters {
namespace {

constexpr std::uint32_t kType = 9;
constexpr Seconds kTimer{163.8};  // of the kernel for 200 W and a counter of 65536 J

class FakeEvent final : public PerfCounter {
  public:
    FakeEvent(const FakeRegister& hardware, const int& disturbed)
        : counter_(hardware, kTimer),
          disturbed_(disturbed),
          counts_per_unit_(hardware.unit.value() * 0x1p32) {}

    PerfCount read() override {
        if (disturbed_ != 0) return {0, disturbed_};
        return {counter_.read() * static_cast<std::uint64_t>(counts_per_unit_), 0};
    }

  private:
    AddedUpRegister counter_;
    const int& disturbed_;
    double counts_per_unit_;
};

}  // namespace

void add_power_events(FakeFiles& files, const std::string& cpus, const std::vector<std::string>& events) {
    constexpr std::array<const char*, 5> kEvents = {"energy-cores", "energy-pkg", "energy-ram", "energy-gpu",
                                                    "energy-psys"};
    const std::string folder = "sys/bus/event_source/devices/power";
    files.set(folder + "/type", std::to_string(kType));
    files.set(folder + "/cpumask", cpus);
    files.set(folder + "/format/event", "config:0-7");
    for (std::size_t i = 0; i < kEvents.size(); ++i) {
        if (std::find(events.begin(), events.end(), kEvents[i]) == events.end()) continue;
        const std::string path = fmt::format("{}/events/{}", folder, kEvents[i]);
        files.set(path, fmt::format("event=0x{:02x}", i + 1));
        files.set(path + ".scale", "2.3283064365386962890625e-10");
        files.set(path + ".unit", "Joules");
    }
}

void FakePerf::add(std::uint64_t config, int cpu, const FakeRegister& hardware) {
    registers_.emplace(std::pair(config, cpu), hardware);
}

std::variant<std::unique_ptr<PerfCounter>, int> FakePerf::open(std::uint32_t type, std::uint64_t config,
                                                               int cpu) const {
    if (refused_ != 0) return refused_;
    const auto known = registers_.find({config, cpu});
    if (type != kType || known == registers_.end()) return ENODEV;
    return std::make_unique<FakeEvent>(known->second, disturbed_);
}

}  // namespace espalier::meters
