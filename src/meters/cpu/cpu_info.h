#pragma once

#include <set>
#include <string>
#include <string_view>

#include "meters/file_tree.h"

namespace espalier::meters {

/// What /proc/cpuinfo says of the first processor, and how many there are.
struct CpuInfo {
    std::string vendor;  ///< "GenuineIntel", "AuthenticAMD", or empty
    std::string model;   ///< "model name", or empty
    int family = 0;      ///< "cpu family"; 0 where it is not told
    int number = 0;      ///< "model", the number within the family
    std::set<std::string> flags;
    int logical_cpus = 0;
    int sockets = 1;           ///< distinct "physical id"s
    int cores_per_socket = 0;  ///< "cpu cores"; 0 where it is not told

    bool has_flag(std::string_view flag) const { return flags.count(std::string(flag)) > 0; }
};

CpuInfo read_cpu_info(const FileTree& files);

}  // namespace espalier::meters
