#include "meters/hwmon/chips.h"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <sstream>
#include <string_view>

namespace espalier::meters {
namespace {

constexpr const char* kRoot = "sys/class/hwmon";

/// The number in "energy12_input" between kind and "_suffix"; nothing for other names.
std::optional<int> number_between(std::string_view name, std::string_view kind, std::string_view end) {
    if (name.substr(0, kind.size()) != kind) return std::nullopt;
    name.remove_prefix(kind.size());
    int number = -1;
    const auto result = std::from_chars(name.data(), name.data() + name.size(), number);
    if (result.ec != std::errc() || number < 0) return std::nullopt;
    name.remove_prefix(static_cast<std::size_t>(result.ptr - name.data()));
    if (name != end) return std::nullopt;
    return number;
}

std::string address_of(const FileTree& files, const std::string& folder, const std::string& entry) {
    std::istringstream lines(files.read(folder + "/device/uevent").text);
    constexpr std::string_view kKey = "PCI_SLOT_NAME=";
    for (std::string line; std::getline(lines, line);) {
        if (line.rfind(kKey, 0) == 0) return line.substr(kKey.size());
    }
    return entry;
}

/// Entries named kind + number + end, in order of the number.
std::vector<std::pair<int, std::string>> numbered(const FileTree& files, const std::string& folder,
                                                  std::string_view kind, std::string_view end) {
    std::vector<std::pair<int, std::string>> found;
    for (std::string& entry : files.list(folder)) {
        if (const auto number = number_between(entry, kind, end))
            found.emplace_back(*number, std::move(entry));
    }
    std::sort(found.begin(), found.end());
    return found;
}

}  // namespace

std::vector<HwmonChip> find_hwmon_chips(const FileTree& files) {
    std::vector<HwmonChip> chips;
    for (const auto& [number, entry] : numbered(files, kRoot, "hwmon", "")) {
        const std::string folder = fmt::format("{}/{}", kRoot, entry);
        chips.push_back({files.read(folder + "/name").text, folder, address_of(files, folder, entry)});
    }
    return chips;
}

std::vector<HwmonChannel> find_channels(const FileTree& files, const HwmonChip& chip, const std::string& kind,
                                        const std::string& suffix) {
    std::vector<HwmonChannel> channels;
    for (const auto& [number, entry] : numbered(files, chip.folder, kind, "_" + suffix)) {
        const std::string id = fmt::format("{}{}", kind, number);
        channels.push_back({id, files.read(fmt::format("{}/{}_label", chip.folder, id)).text,
                            fmt::format("{}/{}", chip.folder, entry)});
    }
    return channels;
}

std::optional<Availability> unreadable_channel(const FileTree& files,
                                               const std::vector<HwmonChannel>& channels) {
    for (const HwmonChannel& channel : channels) {
        const FileContent content = files.read(channel.path);
        if (content.ok()) continue;
        const std::string shown = files.display(channel.path);
        const std::string reason = shown + ": " + std::strerror(content.error);
        if (content.error == EACCES || content.error == EPERM) {
            return Availability{State::kNoPermission, reason,
                                fmt::format("groupadd -f energy\n"
                                            "usermod -aG energy \"${{SUDO_USER:-$(id -un)}}\"\n"
                                            "# until the next boot:\n"
                                            "chgrp energy {0} && chmod 0440 {0}\n",
                                            shown)};
        }
        return Availability{State::kBroken, reason, "look at what the driver says in the kernel log: dmesg"};
    }
    return std::nullopt;
}

}  // namespace espalier::meters
