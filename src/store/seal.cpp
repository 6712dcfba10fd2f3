#include "store/seal.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <span>

#include "base/file.h"

namespace espalier::store {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are sealed in little-endian order");

/// Values one behind the other, each text and array after its length, so that no two records give the same
/// bytes.
class Sealed {
  public:
    template <typename T>
    void add_array(std::span<const T> values) {
        add(static_cast<std::int64_t>(values.size()));
        append(values.data(), values.size_bytes());
    }
    void add(std::int64_t value) { append(&value, sizeof(value)); }
    void add(double value) { append(&value, sizeof(value)); }
    void add(const std::string& text) { add_array(std::span<const char>(text.data(), text.size())); }
    void add(const std::optional<double>& value) {
        // SQLite keeps no NaN: what is written as one comes back as unknown.
        const bool known = value && !std::isnan(*value);
        add(static_cast<std::int64_t>(known));
        if (known) add(*value);
    }
    const std::string& all() const { return bytes_; }

  private:
    void append(const void* data, std::size_t size) {
        if (size > 0) bytes_.append(static_cast<const char*>(data), size);
    }

    std::string bytes_;
};

void add(Sealed& bytes, const EnergyRecord& energy) {
    for (const auto* text :
         {&energy.meter, &energy.zone, &energy.tier, &energy.scope, &energy.problem, &energy.device})
        bytes.add(*text);
    bytes.add(energy.joules);
    bytes.add(static_cast<std::int64_t>(energy.in_total));
    bytes.add(energy.factor_low);
    bytes.add(energy.factor_high);
}

/// The store gives readings back by name.
void add(Sealed& bytes, std::vector<ReadingRecord> readings) {
    std::sort(readings.begin(), readings.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    bytes.add(static_cast<std::int64_t>(readings.size()));
    for (const auto& reading : readings) {
        bytes.add(reading.name);
        bytes.add(reading.unit);
        bytes.add(reading.value);
    }
}

void add(Sealed& bytes, const PhaseRecord& phase) {
    bytes.add(phase.name);
    bytes.add(phase.start_s);
    bytes.add(phase.end_s);
    bytes.add(phase.calls);
    bytes.add(phase.images);
    bytes.add(phase.cpu_s);
    bytes.add_array(std::span<const float>(phase.latency_s));
    bytes.add(static_cast<std::int64_t>(phase.energies.size()));
    for (const auto& energy : phase.energies) add(bytes, energy);
    add(bytes, phase.readings);
}

void add(Sealed& bytes, const TraceRecord& trace) {
    for (const auto* text : {&trace.meter, &trace.zone, &trace.unit}) bytes.add(*text);
    bytes.add_array(std::span<const double>(trace.times_s));
    bytes.add_array(std::span<const double>(trace.samples));
}

}  // namespace

std::string measured_sha256(const TrialRecord& trial) {
    Sealed bytes;
    for (const auto* text : {&trial.predictions_sha256, &trial.evidence, &trial.environment})
        bytes.add(*text);
    bytes.add(static_cast<std::int64_t>(trial.phases.size()));
    for (const auto& phase : trial.phases) add(bytes, phase);
    bytes.add(static_cast<std::int64_t>(trial.traces.size()));
    for (const auto& trace : trial.traces) add(bytes, trace);
    return sha256(bytes.all());
}

}  // namespace espalier::store
