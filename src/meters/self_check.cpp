#include "meters/self_check.h"

#include <fmt/core.h>

#include <algorithm>
#include <vector>

#include "meters/window.h"

namespace espalier::meters {
namespace {

constexpr std::size_t kChangesNeeded = 5;
constexpr Seconds kWatchPeriod{0.1};

/// Sum of the added zones' numbers, or nothing where one of them could not be read.
std::optional<double> added(const Description& description, const Reading& reading) {
    double sum = 0;
    for (std::size_t zone = 0; zone < reading.zones.size(); ++zone) {
        if (description.zones[zone].role != ZoneRole::kAdded) continue;
        const Value* value = std::get_if<Value>(&reading.zones[zone]);
        if (value == nullptr) return std::nullopt;
        sum += number(value->amount);
    }
    return sum;
}

/// The mean of the times between changes that are within half of their median: a poll makes single ones
/// longer and shorter in turn, and a value that came twice makes one long. Nothing unless that is most of
/// them.
std::optional<Seconds> usual_period(const std::vector<Seconds>& changes) {
    std::vector<Seconds> periods;
    for (std::size_t i = 1; i < changes.size(); ++i) periods.push_back(changes[i] - changes[i - 1]);
    const auto middle = periods.begin() + static_cast<std::ptrdiff_t>(periods.size() / 2);
    std::nth_element(periods.begin(), middle, periods.end());
    const Seconds median = *middle;
    Seconds sum;
    std::size_t count = 0;
    for (const Seconds period : periods) {
        if (period < median * 0.5 || period > median * 1.5) continue;
        sum += period;
        ++count;
    }
    if (count * 4 < periods.size() * 3) return std::nullopt;
    return sum / static_cast<double>(count);
}

Availability judge(const Description& description, const std::vector<Reading>& readings) {
    const WindowReading window = measure(description, readings);
    const std::string& source = description.source;
    if (window.validity == Validity::kAmbiguousTotal) return {State::kOk, window.problem, ""};
    if (!window.valid()) return {State::kBroken, source + ": " + window.problem, "espalier doctor"};
    if (!window.energy || *window.energy <= Joules(0)) {
        return {State::kBroken,
                fmt::format("{}: no energy was counted in {:.1f} s", source, window.duration().value()),
                "restart the machine or its driver; a counter that stands still measures nothing"};
    }
    return {State::kOk, "", ""};
}

}  // namespace

std::optional<Seconds> measure_refresh_period(Meter& meter, Clock& clock, Seconds limit, Seconds poll,
                                              std::size_t enough) {
    std::vector<Seconds> changes;
    std::optional<double> last;
    for (const Seconds end = clock.now() + limit; clock.now() < end && changes.size() < enough;
         clock.sleep(poll)) {
        const Reading reading = meter.read();
        const auto value = added(meter.description(), reading);
        if (!value) return std::nullopt;
        if (last && *value != *last) changes.push_back(reading.time);
        last = value;
    }
    if (changes.size() < kChangesNeeded) return std::nullopt;
    return usual_period(changes);
}

std::vector<Availability> self_check(std::span<Meter* const> meters, Clock& clock, Seconds duration) {
    std::vector<std::vector<Reading>> readings(meters.size());
    const auto look = [&] {
        for (std::size_t i = 0; i < meters.size(); ++i) readings[i].push_back(meters[i]->read());
    };
    look();
    for (const Seconds end = clock.now() + duration; clock.now() < end;) {
        clock.sleep(kWatchPeriod);
        look();
    }
    std::vector<Availability> found;
    for (std::size_t i = 0; i < meters.size(); ++i)
        found.push_back(judge(meters[i]->description(), readings[i]));
    return found;
}

}  // namespace espalier::meters
