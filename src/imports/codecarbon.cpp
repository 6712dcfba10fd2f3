#include <fmt/format.h>

#include <array>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "imports/format.h"
#include "imports/kinds.h"
#include "imports/logs.h"
#include "tactics/tactic.h"

/// codecarbon's emissions.csv: one row for each run of a tracker. Energies are kWh, powers W, durations s.
namespace espalier::imports {
namespace {

constexpr std::array<std::string_view, 4> kColumns = {"project_name", "duration", "cpu_energy",
                                                      "energy_consumed"};

constexpr double kJoulesPerKwh = 3.6e6;

/// How far its model of a processor may be from the truth: from a constant of half the TDP to a cubic of the
/// load (docs/import.md). The columns do not say whether a counter was read instead, so no more is claimed.
constexpr double kFactorLow = 0.21;
constexpr double kFactorHigh = 4.3;

/// How often the counter of a GPU changes.
constexpr double kNvmlRefreshS = 0.1;

/// The sum of the parts may differ from the total by rounding.
constexpr double kRounding = 0.01;

struct Part {
    std::string_view energy;
    std::string_view power;
    std::string_view meter;
    std::string_view tier;
    std::string_view scope;
    std::string_view device;
};

constexpr Part kParts[] = {
    {"cpu_energy", "cpu_power", "codecarbon-cpu", "E", "CPU, counter or model", "cpu"},
    {"gpu_energy", "gpu_power", "codecarbon-gpu", "C", "GPU boards", "gpu"},
    {"ram_energy", "ram_power", "codecarbon-ram", "E", "memory, model by size", "cpu"},
};

bool is_tactic(const std::string& name) {
    for (const auto& tactic : tactics::all_tactics()) {
        if (name == tactic.name || name.starts_with(std::string(tactic.name) + ":")) return true;
    }
    return false;
}

class CodecarbonReader final : public Reader {
  public:
    explicit CodecarbonReader(ReadOptions options) : options_(std::move(options)) {}
    void read(Table& table, const Source& source) override;
    Measurements finish() override;

  private:
    std::size_t variant_of(const Table& table, const Source& source);
    std::optional<double> checked(const Table& table, const std::optional<std::size_t>& column, double least);
    std::optional<Energy> read_part(const Table& table, const Part& part, double pue);
    void check_total(const Table& table);

