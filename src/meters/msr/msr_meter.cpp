#include <fmt/core.h>

#include <cstring>

#include "meters/msr/msr.h"

namespace espalier::meters {
namespace {

constexpr std::uint64_t kCounterBits = 0xffffffff;  // what lies above is reserved

std::vector<RaplZone> zones_of(const std::vector<MsrZone>& registers) {
    std::vector<RaplZone> zones;
    for (const MsrZone& one : registers) zones.push_back(one.zone);
    assign_roles(zones, DieRelation::kUnknown);
    return zones;
}

}  // namespace

MsrMeter::MsrMeter(const FileTree& files, const Clock& clock, std::vector<MsrZone> zones)
    : RaplMeter(clock, "msr", "RAPL registers (" + files.display("dev/cpu") + "/*/msr)", zones_of(zones),
                Wraps::kShown),
      files_(files),
      registers_(std::move(zones)) {}

std::variant<Joules, Gap> MsrMeter::read_counter(std::size_t zone) {
    const MsrZone& one = registers_[zone];
    const RegisterContent content = files_.read_register(one.zone.place, one.number);
    if (!content.ok()) {
        return Gap{GapKind::kUnreadable, fmt::format("{}, register {:#x}: {}", files_.display(one.zone.place),
                                                     one.number, std::strerror(content.error))};
    }
    return one.unit * static_cast<double>(content.value & kCounterBits);
}

}  // namespace espalier::meters
