#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "meters/meter.h"
#include "meters/named/spec.h"
#include "net/http.h"

namespace espalier::meters::wall {

/// What a device says at one moment. What it does not say is nothing, never 0.
struct Sample {
    std::optional<Watts> power;
    std::optional<Joules> energy;      ///< its register, since an origin of its own
    std::string stamp;                 ///< the device's own time of this answer; empty: it tells none
    std::optional<Seconds> uptime;     ///< since it was started
    std::optional<Seconds> unix_time;  ///< its clock, since 1970
};

/// How one kind of device is asked, how its answer is understood, and what is known of its numbers.
struct Dialect {
    std::string device;                                   ///< "Shelly plug of the second generation"
    std::string target;                                   ///< path and query
    std::string scope;                                    ///< what its numbers cover
    std::function<Sample(const std::string& body)> read;  ///< throws SourceError
    net::Login login = net::Login::kBasic;
    bool login_in_query = false;  ///< user and password are part of the query
    Tier tier = Tier::kWallMeter;
    Part part = Part::kMachine;
    Seconds refresh{1};           ///< between two values of power
    Seconds register_refresh{1};  ///< between two values of the register
    Seconds averaging{};          ///< of power
    Watts power_step{};           ///< least step of power
    Joules register_step{};       ///< least step of the register
    double accuracy = 0.0;        ///< as Description::accuracy
    std::vector<std::string> notes;
};

/// What is known of the sensors in plugs: 1 to 2 % of the value is usual, so 2 % is the bound.
inline constexpr double kPlugAccuracy = 0.02;
inline constexpr const char* kPlugNote =
    "below 5 W the sensor of a plug may be off by more than its accuracy";

/// One for each kind of device. Throw a usage Error for a part that is none.
Dialect shelly1(const MeterSpec& spec);
Dialect shelly2(const MeterSpec& spec);
Dialect tasmota(const MeterSpec& spec);
Dialect netio(const MeterSpec& spec);
/// Tier, scope and accuracy of these are what the user states.
Dialect http_json(const MeterSpec& spec);
Dialect prometheus(const MeterSpec& spec);

}  // namespace espalier::meters::wall
