#include "meters/nvml/visible.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <sstream>

namespace espalier::meters::nvml {
namespace {

/// A board, and which of its instances; the instance is empty for the board itself.
struct Named {
    const Gpu* gpu = nullptr;
    std::string instance;
};

std::string trimmed(const std::string& text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<Named> by_number(const std::vector<Gpu>& gpus, const std::string& entry) {
    std::size_t number = 0;
    const char* end = entry.data() + entry.size();
    const auto result = std::from_chars(entry.data(), end, number);
    if (result.ec != std::errc() || result.ptr != end || number >= gpus.size()) return std::nullopt;
    return Named{&gpus[number], ""};
}

/// The one board whose UUID begins so; nothing where none or several do.
std::optional<Named> by_uuid(const std::vector<Gpu>& gpus, const std::string& prefix) {
    std::optional<Named> found;
    for (const Gpu& gpu : gpus) {
        if (gpu.uuid.rfind(prefix, 0) != 0) continue;
        if (found) return std::nullopt;
        found = Named{&gpu, ""};
    }
    return found;
}

/// The one MIG instance whose UUID begins so. Before driver 470 it was written "MIG-GPU-<board>/<gi>/<ci>".
std::optional<Named> by_instance(const std::vector<Gpu>& gpus, const std::string& prefix) {
    std::optional<Named> found;
    for (const Gpu& gpu : gpus) {
        const bool old_form = prefix.rfind("MIG-" + gpu.uuid + "/", 0) == 0;
        if (old_form && gpu.mig.value_or(false)) return Named{&gpu, prefix};
        for (const std::string& instance : gpu.instances) {
            if (instance.rfind(prefix, 0) != 0) continue;
            if (found) return std::nullopt;
            found = Named{&gpu, instance};
        }
    }
    return found;
}

std::optional<Named> find_device(const std::vector<Gpu>& gpus, const std::string& entry) {
    if (entry.rfind("GPU-", 0) == 0) return by_uuid(gpus, entry);
    if (entry.rfind("MIG-", 0) == 0) return by_instance(gpus, entry);
    return by_number(gpus, entry);
}

bool differ_in_name(const std::vector<Gpu>& gpus) {
    return std::any_of(gpus.begin(), gpus.end(),
                       [&](const Gpu& gpu) { return gpu.name != gpus.front().name; });
}

void note_order(const std::vector<Gpu>& gpus, const std::string& device_order, Visible& visible) {
    if (device_order == "PCI_BUS_ID" || !differ_in_name(gpus)) return;
    visible.notes.push_back(
        "CUDA numbers GPUs by speed, and these differ: CUDA_VISIBLE_DEVICES was read in order of PCI "
        "address. Set CUDA_DEVICE_ORDER=PCI_BUS_ID, or name GPUs by UUID");
}

}  // namespace

Visible choose_visible(const std::vector<Gpu>& gpus, const std::optional<std::string>& visible_devices,
                       const std::string& device_order) {
    Visible visible;
    if (!visible_devices) {
        visible.gpus = gpus;
        return visible;
    }
    std::set<std::string> named;
    bool any_number = false;
    std::istringstream entries(*visible_devices);
    for (std::string entry; std::getline(entries, entry, ',');) {
        const std::string word = trimmed(entry);
        const auto device = find_device(gpus, word);
        if (!device || !named.insert(device->gpu->uuid + device->instance).second) {
            visible.notes.push_back(
                fmt::format("CUDA_VISIBLE_DEVICES ends at '{}', which names no device here, or none that was "
                            "not named before",
                            word));
            break;
        }
        any_number = any_number || word.find_first_not_of("0123456789") == std::string::npos;
        const bool known = std::any_of(visible.gpus.begin(), visible.gpus.end(),
                                       [&](const Gpu& gpu) { return gpu.uuid == device->gpu->uuid; });
        if (!known) visible.gpus.push_back(*device->gpu);
    }
    if (any_number) note_order(gpus, device_order, visible);
    if (visible.gpus.empty()) {
        visible.hidden = fmt::format("CUDA_VISIBLE_DEVICES='{}' shows this process no GPU", *visible_devices);
    }
    return visible;
}

}  // namespace espalier::meters::nvml
