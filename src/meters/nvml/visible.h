#pragma once

#include <optional>
#include <string>
#include <vector>

#include "meters/nvml/access.h"

namespace espalier::meters::nvml {

/// What CUDA shows a process of the machine's GPUs.
struct Visible {
    std::vector<Gpu> gpus;           ///< in CUDA's order as far as it is known, each board once
    std::vector<std::string> notes;  ///< what a reader of the numbers must know
    std::string hidden;              ///< why there are none; empty where there are some
};

/// Applies CUDA_VISIBLE_DEVICES as the CUDA programming guide tells (Environment Variables): numbers, or
/// beginnings of UUIDs that fit one device ("GPU-2f3a"), or MIG instances ("MIG-..."), separated by commas.
/// The list ends at the first entry that names no device or one that was named before. Not set: all. Set and
/// empty: none.
///
/// Numbers count in CUDA's order, which is by speed unless `device_order` is PCI_BUS_ID. How CUDA ranks speed
/// is not told, so numbers are taken in order of PCI address, with a note where GPUs of different names make
/// that a guess. `gpus` are in order of PCI address.
Visible choose_visible(const std::vector<Gpu>& gpus, const std::optional<std::string>& visible_devices,
                       const std::string& device_order);

}  // namespace espalier::meters::nvml
