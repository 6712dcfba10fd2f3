#include "cli/gpu_access.h"

#include <cstdlib>

namespace espalier::cli {

meters::nvml::Access gpu_access() {
    meters::nvml::Access access;
    access.open = meters::nvml::open_system_library;
    // Set and empty hides every GPU, unlike not set.
    if (const char* devices = std::getenv("CUDA_VISIBLE_DEVICES")) access.visible_devices = devices;
    if (const char* order = std::getenv("CUDA_DEVICE_ORDER")) access.device_order = order;
    return access;
}

}  // namespace espalier::cli