    ReadOptions options_;
    Measurements result_;
    std::map<std::pair<std::string, std::string>, std::size_t> variants_;
    std::map<std::size_t, int> runs_;
    RowFindings findings_;
    std::string cpu_;
    bool several_cpus_ = false;
};

std::size_t CodecarbonReader::variant_of(const Table& table, const Source& source) {
    const std::string project(table.text(table.need("project_name")));
    const std::string meant = tactic_name(source.tactic.empty() ? project : source.tactic);
    const bool named = !source.tactic.empty() || is_tactic(meant);
    std::string model = options_.model;
    if (model.empty()) model = named ? "codecarbon" : project;
    const std::pair key(model, named ? meant : "baseline");
    const auto [found, added] = variants_.try_emplace(key, result_.variants.size());
    if (added) {
        Variant variant;
        variant.model = key.first;
        variant.tactic = key.second;
        result_.variants.push_back(std::move(variant));
    }
    return found->second;
}

std::optional<double> CodecarbonReader::checked(const Table& table, const std::optional<std::size_t>& column,
                                                double least) {
    const auto value = table.number(column);
    if (!value || (std::isfinite(*value) && *value >= least)) return value;
    findings_.add(kind::kImpossibleValue, table.file(), table.line(),
                  fmt::format("{} {}", table.columns()[*column], table.text(*column)));
    return std::nullopt;
}

std::optional<Energy> CodecarbonReader::read_part(const Table& table, const Part& part, double pue) {
    const auto kwh = table.number(table.find(part.energy));
    if (!kwh) return std::nullopt;
    const auto gpus = table.number(table.find("gpu_count"));
    // Without a GPU its column says 0; that is no measurement of one.
    if (part.device == "gpu" && gpus.value_or(0.0) < 1.0) return std::nullopt;
    Energy energy;
    energy.record = {.meter = std::string(part.meter),
                     .zone = std::string(part.device),
                     .tier = std::string(part.tier),
                     .scope = std::string(part.scope),
                     .device = std::string(part.device)};
    if (part.tier == "E") {
        energy.record.factor_low = kFactorLow;
        energy.record.factor_high = kFactorHigh;
    } else {
        energy.refresh_s = kNvmlRefreshS;
    }
    if (std::isfinite(*kwh) && *kwh > 0.0) {
        energy.record.joules = *kwh * kJoulesPerKwh / pue;
    } else {
        energy.record.problem = fmt::format("{} is {}", part.energy, table.text(*table.find(part.energy)));
        energy.refused = *kwh * kJoulesPerKwh;
    }
    energy.power_w = checked(table, table.find(part.power), 0.0);
    return energy;
}

void CodecarbonReader::check_total(const Table& table) {
    const auto total = table.number(table.find("energy_consumed"));
    double sum = 0.0;
    for (const Part& part : kParts) sum += table.number(table.find(part.energy)).value_or(0.0);
    if (!total || !(sum > 0.0) || std::fabs(*total - sum) <= kRounding * sum) return;
    findings_.add(kind::kPartsNotSum, table.file(), table.line(),
                  fmt::format("energy_consumed {:.4g} kWh, parts {:.4g} kWh", *total, sum));
}

void CodecarbonReader::read(Table& table, const Source& source) {
    const std::size_t duration = table.need("duration");
    const auto pue_column = table.find("pue");
    const auto cpu = table.find("cpu_model");
    while (table.next()) {
        double pue = table.number(pue_column).value_or(1.0);
        if (!std::isfinite(pue) || pue < 1.0) {
            findings_.add(kind::kImpossibleValue, table.file(), table.line(),
                          fmt::format("pue {}", table.text(*pue_column)));
            pue = 1.0;
        }
        if (pue > 1.0)
            findings_.add(kind::kOverheadInEnergy, table.file(), table.line(), fmt::format("pue {}", pue));
        Repetition run;
        run.variant = variant_of(table, source);
        run.number = runs_[run.variant]++;
        run.where = table.where();
        run.images = options_.images.value_or(0);
        const auto seconds = checked(table, duration, 0.0);
        if (seconds && *seconds > 0.0) run.duration_s = seconds;
        for (const Part& part : kParts) {
            if (auto energy = read_part(table, part, pue)) run.energies.push_back(std::move(*energy));
        }
        check_total(table);
        if (cpu) {
            several_cpus_ = several_cpus_ || (!cpu_.empty() && cpu_ != table.text(*cpu));
            cpu_ = table.text(*cpu);
        }
        result_.repetitions.push_back(std::move(run));
    }
}

Measurements CodecarbonReader::finish() {
    for (const auto& run : result_.repetitions) {
        auto& device = result_.variants[run.variant].device;
        if (device == "unknown") device = "cpu";
        for (const auto& energy : run.energies) {
            if (energy.record.device == "gpu" && energy.record.joules) device = "gpu";
        }
    }
    if (!cpu_.empty() && !several_cpus_) result_.environment = nlohmann::json{{"cpu", cpu_}}.dump();
    auto& notes = result_.notes;
    notes.emplace_back(
        "energy of the processor and of memory is tier E: the columns do not tell a counter from a model by "
        "thermal design power");
    notes.emplace_back(
        "energy of GPUs is tier C: it is the sum of all boards of the machine, whichever was used");
    notes.emplace_back(
        "emissions are not imported; espalier computes them from energy and a stated carbon intensity");
    if (options_.images) {
        notes.push_back(fmt::format("{} images in each run, as given at the import", *options_.images));
    } else {
        notes.emplace_back(
            "how many images were classified is not in the file: energy is of whole runs and is not "
            "compared; --images tells it");
    }
    if (several_cpus_) notes.emplace_back("the rows name several processors: their runs do not compare");
    result_.found = findings_.artefacts();
    return std::move(result_);
}

}  // namespace

const Format kCodecarbon = {"codecarbon", "codecarbon's emissions.csv: one row for each run", kColumns,
                            [](const ReadOptions& options) -> std::unique_ptr<Reader> {
                                return std::make_unique<CodecarbonReader>(options);
                            }};

}  // namespace espalier::imports
