#include "meters/powercap/powercap.h"

#include "meters/number_file.h"

namespace espalier::meters {

PowercapMeter::PowercapMeter(const FileTree& files, const Clock& clock, std::vector<RaplZone> zones)
    : RaplMeter(clock, "powercap", "RAPL powercap (" + files.display("sys/class/powercap") + ")",
                std::move(zones), Wraps::kShown),
      files_(files) {}

std::variant<Joules, Gap> PowercapMeter::read_counter(std::size_t zone) {
    const NumberRead microjoules = read_count(files_, zones()[zone].place + "/energy_uj");
    if (const Gap* gap = std::get_if<Gap>(&microjoules)) return *gap;
    return Joules(1e-6 * static_cast<double>(std::get<std::int64_t>(microjoules)));
}

}  // namespace espalier::meters
