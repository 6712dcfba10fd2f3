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
constexpr int kLooks = 6;
constexpr Seconds kBetweenLooks{0.04};

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
DieRelation combine(const std::vector<DieRelation>& sockets) {
    if (sockets.empty()) return DieRelation::kUnknown;
    const bool agree = std::all_of(sockets.begin(), sockets.end(),
                                   [&](DieRelation relation) { return relation == sockets.front(); });
    return agree ? sockets.front() : DieRelation::kUnknown;
}

/// What the counters of one socket's dies showed, read one after the other and the first once more.
struct Look {
    std::vector<Joules> dies;
    Joules first_again;

    /// Whether all of them are one number that grew while it was read.
    bool one_number() const {
        return std::all_of(dies.begin(), dies.end(),
                           [&](Joules die) { return dies.front() <= die && die <= first_again; });
    }
};

/// Nothing where a counter cannot be read.
std::optional<Look> look_at(RaplMeter& meter, const std::vector<std::size_t>& dies) {
    Look look;
    for (const std::size_t die : dies) {
        const auto energy = meter.shown_now(die);
        if (!energy) return std::nullopt;
        look.dies.push_back(*energy);
    }
    const auto again = meter.shown_now(dies.front());
    if (!again) return std::nullopt;
    look.first_again = *again;
    return look;
}

DieRelation judge_looks(const std::vector<Look>& looks) {
    std::vector<Joules> energies;
    for (std::size_t die = 0; die < looks.front().dies.size(); ++die) {
        energies.push_back(looks.back().dies[die] - looks.front().dies[die]);
        // A counter that wrapped or stands still tells nothing.
        if (energies.back() <= Joules(0)) return DieRelation::kUnknown;
    }
    const bool mirrored =
        std::all_of(looks.begin(), looks.end(), [](const Look& look) { return look.one_number(); });
    if (mirrored) return DieRelation::kMirrored;
    return disagreement(energies) > kDifferent ? DieRelation::kDistinct : DieRelation::kUnknown;
}

/// Indices of the dies of the packages that have several, by socket.
std::map<std::string, std::vector<std::size_t>> dies_by_socket(const std::vector<RaplZone>& zones) {
    std::map<std::string, std::vector<std::size_t>> sockets;
    for (std::size_t i = 0; i < zones.size(); ++i) {
        const RaplZone& zone = zones[i];
        const auto die = zone.name.find("-die-");
        if (die == std::string::npos || !zone.top_level || zone.zone.role == ZoneRole::kDuplicate) continue;
        sockets[zone.name.substr(0, die)].push_back(i);
    }
    std::erase_if(sockets, [](const auto& socket) { return socket.second.size() < 2; });
    return sockets;
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

DieRelation compare_dies(RaplMeter& meter, Clock& clock) {
    const auto sockets = dies_by_socket(meter.zones());
    if (sockets.empty()) return DieRelation::kUnknown;
    std::map<std::string, std::vector<Look>> seen;
    for (int i = 0; i < kLooks; ++i) {
        if (i > 0) clock.sleep(kBetweenLooks);
        for (const auto& [socket, dies] : sockets) {
            const auto look = look_at(meter, dies);
            if (!look) return DieRelation::kUnknown;
            seen[socket].push_back(*look);
        }
    }
    std::vector<DieRelation> relations;
    for (const auto& [socket, looks] : seen) relations.push_back(judge_looks(looks));
    return combine(relations);
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
    std::vector<DieRelation> relations;
    for (const auto& [socket, dies] : sockets) relations.push_back(judge_dies(dies));
    const DieRelation relation = combine(relations);
    if (relation != DieRelation::kUnknown) meter.settle_dies(relation);
    return relation;
}

}  // namespace espalier::meters
