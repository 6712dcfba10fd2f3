#include "meters/fake/fake_amdsmi.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace espalier::meters {

using amdsmi::Processor;
using amdsmi::Socket;
using amdsmi::Status;

namespace {

FakeAmdGpu& gpu_of(void* handle) { return *static_cast<FakeAmdGpu*>(handle); }

Status energy_of(const FakeAmdGpu& gpu, Seconds now, std::uint64_t* count, float* microjoules) {
    if (gpu.refuses) return *gpu.refuses;
    const Joules energy = gpu.plant->energy(last_refresh(now, gpu.refresh, gpu.phase));
    *microjoules = gpu.microjoules;
    // Counted since long before the clock's 0.
    constexpr std::uint64_t kBefore = 1'000'000'000;
    const double counts = std::floor(energy.value() / (1e-6 * static_cast<double>(gpu.microjoules)));
    *count = gpu.says.value_or(kBefore + static_cast<std::uint64_t>(counts));
    return Status::kSuccess;
}

}  // namespace

amdsmi::Functions FakeAmdSmi::functions() {
    amdsmi::Functions all;
    all.init = [this](std::uint64_t) { return init_status; };
    all.shut_down = [] { return Status::kSuccess; };
    all.sockets = [this](std::uint32_t* count, Socket* sockets) {
        if (sockets != nullptr) {
            for (std::size_t i = 0; i < std::min<std::size_t>(*count, gpus_.size()); ++i)
                sockets[i] = &gpus_[i];
        }
        *count = static_cast<std::uint32_t>(gpus_.size());
        return Status::kSuccess;
    };
    all.processors = [](Socket socket, std::uint32_t* count, Processor* processors) {
        if (processors != nullptr) *processors = socket;
        *count = 1;
        return Status::kSuccess;
    };
    all.uuid = [](Processor processor, std::uint32_t* size, char* text) {
        const std::string& uuid = gpu_of(processor).uuid;
        if (uuid.size() + 1 > *size) return Status::kInvalidArgument;
        std::memcpy(text, uuid.c_str(), uuid.size() + 1);
        return Status::kSuccess;
    };
    all.energy = [this](Processor processor, std::uint64_t* count, float* microjoules, std::uint64_t*) {
        return energy_of(gpu_of(processor), clock_.now(), count, microjoules);
    };
    all.memory = [](Processor processor, std::uint32_t kind, std::uint64_t* bytes) {
        const FakeAmdGpu& gpu = gpu_of(processor);
        if (kind != amdsmi::kVideoMemory) return Status::kInvalidArgument;
        *bytes = gpu.memory;
        return gpu.hides_memory.value_or(Status::kSuccess);
    };
    return all;
}

std::function<amdsmi::Opened()> FakeAmdSmi::access() {
    return [this] { return amdsmi::initialize(functions()); };
}

}  // namespace espalier::meters
