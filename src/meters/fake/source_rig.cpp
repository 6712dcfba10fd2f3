#include "meters/fake/source_rig.h"

#include <cerrno>

#include "base/error.h"
#include "meters/fake/fake_amdsmi.h"
#include "meters/fake/fake_nvml.h"
#include "meters/fake/fake_perf.h"
#include "meters/fake/fake_powercap.h"
#include "meters/fake/fake_sensors.h"

namespace espalier::meters {
namespace {

constexpr Joules kFineUnit{1.0 / 65536};
constexpr Joules kUsualUnit{1.0 / 16384};
constexpr double kSteps = 4294967296.0;
constexpr Seconds kMillisecond{0.001};

int errno_of(Fault fault) {
    switch (fault) {
        case Fault::kForbidden:
            return EACCES;
        case Fault::kRemoved:
            return ENOENT;
        default:
            return EIO;
    }
}

/// A rig of files. The constructor of a kind adds them, names those that are read, and calls find().
class FileRig : public SourceRig {
  public:
    explicit FileRig(Clock& clock) : clock_(clock) {}

    Meter& meter() override { return *meter_; }

    bool disturb(Fault fault) override {
        for (const std::string& path : read_) files_.disturb(path, content(fault));
        return true;
    }
    void repair() override {
        for (const std::string& path : read_) files_.repair(path);
    }

  protected:
    void find(std::string_view name, const PerfEvents* perf = nullptr, const nvml::Access& gpus = {}) {
        discovery_ = discover({files_, clock_, std::nullopt, 0, gpus, perf, amd_gpus_});
        meter_ = discovery_.find(name);
        if (meter_ == nullptr) fail("discovery did not find the simulated meter '{}'", name);
    }

    /// Ends the meter before what it reads.
    void forget() { discovery_ = {}; }

    Clock& clock_;
    FakeFiles files_;
    std::vector<std::string> read_;
    std::function<amdsmi::Opened()> amd_gpus_;

  private:
    static FileContent content(Fault fault) {
        if (fault == Fault::kMalformed) return {"12 apples", 0};
        if (fault == Fault::kShort) return {"", 0};
        return {"", errno_of(fault)};
    }

    Discovery discovery_;
    Meter* meter_ = nullptr;
};

class PowercapRig final : public FileRig {
  public:
    PowercapRig(const Plant& plant, Clock& clock, double phase) : FileRig(clock) {
        add_rapl_zone(files_, {"intel-rapl:0", "package-0", Joules(65536), kMillisecond * phase}, plant,
                      clock);
        read_ = {"sys/class/powercap/intel-rapl:0/energy_uj"};
        find("powercap");
    }
};

class PerfRig final : public FileRig {
  public:
    PerfRig(const Plant& plant, Clock& clock, double phase) : FileRig(clock) {
        add_power_events(files_, "0", {"energy-pkg"});
        perf_.add(2, 0, {plant, clock, kFineUnit, kMillisecond, kMillisecond * phase});
        find("perf", &perf_);
    }
    bool disturb(Fault fault) override {
        perf_.disturb(errno_of(fault));
        return fault != Fault::kMalformed;  // the kernel writes 8 bytes, or fewer
    }
    void repair() override { perf_.disturb(0); }

