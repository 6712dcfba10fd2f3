#include <algorithm>
#include <cmath>
#include <map>

#include "meters/rapl/dies.h"
#include "meters/window.h"

namespace espalier::meters {
namespace {

constexpr std::size_t kWindowsNeeded = 5;
constexpr double kSame = 0.005;
constexpr double kDifferent = 0.05;
constexpr double kLoadSpread = 1.2;

/// (most - least) / most of the dies in one window.
double disagreement(const std::vector<Joules>& dies) {
    const auto [least, most] = std::minmax_element(dies.begin(), dies.end());
    if (*most <= Joules(0)) return 0;
    return (*most - *least) / *most;
}

/// Energies of the packages' dies in one window, by socket; empty where one of them is not known.
std::map<std::string, std::vector<Joules>> energies_by_socket(const WindowReading& window) {
    std::map<std::string, std::vector<Joules>> sockets;
    for (const ZoneWindow& zone : window.zones) {
        const auto die = zone.zone.id.find("-die-");
        const bool top_level = zone.zone.id.find('/') == std::string::npos;
        if (die == std::string::npos || !top_level || zone.zone.role == ZoneRole::kDuplicate) continue;
        if (!zone.amount) return {};
        sockets[zone.zone.id.substr(0, die)].push_back(std::get<Joules>(*zone.amount));
    }
    return sockets;
}

/// One verdict for the machine: mirrored or distinct only where every socket says so.
DieRelation combine(const std::map<std::string, std::vector<std::vector<Joules>>>& sockets) {
    std::optional<DieRelation> all;
    for (const auto& [socket, windows] : sockets) {
        const DieRelation relation = judge_dies(windows);
        if (all && *all != relation) return DieRelation::kUnknown;
        all = relation;
    }
    return all.value_or(DieRelation::kUnknown);
}

}  // namespace

DieRelation judge_dies(std::span<const std::vector<Joules>> windows) {
    double worst = 0;
    double least = INFINITY;
    double most = 0;
    for (const std::vector<Joules>& dies : windows) {
        if (dies.size() < 2) return DieRelation::kUnknown;
        worst = std::max(worst, disagreement(dies));
        least = std::min(least, dies.front().value());
        most = std::max(most, dies.front().value());
    }
    if (worst > kDifferent) return DieRelation::kDistinct;
    if (windows.size() < kWindowsNeeded || most < kLoadSpread * least) return DieRelation::kUnknown;
    return worst <= kSame ? DieRelation::kMirrored : DieRelation::kUnknown;
}

DieRelation examine_dies(RaplMeter& meter, int windows, const std::function<void(int)>& run_window) {
    std::map<std::string, std::vector<std::vector<Joules>>> sockets;
    for (int i = 0; i < windows; ++i) {
        std::vector<Reading> edges;
        edges.push_back(meter.read());
        run_window(i);
        edges.push_back(meter.read());
        for (auto& [socket, dies] : energies_by_socket(measure(meter.description(), edges))) {
            sockets[socket].push_back(std::move(dies));
        }
    }
    const DieRelation relation = combine(sockets);
    if (relation != DieRelation::kUnknown) meter.settle_dies(relation);
    return relation;
}

}  // namespace espalier::meters
