#include <fmt/format.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "imports/format.h"
#include "imports/kinds.h"
#include "imports/logs.h"

/// What `nvidia-smi --query-gpu=timestamp,power.draw,... --format=csv` writes: one row for each sample of
/// each GPU.
namespace espalier::imports {
namespace {

constexpr std::array<std::string_view, 2> kColumns = {
    "timestamp", "power.draw [W]|power.draw.average [W]|power.draw.instant [W]|power.draw"};

/// How often NVML renews power; what it renews is a mean over 1 s on most boards since Ampere.
constexpr double kRefreshS = 0.1;

/// "2026/05/09 03:57:48.161" in s since 1970, time zones left aside; nothing for another form.
std::optional<double> parse_time(std::string_view text) {
    constexpr std::string_view kBetween = "// ::";
    std::array<std::int64_t, 5> parts{};
    const char* at = text.data();
    const char* last = at + text.size();
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const auto [end, problem] = std::from_chars(at, last, parts[i]);
        if (problem != std::errc() || end == last || (*end != kBetween[i] && !(i < 2 && *end == '-')))
            return std::nullopt;
        at = end + 1;
    }
    double seconds = 0.0;
    const auto [end, problem] = std::from_chars(at, last, seconds);
    if (problem != std::errc() || end != last) return std::nullopt;
    if (parts[0] < 1970 || parts[0] > 9999 || parts[1] < 1 || parts[1] > 12 || parts[2] < 1 || parts[2] > 31)
        return std::nullopt;
    namespace calendar = std::chrono;
    const calendar::year_month_day date{calendar::year(static_cast<int>(parts[0])),
                                        calendar::month(static_cast<unsigned>(parts[1])),
                                        calendar::day(static_cast<unsigned>(parts[2]))};
    if (!date.ok()) return std::nullopt;
    const auto days = calendar::sys_days(date).time_since_epoch().count();
    return static_cast<double>(days) * 86400.0 + static_cast<double>(parts[3]) * 3600.0 +
           static_cast<double>(parts[4]) * 60.0 + seconds;
}

/// One GPU as its rows are read.
struct Board {
    Integral power;
    Mean utilization;
    double last_s = -std::numeric_limits<double>::infinity();
    std::optional<double> limit_w;
    std::string name;
    std::string driver;
};

std::optional<std::size_t> first_of(const Table& table, std::initializer_list<std::string_view> names) {
    for (const auto name : names) {
        if (const auto column = table.find(name)) return column;
    }
    return std::nullopt;
}

class NvidiaSmiReader final : public Reader {
  public:
    explicit NvidiaSmiReader(const ReadOptions& options) : runs_(options, "nvidia-smi log") {}
    void read(Table& table, const Source& source) override;
    Measurements finish() override;

  private:
    void read_sample(const Table& table, Board& board, double now, std::size_t power,
                     const std::optional<std::size_t>& utilization);
    static Energy energy_of(const std::string& id, const Board& board);

    LogRuns runs_;
    RowFindings findings_;
    nlohmann::json gpus_ = nlohmann::json::array();
};

void NvidiaSmiReader::read_sample(const Table& table, Board& board, double now, std::size_t power,
                                  const std::optional<std::size_t>& utilization) {
    if (now < board.last_s) {
        findings_.add(kind::kTimeRunsBack, table.file(), table.line(),
                      fmt::format("by {:.3g} s", board.last_s - now));
    }
    board.last_s = now;
    board.utilization.add(table.number(utilization));
    const auto watts = table.number(power);
    if (!watts) return;
    if (!std::isfinite(*watts) || *watts < 0.0) {
        findings_.add(kind::kImpossibleValue, table.file(), table.line(),
                      fmt::format("power {}", table.text(power)));
        return;
    }
    board.power.add(now, *watts);
}

Energy NvidiaSmiReader::energy_of(const std::string& id, const Board& board) {
    Energy energy;
    energy.record = {.meter = "nvidia-smi",
                     .zone = "gpu " + id,
                     .joules = board.power.joules(),
                     .tier = "C",
                     .scope = "GPU board " + id,
                     .device = "gpu"};
    if (!energy.record.joules) energy.record.problem = "fewer than two samples of power";
    if (energy.record.joules && *energy.record.joules <= 0.0) {
        energy.record.joules.reset();
        energy.record.problem = "every sample of power is 0";
        energy.refused = 0.0;
    }
    energy.refresh_s = kRefreshS;
    energy.limit_w = board.limit_w;
    return energy;
}

void NvidiaSmiReader::read(Table& table, const Source& source) {
    const std::size_t time = table.need("timestamp");
    const std::size_t power = *first_of(
        table, {"power.draw [W]", "power.draw.average [W]", "power.draw.instant [W]", "power.draw"});
    const auto utilization = first_of(table, {"utilization.gpu [%]", "utilization.gpu"});
    const auto limit =
        first_of(table, {"enforced.power.limit [W]", "power.limit [W]", "power.max_limit [W]"});
    const auto id = first_of(table, {"uuid", "pci.bus_id", "index", "name"});
    const auto model = table.find("name");
    const auto driver = table.find("driver_version");
    std::map<std::string, Board> boards;
    double first = 0.0, last = 0.0;
    bool any = false;
    while (table.next()) {
        const auto now = parse_time(table.text(time));
        if (!now) {
            fail_usage("{}: the timestamp \"{}\" is not of the form 2026/05/09 03:57:48.161", table.where(),
                       table.text(time).substr(0, 40));
        }
        Board& board = boards[id ? std::string(table.text(*id)) : ""];
        if (model) board.name = table.text(*model);
        if (driver) board.driver = table.text(*driver);
        if (const auto watts = table.number(limit)) board.limit_w = watts;
        read_sample(table, board, *now, power, utilization);
        first = any ? first : *now;
        last = *now;
        any = true;
    }
    Repetition repetition;
    repetition.where = table.file();
    if (last > first) repetition.duration_s = last - first;
    for (const auto& [name, board] : boards) {
        repetition.energies.push_back(energy_of(name, board));
        const auto busy = board.utilization.value();
        if (busy && *busy > repetition.utilization_percent.value_or(-1.0))
            repetition.utilization_percent = busy;
        if (gpus_.size() < boards.size() && !board.name.empty())
            gpus_.push_back({{"name", board.name},
                             {"driver_version", board.driver.empty() ? nlohmann::json(nullptr)
                                                                     : nlohmann::json(board.driver)}});
    }
    if (repetition.utilization_percent)
        repetition.readings.push_back({"GPU utilization", "%", repetition.utilization_percent});
    runs_.add(source, std::move(repetition));
}

Measurements NvidiaSmiReader::finish() {
    Measurements result = runs_.finish();
    if (!gpus_.empty()) result.environment = nlohmann::json{{"gpus", gpus_}}.dump();
    result.notes.emplace_back(
        "energy is the integral of the samples of power between the first and the last row; whether the run "
        "filled that time is not in the file");
    result.found = findings_.artefacts();
    return result;
}

}  // namespace

const Format kNvidiaSmi = {
    "nvidia-smi", "nvidia-smi --query-gpu=timestamp,power.draw,... --format=csv: the samples of one run",
    kColumns, [](const ReadOptions& options) -> std::unique_ptr<Reader> {
        return std::make_unique<NvidiaSmiReader>(options);
    }};

}  // namespace espalier::imports
