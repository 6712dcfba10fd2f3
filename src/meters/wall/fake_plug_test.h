#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "meters/fake/plant.h"
#include "meters/fake/virtual_clock.h"
#include "net/fake_server_test.h"

namespace espalier::meters::wall::testing {

/// What a plug shows at one moment.
struct Shown {
    Watts power;
    Joules energy;  ///< of its register
    double uptime_s = 0.0;
    double unix_s = 0.0;
};

/// How a product writes it.
using Write = std::string (*)(const Shown& shown);

/// A plug on the loopback that samples a Plant on a virtual clock. Every request moves the clock by its round
/// trip: the value is that of the moment after the way there.
class FakePlug {
  public:
    FakePlug(const Plant& plant, VirtualClock& clock, Write write)
        : plant_(plant),
          clock_(clock),
          write_(write),
          server_([this](const auto& request) { return answer(request); }) {}

    std::string host() const { return server_.url().substr(std::string("http://").size()); }
    const net::testing::FakeServer& server() const { return server_; }

    // All of these are set between requests only.
    Seconds refresh{1.0};  ///< power is the mean over the period that ended last
    Seconds latency{0.0};
    Seconds jitter{0.0};  ///< added at most, on each way, uniformly
    Joules register_step{0.0};
    Joules register_start{0.0};
    std::string login;  ///< "Basic ..." that it demands; empty: none
    int status = 200;
    std::size_t sent = std::string::npos;  ///< bytes of the body that arrive
    std::optional<Seconds> frozen_at;      ///< from then on it shows what it showed
    std::vector<Seconds> restarts;         ///< uptime and register begin anew at each of them
    double clock_ahead_s = 0.0;            ///< its clock against that of the host
    Write other = nullptr;                 ///< writes instead, where it is set

  private:
    Seconds way() { return latency / 2 + jitter * random_.uniform(); }

    Shown show(Seconds now) const {
        const Seconds seen = frozen_at ? std::min(now, *frozen_at) : now;
        Seconds start;
        for (const Seconds restart : restarts) start = restart <= seen ? restart : start;
        const Seconds last = refresh * std::floor(seen / refresh);
        Joules energy = plant_.energy(last) - plant_.energy(std::min(start, last));
        if (start == Seconds(0)) energy += register_start;
        if (register_step > Joules(0)) energy = register_step * std::floor(energy / register_step);
        const Watts mean = (plant_.energy(last) - plant_.energy(last - refresh)) / refresh;
        return {mean, energy, std::floor((seen - start).value()), std::floor(now.value() + clock_ahead_s)};
    }

    net::testing::Reply answer(const net::testing::ServedRequest& request) {
        clock_.advance(way());
        const Shown shown = show(clock_.now());
        clock_.advance(way());
        if (!login.empty() && request.header("authorization") != login) return {401, {}, ""};
        if (status != 200) return {status, {}, "no"};
        net::testing::Reply reply{200, {}, (other != nullptr ? other : write_)(shown)};
        reply.sent = sent;
        return reply;
    }

    const Plant& plant_;
    VirtualClock& clock_;
    Write write_;
    Random random_{7};
    net::testing::FakeServer server_;
};

inline std::string shelly1_json(const Shown& shown) {
    return fmt::format(
        R"({{"relays":[{{"ison":true}}],"meters":[{{"power":{:.2f},"overpower":0.0,"is_valid":true,"timestamp":{:.0f},)"
        R"("counters":[0,0,0],"total":{:.0f}}}],"uptime":{:.0f},"unixtime":{:.0f}}})",
        shown.power.value(), shown.unix_s, std::floor(shown.energy.value() / 60.0), shown.uptime_s,
        shown.unix_s);
}

inline std::string shelly2_json(const Shown& shown) {
    return fmt::format(
        R"({{"sys":{{"uptime":{:.0f},"unixtime":{:.0f}}},"switch:0":{{"id":0,"output":true,"apower":{:.1f},)"
        R"("voltage":230.1,"aenergy":{{"total":{:.3f},"by_minute":[1.0,2.0,3.0],"minute_ts":{:.0f}}}}},)"
        R"("switch:1":{{"id":1,"output":true}}}})",
        shown.uptime_s, shown.unix_s, shown.power.value(), shown.energy.value() / 3600.0,
        std::floor(shown.unix_s / 60.0) * 60.0);
}

/// A time of day, as Tasmota writes it.
inline std::string local_time(double unix_s) {
    const auto s = static_cast<long>(unix_s);
    return fmt::format("2024-05-01T{:02}:{:02}:{:02}", s / 3600 % 24, s / 60 % 60, s % 60);
}

inline std::string tasmota_json(const Shown& shown) {
    return fmt::format(
        R"({{"StatusSNS":{{"Time":"{}","ENERGY":{{"TotalStartTime":"2024-01-01T00:00:00","Total":{:.3f},"Today":0.1,)"
        R"("Power":{:.0f},"ApparentPower":{:.0f},"Factor":0.95,"Voltage":230,"Current":0.5}}}}}})",
        local_time(shown.uptime_s), shown.energy.value() / 3.6e6, shown.power.value(),
        shown.power.value() / 0.95);
}

inline std::string netio_json(const Shown& shown) {
    return fmt::format(
        R"({{"Agent":{{"Model":"4C","Uptime":{:.0f}}},"GlobalMeasure":{{"Voltage":230.1,"TotalLoad":{:.0f},)"
        R"("TotalEnergy":{:.0f}}},"Outputs":[{{"ID":1,"Load":0,"Energy":7}},{{"ID":2,"Load":{:.0f},"Energy":{:.0f}}}]}})",
        shown.uptime_s, shown.power.value(), shown.energy.value() / 3600.0, shown.power.value(),
        shown.energy.value() / 3600.0);
}

}  // namespace espalier::meters::wall::testing
