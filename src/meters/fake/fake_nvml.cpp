#include "meters/fake/fake_nvml.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace espalier::meters {

using nvml::Device;
using nvml::FieldValue;
using nvml::Result;

namespace {

/// Mean power over `width` before `time`.
Watts mean_power(const Plant& plant, Seconds time, Seconds width) {
    const Seconds start = std::max(Seconds(0), time - width);
    if (time <= start) return plant.power(time);
    return (plant.energy(time) - plant.energy(start)) / (time - start);
}

Result write_text(const std::string& text, char* buffer, unsigned size) {
    if (text.size() + 1 > size) return Result::kInsufficientSize;
    std::memcpy(buffer, text.c_str(), text.size() + 1);
    return Result::kSuccess;
}

const Plant& counted(const FakeGpu& gpu) { return gpu.module ? *gpu.module : *gpu.plant; }

unsigned long long millijoules(const FakeGpu& gpu, Seconds now) {
    if (gpu.says_millijoules) return *gpu.says_millijoules;
    const Seconds seen = gpu.frozen_at ? std::min(now, *gpu.frozen_at) : now;
    const Seconds refreshed = last_refresh(seen, gpu.energy_refresh, gpu.phase);
    const bool reset = gpu.reset_at && refreshed >= *gpu.reset_at;
    const Joules origin = reset ? counted(gpu).energy(*gpu.reset_at) : Joules(0);
    return static_cast<unsigned long long>(1e3 * (counted(gpu).energy(refreshed) - origin).value());
}

unsigned milliwatts(FakeGpu& gpu, const Plant& plant, Seconds now, Seconds mean) {
    if (gpu.says_milliwatts) return *gpu.says_milliwatts;
    const std::string source = fmt::format("{} {}", static_cast<const void*>(&plant), mean.value());
    const auto known = gpu.asked.find(source);
    if (known != gpu.asked.end() && now - known->second.first < gpu.power_cache) return known->second.second;
    const Seconds refreshed = last_refresh(now, gpu.power_refresh, gpu.phase);
    const auto answer = static_cast<unsigned>(std::lround(1e3 * mean_power(plant, refreshed, mean).value()));
    gpu.asked[source] = {now, answer};
    return answer;
}

Seconds looked_at(const FakeGpu& gpu) { return gpu.power_refresh * gpu.duty; }

bool averages(const FakeGpu& gpu) {
    const bool ga100 = ((gpu.device_id >> 16) & 0xff00U) == 0x2000;
    return gpu.architecture >= nvml::kArchitectureAmpere && !ga100;
}

Result one_field(FakeGpu& gpu, Seconds now, FieldValue& value) {
    value.type = nvml::ValueType::kUnsignedInt;
    const bool average = value.field == nvml::kPowerAverage;
    if (!average && value.field != nvml::kPowerInstant) return Result::kNotSupported;
    if (average && gpu.averaging <= Seconds(0)) return Result::kNotSupported;
    if (value.scope == nvml::kScopeModule && !gpu.module) return Result::kNotSupported;
    const Plant& plant = value.scope == nvml::kScopeModule ? *gpu.module : *gpu.plant;
    value.value.unsigned_int = milliwatts(gpu, plant, now, average ? gpu.averaging : looked_at(gpu));
    return Result::kSuccess;
}

}  // namespace

/// The functions, which find the GPU behind a handle and the fault that speaks first.
struct FakeNvmlCalls {
    FakeNvml& fake;

    FakeGpu* gpu(Device device) const {
        for (FakeGpu& gpu : fake.gpus_) {
            if (reinterpret_cast<Device>(&gpu) == device) return &gpu;
        }
        return nullptr;
    }

    /// Wraps what a healthy GPU answers to the call of this name.
    template <typename... Outputs, typename Answer>
    std::function<Result(Device, Outputs...)> guarded(const char* name, Answer answer) const {
        const FakeNvmlCalls calls = *this;
        return [calls, name, answer](Device device, Outputs... outputs) {
            FakeGpu* gpu = calls.gpu(device);
            if (gpu == nullptr) return Result::kInvalidArgument;
            if (gpu->lost_at && calls.now() >= *gpu->lost_at) return Result::kGpuIsLost;
            const auto refusal = gpu->refuses.find(name);
            if (refusal != gpu->refuses.end()) return refusal->second;
            return answer(*gpu, outputs...);
        };
    }

    Seconds now() const { return fake.clock_.now(); }

    Result by_index(unsigned index, Device* device) const {
        if (index >= fake.gpus_.size()) return Result::kInvalidArgument;
        FakeGpu& gpu = fake.gpus_[index];
        if (gpu.lost_at && now() >= *gpu.lost_at) return Result::kGpuIsLost;
        *device = reinterpret_cast<Device>(&gpu);
        return Result::kSuccess;
    }

    Result uuid(Device device, char* text, unsigned size) const {
        for (const auto& instance : fake.instances_) {
            if (reinterpret_cast<Device>(const_cast<std::pair<const FakeGpu*, std::string>*>(&instance)) ==
                device)
                return write_text(instance.second, text, size);
        }
        const FakeGpu* found = gpu(device);
        return found == nullptr ? Result::kInvalidArgument : write_text(found->uuid, text, size);
    }

    Result instance(const FakeGpu& gpu, unsigned index, Device* device) const {
        if (index >= gpu.instances.size()) return Result::kNotFound;
        fake.instances_.emplace_back(&gpu, gpu.instances[index]);
        *device = reinterpret_cast<Device>(&fake.instances_.back());
        return Result::kSuccess;
    }