  private:
    FakePerf perf_;
};

class MsrRig final : public FileRig {
  public:
    MsrRig(const Plant& plant, Clock& clock, double phase) : FileRig(clock) {
        constexpr int kSkylake = 0x5e;
        add_intel_cpu(files_, kSkylake);
        add_msr(files_, {});
        add_energy_register(files_, 0, 0x611, {plant, clock, kUsualUnit, kMillisecond, kMillisecond * phase});
        read_ = {"dev/cpu/0/msr"};
        find("msr");
    }
};

class AmdEnergyRig final : public FileRig {
  public:
    AmdEnergyRig(const Plant& plant, Clock& clock, double phase) : FileRig(clock) {
        const std::string chip = add_hwmon_chip(files_, 2, "amd_energy");
        const FakeRegister socket{plant, clock, kFineUnit, kMillisecond, kMillisecond * phase};
        add_hwmon_energy(files_, chip, 1, "Ecore000", socket, Seconds(100));
        add_hwmon_energy(files_, chip, 65, "Esocket0", socket, Seconds(100));
        read_ = {chip + "/energy65_input"};
        find("amd-energy");
    }
};

class IntelGpuRig final : public FileRig {
  public:
    IntelGpuRig(const Plant& plant, Clock& clock, double phase) : FileRig(clock) {
        const std::string chip = add_hwmon_chip(files_, 3, "xe", "0000:03:00.0");
        const Seconds refresh(0.1);
        const FakeRegister card{plant, clock, kUsualUnit, refresh, refresh * phase};
        add_hwmon_energy(files_, chip, 1, "card", card, Seconds(0));
        add_hwmon_energy(files_, chip, 2, "pkg", card, Seconds(0));
        read_ = {chip + "/energy1_input"};
        find("intel-gpu");
    }
};

class RailRig final : public FileRig {
  public:
    RailRig(const Plant& plant, Clock& clock, double phase) : FileRig(clock) {
        const std::string chip = add_hwmon_chip(files_, 1, "ina3221");
        const Seconds refresh(0.05);
        add_rail(files_, chip, {1, "VDD_IN", 5.0, refresh, refresh * phase}, plant, clock);
        add_rail(files_, chip, {2, "VDD_CPU_GPU_CV", 5.0, refresh, refresh * phase}, plant, clock);
        read_ = {chip + "/curr1_input"};
        find("ina3221");
    }
};

template <FakeBattery::Tells tells>
class BatteryRig final : public FileRig {
  public:
    BatteryRig(const Plant& plant, Clock& clock, double phase) : FileRig(clock) {
        FakeBattery battery{.tells = tells};
        battery.phase = battery.refresh * phase;
        add_battery(files_, battery, plant, clock);
        files_.set("sys/class/power_supply/AC/type", "Mains");
        files_.set("sys/class/power_supply/AC/online", "0");
        constexpr const char* kFiles[] = {"energy_now", "charge_now", "power_now", "current_now"};
        read_ = {std::string("sys/class/power_supply/BAT0/") + kFiles[static_cast<int>(tells)]};
        find("battery");
    }
};

/// A GPU, of which `meter_name` says what is read.
class NvmlRig : public FileRig {
  public:
    NvmlRig(const Plant& plant, Clock& clock, double phase, std::string_view meter_name)
        : FileRig(clock), fake_(clock), gpu_(fake_.add({.plant = &plant})) {
        gpu_.phase = gpu_.energy_refresh * phase;
        find(meter_name, nullptr, fake_.access());
    }
    ~NvmlRig() override { forget(); }
    bool disturb(Fault fault) override {
        if (fault == Fault::kForbidden) refuse(nvml::Result::kNoPermission);
        if (fault == Fault::kFails) refuse(nvml::Result::kUnknown);
        if (fault == Fault::kRemoved) gpu_.lost_at = clock_.now();
        return fault != Fault::kMalformed && fault != Fault::kShort;  // the library gives numbers
    }
    void repair() override {
        gpu_.refuses.clear();
        gpu_.lost_at.reset();
    }

  private:
    void refuse(nvml::Result result) {
        for (const char* function : {"total_energy", "field_values", "power_usage"})
            gpu_.refuses[function] = result;
    }

