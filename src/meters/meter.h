#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/units.h"

namespace espalier::meters {

/// How much a number can be trusted, from the best down. A number is never shown without its tier.
enum class Tier {
    kWallMeter,          ///< A: external meter at the wall outlet
    kHardwareCounter,    ///< B: energy counter of the hardware
    kIntegratedSensor,   ///< C: power sensor of the vendor, integrated over time
    kCalibratedModel,    ///< D: model calibrated on this machine against tier A or B
    kUncalibratedModel,  ///< E: model from a data sheet; never a measurement, never tested as energy
    kNone,               ///< N: not an energy source
};

/// 'A' to 'E', or 'N'.
char letter(Tier tier);
/// What the tier stands for, e.g. "hardware counter".
std::string_view name(Tier tier);
/// Inverse of letter(). Throws Error when the letter is not one of A B C D E N.
Tier parse_tier(char letter);

/// A share of a whole; 1 means all of it.
using Ratio = Quantity<struct RatioDimension>;

/// What a meter's readings count.
enum class UnitKind {
    kCumulativeEnergy,  ///< Joules since an arbitrary origin, never falling
    kPower,             ///< Watts at (or averaged until) the moment of the reading
    kCumulativeTime,    ///< Seconds of processor time since an arbitrary origin, never falling
    kUtilization,       ///< Ratio
    kMemory,            ///< Bytes
};

std::string_view name(UnitKind unit);

/// The part of the machine whose doings a meter reads. Variants are compared by a meter of the part that
/// executes them, or of the whole machine; every other meter is only shown.
enum class Part {
    kProcessor,  ///< CPU packages and their memory
    kGpu,        ///< an accelerator board
    kModule,     ///< CPU, GPU and memory that are measured as one (Grace-Hopper)
    kMachine,    ///< everything behind one outlet
};

/// "cpu", "gpu", "module" or "machine": the word that variants use for the device that executes them.
std::string_view name(Part part);

/// A read value in its unit; the alternative held is fixed by the meter's UnitKind.
using Amount = std::variant<Joules, Watts, Seconds, Ratio, Bytes>;

/// The number in the unit of the held alternative (J, W, s, 1, bytes).
double number(const Amount& amount);

/// How a zone enters the total of its meter (domain algebra: nothing is counted twice).
enum class ZoneRole {
    kAdded,      ///< a distinct part of the total
    kContained,  ///< inside another zone (core, uncore) or around it (psys); shown, never added
    kDuplicate,  ///< another view of an added zone (MMIO, mirrored die); shown, never added
    kAmbiguous,  ///< part or mirror, not yet known; while one exists there is no total
};

std::string_view name(ZoneRole role);

/// A thing that is measured on its own.
struct Zone {
    std::string id;     ///< unique within the meter, e.g. "package-0", "package-0/dram", "process"
    std::string scope;  ///< what it covers in words, e.g. "CPU package 0"
    ZoneRole role = ZoneRole::kAdded;
};

/// Bounds of a model that is known only up to a factor: truth = estimate x [low, high].
struct FactorInterval {
    double low = 1.0;
    double high = 1.0;
};

/// Everything that must be known to print a number of a meter honestly.
struct Description {
    std::string name;    ///< "powercap", "nvml-energy", "cpu", "memory", "estimate", "fake"
    std::string source;  ///< where the numbers come from, e.g. "RAPL powercap, /sys/class/powercap"
    std::string scope;   ///< what the total covers, e.g. "2 CPU packages + DRAM"
    Tier tier = Tier::kNone;
    UnitKind unit = UnitKind::kCumulativeEnergy;
    Part part = Part::kProcessor;
    std::vector<Zone> zones;
    Seconds refresh_period;     ///< effective time between two values of the source
    Seconds averaging;          ///< power: each value is the mean over this time before it; 0: none
    bool always_draws = false;  ///< energy: a counter that does not move tells nothing, not 0 J
    double resolution = 0.0;    ///< least step of the source, in the unit of the readings
    double accuracy = 0.0;      ///< largest error of all values alike, as a share of them; 0: not stated
    std::optional<Seconds> longest_gap;  ///< reads must not be further apart than this, or wraps may be lost
    /// A read costs much: between edges of windows a sampler leaves at least this between two. 0: it costs
    /// little.
    Seconds costly_period;
    /// The shortest window worth anything, where tier and refresh period do not tell. 0: they do.
    Seconds least_window;
    std::optional<FactorInterval> factor;  ///< of models only
    std::vector<std::string> notes;        ///< statements that belong to every number, e.g. an ambiguity
};

/// Whether any zone adds to a total. Where none does, zones are shown and no energy of the meter exists.
bool has_total(const Description& description);

/// Why there is no value.
enum class GapKind {
    kUnreadable,      ///< the source could not be read (removed, permission, I/O error)
    kMalformed,       ///< it was read, but holds no number
    kImpossibleStep,  ///< the value jumped further than physics allows (torn read, reset)
    kFrozen,          ///< the value rests although what it measures cannot
};

std::string_view name(GapKind kind);

/// A failed read. A gap is never 0 and never the previous value.
struct Gap {
    GapKind kind = GapKind::kUnreadable;
    std::string reason;
};

/// A successful read.
struct Value {
    Amount amount;
    Seconds time;  ///< of the reading, on the meter's monotonic clock
    /// Two values of one zone may be subtracted only when their continuity is equal: it changes whenever a
    /// read failed or the time between two reads allowed more than one wrap.
    std::uint64_t continuity = 0;
    std::string interruption;  ///< why continuity last changed; empty where it never did
    Seconds time_error;        ///< `time` is known to this, e.g. half the time that the question took
};

using ZoneReading = std::variant<Value, Gap>;

/// One look at a meter: zones[i] belongs to description().zones[i].
struct Reading {
    Seconds time;  ///< when the look began
    std::vector<ZoneReading> zones;
};

/// What a meter noticed about itself, e.g. how long its answers took.
struct Figure {
    std::string name;  ///< "largest round trip"
    std::string unit;
    double value = 0.0;
};

/// A source of cumulative energy, power, time, utilization or memory.
/// read() keeps 64-bit accumulators, so one meter serves one thread; share it through a Sampler.
class Meter {
  public:
    virtual ~Meter() = default;
    virtual const Description& description() const = 0;
    /// Never throws for a failing source: a zone that cannot be read is a Gap.
    virtual Reading read() = 0;
    /// Called once, when the load was seen and before the window that counts: an instrument with ranges fixes
    /// them. May take seconds.
    virtual void fix_ranges() {}
    /// Until now. Not while another thread reads the meter.
    virtual std::vector<Figure> figures() const { return {}; }
};

}  // namespace espalier::meters