    void identity(nvml::Functions& all) const {
        const FakeNvmlCalls calls = *this;
        all.uuid = [calls](Device device, char* text, unsigned size) {
            return calls.uuid(device, text, size);
        };
        all.name = guarded<char*, unsigned>("name", [](const FakeGpu& gpu, char* text, unsigned size) {
            return write_text(gpu.name, text, size);
        });
        all.pci_info = guarded<nvml::PciInfo*>("pci_info", [](const FakeGpu& gpu, nvml::PciInfo* info) {
            info->device_id = gpu.device_id;
            return write_text(gpu.pci, info->bus_id, sizeof info->bus_id);
        });
        all.architecture = guarded<unsigned*>("architecture", [](const FakeGpu& gpu, unsigned* architecture) {
            *architecture = gpu.architecture;
            return Result::kSuccess;
        });
        all.mig_mode =
            guarded<unsigned*, unsigned*>("mig_mode", [](const FakeGpu& gpu, unsigned* now, unsigned* next) {
                *now = *next = gpu.mig ? 1 : 0;
                return Result::kSuccess;
            });
        all.mig_capacity = guarded<unsigned*>("mig_capacity", [](const FakeGpu&, unsigned* most) {
            *most = 7;
            return Result::kSuccess;
        });
        all.mig_by_index = guarded<unsigned, Device*>(
            "mig_by_index", [calls](const FakeGpu& gpu, unsigned index, Device* device) {
                return calls.instance(gpu, index, device);
            });
    }

    void measurements(nvml::Functions& all) const {
        const FakeNvmlCalls calls = *this;
        all.total_energy =
            guarded<unsigned long long*>("total_energy", [calls](const FakeGpu& gpu, auto* energy) {
                *energy = millijoules(gpu, calls.now());
                return Result::kSuccess;
            });
        all.power_usage = guarded<unsigned*>("power_usage", [calls](FakeGpu& gpu, unsigned* power) {
            const Seconds mean = averages(gpu) ? gpu.averaging : looked_at(gpu);
            *power = milliwatts(gpu, counted(gpu), calls.now(), mean);
            return Result::kSuccess;
        });
        all.field_values =
            guarded<int, FieldValue*>("field_values", [calls](FakeGpu& gpu, int count, FieldValue* values) {
                for (int i = 0; i < count; ++i) values[i].result = one_field(gpu, calls.now(), values[i]);
                return Result::kSuccess;
            });
        all.utilization = guarded<nvml::UtilizationRates*>(
            "utilization", [](const FakeGpu& gpu, nvml::UtilizationRates* rates) {
                if (gpu.mig) return Result::kNotSupported;
                *rates = {gpu.utilization, gpu.utilization / 2};
                return Result::kSuccess;
            });
        all.memory = guarded<nvml::MemoryInfo*>("memory", [](const FakeGpu& gpu, nvml::MemoryInfo* info) {
            constexpr unsigned long long kTotal = 80ULL << 30;
            *info = {kTotal, kTotal - gpu.memory_used, gpu.memory_used};
            return Result::kSuccess;
        });
    }

    void state(nvml::Functions& all) const {
        all.clock = guarded<nvml::ClockKind, unsigned*>(
            "clock", [](const FakeGpu& gpu, nvml::ClockKind kind, unsigned* mhz) {
                *mhz = kind == nvml::ClockKind::kMemory ? 2619 : (gpu.utilization > 0 ? 1755 : 345);
                return Result::kSuccess;
            });
        all.max_clock =
            guarded<nvml::ClockKind, unsigned*>("max_clock", [](const FakeGpu&, auto, unsigned* mhz) {
                *mhz = 1980;
                return Result::kSuccess;
            });
        all.throttle =
            guarded<unsigned long long*>("throttle", [](const FakeGpu& gpu, unsigned long long* bits) {
                *bits = gpu.throttle;
                return Result::kSuccess;
            });
        all.temperature = guarded<int, unsigned*>("temperature", [](const FakeGpu&, int, unsigned* degrees) {
            *degrees = 35;
            return Result::kSuccess;
        });
        all.power_limit = guarded<unsigned*>("power_limit", [](const FakeGpu&, unsigned* limit) {
            *limit = 700000;
            return Result::kSuccess;
        });
        all.persistence = guarded<unsigned*>("persistence", [](const FakeGpu& gpu, unsigned* mode) {
            *mode = gpu.persistence;
            return Result::kSuccess;
        });
        all.ecc = guarded<unsigned*, unsigned*>("ecc", [](const FakeGpu&, unsigned* now, unsigned* next) {
            *now = *next = 1;
            return Result::kSuccess;
        });
    }
};

FakeGpu& FakeNvml::add(FakeGpu gpu) {
    gpus_.push_back(std::move(gpu));
    return gpus_.back();
}

nvml::Functions FakeNvml::functions() {
    const FakeNvmlCalls calls{*this};
    nvml::Functions all;
    all.init = [this] { return init_result; };
    all.shutdown = [this] {
        ++shutdowns_;
        return Result::kSuccess;
    };
    all.driver_version = [this](char* text, unsigned size) { return write_text(driver_version, text, size); };
    all.device_count = [this](unsigned* count) {
        *count = static_cast<unsigned>(gpus_.size());
        return Result::kSuccess;
    };
    all.device_by_index = [calls](unsigned index, Device* device) { return calls.by_index(index, device); };
    calls.identity(all);
    calls.measurements(all);
    calls.state(all);
    return all;
}

nvml::Access FakeNvml::access() {
    nvml::Access access;
    access.open = [this] { return nvml::initialize(functions()); };
    return access;
}

}  // namespace espalier::meters
