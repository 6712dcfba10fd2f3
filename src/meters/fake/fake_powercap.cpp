#include "meters/fake/fake_powercap.h"

#include <cmath>
#include <cstdint>

namespace espalier::meters {

void add_rapl_zone(FakeFiles& files, const FakeRaplZone& zone, const Plant& plant, const Clock& clock) {
    const std::string folder = "sys/class/powercap/" + zone.folder;
    const auto range_uj = static_cast<std::uint64_t>(std::llround(1e6 * zone.range.value()));
    files.set(folder + "/name", zone.name);
    files.set(folder + "/max_energy_range_uj", std::to_string(range_uj));
    files.set_live(folder + "/energy_uj", [&plant, &clock, range_uj, phase = zone.phase] {
        const Seconds refreshed = last_refresh(clock.now(), Seconds(1e-3), phase);
        const auto energy_uj = static_cast<std::uint64_t>(std::floor(1e6 * plant.energy(refreshed).value()));
        return std::to_string(energy_uj % range_uj);
    });
}

}  // namespace espalier::meters
