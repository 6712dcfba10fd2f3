#include "meters/cpu/cpu_info.h"

#include <algorithm>
#include <cstdlib>
#include <sstream>

namespace espalier::meters {
namespace {

std::string trimmed(const std::string& text) {
    const auto begin = text.find_first_not_of(" \t");
    if (begin == std::string::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

void take_flags(CpuInfo& info, const std::string& value) {
    if (!info.flags.empty()) return;
    std::istringstream words(value);
    for (std::string flag; words >> flag;) info.flags.insert(flag);
}

}  // namespace

CpuInfo read_cpu_info(const FileTree& files) {
    CpuInfo info;
    std::set<std::string> sockets;
    std::istringstream lines(files.read("proc/cpuinfo").text);
    for (std::string line; std::getline(lines, line);) {
        const auto colon = line.find(':');
        if (colon == std::string::npos) continue;
        const std::string key = trimmed(line.substr(0, colon));
        const std::string value = trimmed(line.substr(colon + 1));
        if (key == "processor") ++info.logical_cpus;
        if (key == "vendor_id") info.vendor = value;
        if (key == "model name") info.model = value;
        if (key == "cpu family") info.family = std::atoi(value.c_str());
        if (key == "model") info.number = std::atoi(value.c_str());
        if (key == "physical id") sockets.insert(value);
        if (key == "cpu cores") info.cores_per_socket = std::atoi(value.c_str());
        if (key == "flags" || key == "Features") take_flags(info, value);
    }
    info.sockets = std::max<int>(1, static_cast<int>(sockets.size()));
    return info;
}

}  // namespace espalier::meters
