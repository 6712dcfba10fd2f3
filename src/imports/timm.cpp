#include <fmt/format.h>

#include <array>
#include <cmath>
#include <limits>
#include <map>

#include "base/error.h"
#include "imports/format.h"
#include "imports/kinds.h"

/// timm's tables of results: one row for each model, either of its speed or of its accuracy. What `espalier
/// report
/// --format timm` writes has the same columns and names the tactic, too.
namespace espalier::imports {
namespace {

constexpr std::array<std::string_view, 4> kBenchmarkColumns = {"model", "infer_samples_per_sec",
                                                               "infer_step_time", "infer_batch_size"};
constexpr std::array<std::string_view, 3> kResultsColumns = {"model", "top1", "top5"};

/// Throughput and step time are rounded apart.
constexpr double kRounding = 0.05;

class TimmReader final : public Reader {
  public:
    explicit TimmReader(bool speed) : speed_(speed) {}
    void read(Table& table, const Source& source) override;
    Measurements finish() override;

  private:
    std::optional<double> checked(const Table& table, std::string_view column, double least, double most);
    void read_speed(const Table& table, Variant& variant, Repetition& run);
    void read_accuracy(const Table& table, Repetition& run);

    bool speed_;
    Measurements result_;
    std::map<std::pair<std::string, std::string>, std::size_t> variants_;
    std::map<std::size_t, int> runs_;
    RowFindings findings_;
    bool has_energy_ = false;
};

std::optional<double> TimmReader::checked(const Table& table, std::string_view name, double least,
                                          double most) {
    const auto column = table.find(name);
    const auto value = table.number(column);
    if (!value || (std::isfinite(*value) && *value >= least && *value <= most)) return value;
    findings_.add(kind::kImpossibleValue, table.file(), table.line(),
                  fmt::format("{} {}", name, table.text(*column)));
    return std::nullopt;
}

void TimmReader::read_speed(const Table& table, Variant& variant, Repetition& run) {
    constexpr double kMost = 1e12;
    const auto step_ms = checked(table, "infer_step_time", std::numeric_limits<double>::min(), kMost);
    const auto rate = checked(table, "infer_samples_per_sec", std::numeric_limits<double>::min(), kMost);
    const auto batch = checked(table, "infer_batch_size", 1.0, 1e6);
    if (batch) variant.batch = static_cast<int>(*batch);
    if (!step_ms || !batch) return;
    run.images = variant.batch;
    run.duration_s = *step_ms * 1e-3;
    run.latency_s = {static_cast<float>(*step_ms * 1e-3)};
    const double implied = *batch / (*step_ms * 1e-3);
    if (rate && std::fabs(*rate - implied) > kRounding * implied) {
        findings_.add(kind::kThroughput, table.file(), table.line(),
                      fmt::format("{:.4g} images/s stated, {:.4g} by batch and step time", *rate, implied));
    }
}

void TimmReader::read_accuracy(const Table& table, Repetition& run) {
    for (const char* name : {"top1", "top5"}) {
        if (const auto percent = checked(table, name, 0.0, 100.0))
            run.readings.push_back({name, "%", percent});
    }
}

void TimmReader::read(Table& table, const Source& source) {
    const std::size_t model = table.need("model");
    const auto tactic = table.find("tactic");
    has_energy_ = has_energy_ || table.find("energy_j_per_image");
    while (table.next()) {
        const std::string name = !source.tactic.empty() ? tactic_name(source.tactic)
                                 : tactic               ? tactic_name(table.text(*tactic))
                                                        : "baseline";
        const std::pair key(std::string(table.text(model)), name);
        if (key.first.empty()) fail_usage("{}: the column \"model\" is empty", table.where());
        const auto [found, added] = variants_.try_emplace(key, result_.variants.size());
        if (added) {
            Variant variant;
            variant.model = key.first;
            variant.tactic = key.second;
            result_.variants.push_back(std::move(variant));
        }
        Repetition run;
        run.variant = found->second;
        run.number = runs_[run.variant]++;
        run.where = table.where();
        if (speed_) {
            read_speed(table, result_.variants[found->second], run);
        } else {
            read_accuracy(table, run);
        }
        if (const auto parameters = checked(table, "param_count", 0.0, 1e9))
            run.readings.push_back({"parameters", "", *parameters * 1e6});
        if (const auto gmacs = checked(table, "infer_gmacs", 0.0, 1e9))
            run.readings.push_back({"MACs", "MAC", *gmacs * 1e9});
        result_.repetitions.push_back(std::move(run));
    }
}

Measurements TimmReader::finish() {
    auto& notes = result_.notes;
    if (speed_) {
        notes.emplace_back(
            "a row is one repetition: its step time is a mean, so nothing is known of its scatter and no p95 "
            "means anything");
    } else {
        notes.emplace_back(
            "accuracy is stated as a share, without predictions: it is kept as a reading and cannot be "
            "compared image by image");
    }
    notes.emplace_back("device, precision and threads are in the file's name at best, not in its columns");
    notes.emplace_back(
        has_energy_
            ? "energy columns, which timm does not have, are left out: a store holds what they were made from"
            : "no energy is in the file");
    result_.found = findings_.artefacts();
    return std::move(result_);
}

}  // namespace

const Format kTimmBenchmark = {
    "timm-benchmark", "timm's benchmark-infer-*.csv: one row for each model's speed", kBenchmarkColumns,
    [](const ReadOptions&) -> std::unique_ptr<Reader> { return std::make_unique<TimmReader>(true); }};

const Format kTimmResults = {
    "timm-results", "timm's results-*.csv: one row for each model's accuracy", kResultsColumns,
    [](const ReadOptions&) -> std::unique_ptr<Reader> { return std::make_unique<TimmReader>(false); }};

}  // namespace espalier::imports