    FakeNvml fake_;
    FakeGpu& gpu_;
};

class NvmlEnergyRig final : public NvmlRig {
  public:
    NvmlEnergyRig(const Plant& plant, Clock& clock, double phase)
        : NvmlRig(plant, clock, phase, "nvml-energy") {}
};

class NvmlPowerRig final : public NvmlRig {
  public:
    NvmlPowerRig(const Plant& plant, Clock& clock, double phase)
        : NvmlRig(plant, clock, phase, "nvml-power") {}
};

class AmdGpuRig final : public FileRig {
  public:
    AmdGpuRig(const Plant& plant, Clock& clock, double phase)
        : FileRig(clock), fake_(clock), gpu_(fake_.add({.plant = &plant})) {
        gpu_.phase = gpu_.refresh * phase;
        amd_gpus_ = fake_.access();
        find("amdsmi-energy");
    }
    ~AmdGpuRig() override { forget(); }
    bool disturb(Fault fault) override {
        gpu_.refuses = fault == Fault::kForbidden ? amdsmi::Status::kNoPermission : amdsmi::Status::kUnknown;
        return fault != Fault::kMalformed && fault != Fault::kShort;  // the library gives numbers
    }
    void repair() override { gpu_.refuses.reset(); }

  private:
    FakeAmdSmi fake_;
    FakeAmdGpu& gpu_;
};

template <typename Rig>
std::unique_ptr<SourceRig> make(const Plant& plant, Clock& clock, double phase) {
    return std::make_unique<Rig>(plant, clock, phase);
}

}  // namespace

const std::vector<SourceRow>& all_sources() {
    using Tells = FakeBattery::Tells;
    constexpr Seconds kTenth{0.1};
    constexpr Joules kNoStep{0};
    constexpr Watts kNoWatts{0};
    constexpr Joules kGauge{36};  // 10 mWh
    static const std::vector<SourceRow> rows = {
        {"powercap", make<PowercapRig>, Watts(150), kMillisecond, Joules(1e-6), kNoWatts, Seconds(10), kTenth,
         1, Joules(65536)},
        {"perf", make<PerfRig>, Watts(150), kMillisecond, kFineUnit, kNoWatts, Seconds(10), kTenth, 1,
         kFineUnit * kSteps},
        {"msr", make<MsrRig>, Watts(150), kMillisecond, kUsualUnit, kNoWatts, Seconds(10), kTenth, 1,
         kUsualUnit * kSteps},
        {"amd_energy", make<AmdEnergyRig>, Watts(150), kMillisecond, kFineUnit + Joules(1e-6), kNoWatts,
         Seconds(10), kTenth, 1, kFineUnit * kSteps},
        {"intel_gpu", make<IntelGpuRig>, Watts(150), kTenth, kUsualUnit + Joules(1e-6), kNoWatts, Seconds(10),
         kTenth, 1, kUsualUnit * kSteps},
        {"nvml_energy", make<NvmlEnergyRig>, Watts(350), kTenth, Joules(1e-3), kNoWatts, Seconds(10), kTenth,
         1, std::nullopt},
        {"nvml_power", make<NvmlPowerRig>, Watts(350), Seconds(0.12), kNoStep, Watts(1e-3), Seconds(10),
         kTenth, 1, std::nullopt},
        {"amdsmi_energy", make<AmdGpuRig>, Watts(350), kTenth, Joules(16e-6), kNoWatts, Seconds(10), kTenth,
         1, std::nullopt},
        // 8 mA at 5 V, and 8 mV at 4 A.
        {"ina3221", make<RailRig>, Watts(10), Seconds(0.05), kNoStep, Watts(0.072), Seconds(10), kTenth, 1,
         std::nullopt},
        {"battery_energy", make<BatteryRig<Tells::kEnergy>>, Watts(15), Seconds(60), kGauge, kNoWatts,
         Seconds(3600), Seconds(60), 600, std::nullopt},
        {"battery_charge", make<BatteryRig<Tells::kCharge>>, Watts(15), Seconds(60), Joules(3.6 * 11.4),
         kNoWatts, Seconds(3600), Seconds(60), 600, std::nullopt},
        {"battery_power", make<BatteryRig<Tells::kPower>>, Watts(15), Seconds(60), kNoStep, Watts(1e-3),
         Seconds(3600), Seconds(60), 600, std::nullopt},
        {"battery_current", make<BatteryRig<Tells::kCurrent>>, Watts(15), Seconds(60), kNoStep, Watts(0.0114),
         Seconds(3600), Seconds(60), 600, std::nullopt},
    };
    return rows;
}

}  // namespace espalier::meters
