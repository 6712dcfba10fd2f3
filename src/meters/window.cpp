#include "meters/window.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"

namespace espalier::meters {
namespace {

constexpr std::array<std::string_view, 4> kValidities = {"valid", "gap", "interrupted", "ambiguous total"};

/// The readings of one zone, or why they cannot be used.
struct Series {
    std::vector<const Value*> values;
    Validity validity = Validity::kValid;
    std::string problem;
};

Series collect(std::span<const Reading> readings, std::size_t zone) {
    Series series;
    for (const Reading& reading : readings) {
        if (const Gap* gap = std::get_if<Gap>(&reading.zones[zone])) {
            series.validity = Validity::kGap;
            series.problem = gap->reason;
            return series;
        }
        series.values.push_back(&std::get<Value>(reading.zones[zone]));
    }
    const Value& last = *series.values.back();
    if (last.continuity != series.values.front()->continuity) {
        series.validity = Validity::kInterrupted;
        series.problem = last.interruption;
    }
    return series;
}

template <typename Unit>
double at(const Value& value) {
    const Unit* amount = std::get_if<Unit>(&value.amount);
    if (amount == nullptr) fail("a meter gave a reading in another unit than its description says");
    return amount->value();
}

/// Area under the values over time, by trapezoids.
template <typename Unit>
double area(std::span<const Value* const> values) {
    double sum = 0;
    for (std::size_t i = 1; i < values.size(); ++i) {
        const double width = (values[i]->time - values[i - 1]->time).value();
        sum += 0.5 * width * (at<Unit>(*values[i - 1]) + at<Unit>(*values[i]));
    }
    return sum;
}

Ratio mean_ratio(std::span<const Value* const> values) {
    const double width = (values.back()->time - values.front()->time).value();
    if (width <= 0) return Ratio(at<Ratio>(*values.back()));
    return Ratio(area<Ratio>(values) / width);
}

Bytes largest(std::span<const Value* const> values) {
    Bytes most{0};
    for (const Value* value : values) {
        const Bytes* bytes = std::get_if<Bytes>(&value->amount);
        if (bytes == nullptr) fail("a memory meter gave a reading that is not in bytes");
        most = std::max(most, *bytes);
    }
    return most;
}

Amount amount_of(UnitKind unit, std::span<const Value* const> values) {
    const Value& first = *values.front();
    const Value& last = *values.back();
    switch (unit) {
        case UnitKind::kCumulativeEnergy:
            return Joules(at<Joules>(last) - at<Joules>(first));
        case UnitKind::kCumulativeTime:
            return Seconds(at<Seconds>(last) - at<Seconds>(first));
        case UnitKind::kPower:
            return Joules(area<Watts>(values));
        case UnitKind::kUtilization:
            return mean_ratio(values);
        case UnitKind::kMemory:
            break;
    }
    return largest(values);
}

bool counts_energy(UnitKind unit) { return unit == UnitKind::kCumulativeEnergy || unit == UnitKind::kPower; }

/// Whether a failure of this zone spoils the window: contained and duplicate zones are only shown.
bool matters(ZoneRole role) { return role == ZoneRole::kAdded || role == ZoneRole::kAmbiguous; }

/// A counter of something that always draws power and did not move says nothing about the window.
void check_movement(const Description& description, Series& series) {
    if (!description.always_draws || series.validity != Validity::kValid) return;
    if (at<Joules>(*series.values.back()) > at<Joules>(*series.values.front())) return;
    series.validity = Validity::kGap;
    series.problem = fmt::format("the counter did not move in {:.3f} s, although power is always drawn",
                                 (series.values.back()->time - series.values.front()->time).value());
}

void add_zone(WindowReading& window, UnitKind unit, const Zone& zone, const Series& series) {
    ZoneWindow result{zone, std::nullopt, series.problem};
    if (series.validity == Validity::kValid) {
        result.amount = amount_of(unit, series.values);
    } else if (matters(zone.role) && window.valid()) {
        window.validity = series.validity;
        window.problem = zone.id + ": " + series.problem;
    }
    window.zones.push_back(std::move(result));
}

/// Sum over the added zones of one reading, all of which are valid, in the unit of the readings.
double added(const Description& description, const Reading& reading) {
    double sum = 0;
    for (std::size_t zone = 0; zone < reading.zones.size(); ++zone) {
        if (description.zones[zone].role == ZoneRole::kAdded)
            sum += number(std::get<Value>(reading.zones[zone]).amount);
    }
    return sum;
}

/// The largest mean power over stretches of at least two refreshes, and of the whole window.
Watts peak_of_counter(const Description& description, std::span<const Reading> readings) {
    const auto power = [&](const Reading& from, const Reading& to) {
        return Joules(added(description, to) - added(description, from)) / (to.time - from.time);
    };
    Watts peak = power(readings.front(), readings.back());
    std::size_t from = 0;
    for (std::size_t to = 1; to < readings.size(); ++to) {
        if (readings[to].time - readings[from].time < description.refresh_period * 2) continue;
        peak = std::max(peak, power(readings[from], readings[to]));
        from = to;
    }
    return peak;
}

Seconds time_error(const Reading& reading) {
    Seconds largest;
    for (const ZoneReading& zone : reading.zones) {
        if (const Value* value = std::get_if<Value>(&zone)) largest = std::max(largest, value->time_error);
    }
    return largest;
}

PowerSeen power_seen(const Description& description, std::span<const Reading> readings) {
    PowerSeen seen;
    seen.time_error = std::max(time_error(readings.front()), time_error(readings.back()));
    if (readings.back().time <= readings.front().time) return seen;
    for (std::size_t i = 1; i < readings.size(); ++i)
        seen.apart = std::max(seen.apart, readings[i].time - readings[i - 1].time);
    if (description.unit == UnitKind::kCumulativeEnergy) {
        seen.peak = peak_of_counter(description, readings);
        return seen;
    }
    double last = added(description, readings.front());
    double squares = 0;
    seen.least = Watts(last);
    for (const Reading& reading : readings) {
        const double power = added(description, reading);
        seen.least = std::min(seen.least, Watts(power));
        seen.peak = std::max(seen.peak, Watts(power));
        seen.moved += Watts(std::fabs(power - last));
        squares += (power - last) * (power - last);
        last = power;
    }
    seen.moved_root = Watts(std::sqrt(squares));
    return seen;
}

/// Adds up the added zones (domain algebra) and budgets the error of the sum.
void total(WindowReading& window, const Description& description, std::span<const Reading> readings,
           Watts peak) {
    if (!window.valid() || !counts_energy(description.unit)) return;
    Joules sum;
    bool any = false;
    for (const ZoneWindow& zone : window.zones) {
        if (zone.zone.role == ZoneRole::kAmbiguous) {
            window.validity = Validity::kAmbiguousTotal;
            window.problem = zone.zone.id + " may mirror another zone; calibrate to find out";
            return;
        }
        if (zone.zone.role != ZoneRole::kAdded) continue;
        sum += std::get<Joules>(*zone.amount);
        any = true;
    }
    if (!any) return;
    window.energy = sum;
    PowerSeen seen = power_seen(description, readings);
    seen.peak = std::max(seen.peak, peak);
    if (window.duration() > Seconds(0)) seen.mean = sum / window.duration();
    window.uncertainty = budget(description, seen, window.duration());
}

void check(const Description& description, std::span<const Reading> readings) {
    if (readings.size() < 2)
        fail("a window of meter '{}' needs two readings, got {}", description.name, readings.size());
    for (const Reading& reading : readings) {
        if (reading.zones.size() == description.zones.size()) continue;
        fail("a reading of meter '{}' has {} zones; its description has {}", description.name,
             reading.zones.size(), description.zones.size());
    }
}

/// Power of the added zones over one interval, or nothing where it is not valid.
std::optional<Watts> interval_power(const Description& description, std::span<const Reading> pair) {
    const WindowReading window = measure(description, pair);
    if (!window.energy || window.duration() <= Seconds(0)) return std::nullopt;
    return *window.energy / window.duration();
}

std::optional<Watts> momentary_power(const Description& description, const Reading& reading) {
    if (!has_total(description)) return std::nullopt;
    Watts sum;
    for (std::size_t zone = 0; zone < reading.zones.size(); ++zone) {
        if (description.zones[zone].role != ZoneRole::kAdded) continue;
        const Value* value = std::get_if<Value>(&reading.zones[zone]);
        if (value == nullptr) return std::nullopt;
        sum += Watts(at<Watts>(*value));
    }
    return sum;
}

}  // namespace

std::string_view name(Validity validity) { return kValidities[static_cast<std::size_t>(validity)]; }

std::optional<Amount> WindowReading::amount(std::string_view zone_id) const {
    for (const ZoneWindow& zone : zones) {
        if (zone.zone.id == zone_id) return zone.amount;
    }
    return std::nullopt;
}

Watts largest_power(const Description& description, std::span<const Reading> readings) {
    Watts largest;
    for (const Reading& reading : readings)
        largest = std::max(largest, momentary_power(description, reading).value_or(Watts(0)));
    return largest;
}

WindowReading measure(const Description& description, std::span<const Reading> readings, Watts peak) {
    check(description, readings);
    WindowReading window;
    window.meter = description.name;
    window.source = description.source;
    window.scope = description.scope;
    window.tier = description.tier;
    window.part = description.part;
    window.unit = description.unit == UnitKind::kPower ? UnitKind::kCumulativeEnergy : description.unit;
    window.start = readings.front().time;
    window.end = readings.back().time;
    window.notes = description.notes;
    for (std::size_t zone = 0; zone < description.zones.size(); ++zone) {
        Series series = collect(readings, zone);
        if (matters(description.zones[zone].role)) check_movement(description, series);
        add_zone(window, description.unit, description.zones[zone], series);
    }
    total(window, description, readings, peak);
    return window;
}

std::vector<PowerPoint> power_trace(const Description& description, std::span<const Reading> readings) {
    std::vector<PowerPoint> points;
    if (!counts_energy(description.unit)) return points;
    if (description.unit == UnitKind::kPower) {
        for (const Reading& reading : readings) {
            if (const auto power = momentary_power(description, reading))
                points.push_back({reading.time, *power});
        }
        return points;
    }
    std::size_t from = 0;
    for (std::size_t to = 1; to < readings.size(); ++to) {
        if (readings[to].time - readings[from].time < description.refresh_period * 2) continue;
        if (const auto power = interval_power(description, readings.subspan(from, to - from + 1)))
            points.push_back({readings[to].time, *power});
        from = to;
    }
    return points;
}

Seconds shortest_window(const Description& description) {
    if (!counts_energy(description.unit)) return Seconds(0);
    if (description.least_window > Seconds(0)) return description.least_window;
    // What an averaging sensor does not know of the edges is then at most a tenth of how far power varied.
    const Seconds refreshes = std::max(description.refresh_period * 50, description.averaging * 10);
    switch (description.tier) {
        case Tier::kWallMeter:
            return std::max(Seconds(60), refreshes);
        case Tier::kIntegratedSensor:
            return std::max(Seconds(5), refreshes);
        default:
            return std::max(Seconds(1), refreshes);
    }
}

}  // namespace espalier::meters
