#pragma once

#include "meters/nvml/access.h"

namespace espalier::cli {

/// The GPUs of this machine, as the driver's library shows them and CUDA_VISIBLE_DEVICES and
/// CUDA_DEVICE_ORDER of this process choose them.
meters::nvml::Access gpu_access();

}  // namespace espalier::cli
