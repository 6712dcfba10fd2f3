#include "lab/conditions.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "meters/environment.h"

namespace espalier::lab {
namespace {

using nlohmann::json;

/// Stolen time above this share disturbs a trial visibly.
constexpr double kStealLimit = 0.01;
/// Load of other programs, as a share of the processors, that a study bears.
constexpr double kForeignLoadLimit = 0.1;

constexpr const char* kCpus = "sys/devices/system/cpu";

std::optional<double> number_in(const meters::FileTree& files, const std::string& path) {
    const auto content = files.read(path);
    double value = 0.0;
    const auto [end, problem] =
        std::from_chars(content.text.data(), content.text.data() + content.text.size(), value);
    return content.ok() && problem == std::errc() ? std::optional(value) : std::nullopt;
}

/// Mean clock of the frequency policies, which their files give in kHz.
std::optional<double> mean_clock(const meters::FileTree& files) {
    double sum = 0.0;
    int count = 0;
    const std::string folder = std::string(kCpus) + "/cpufreq";
    for (const auto& policy : files.list(folder)) {
        if (const auto khz = number_in(files, fmt::format("{}/{}/scaling_cur_freq", folder, policy))) {
            sum += *khz * 1e-3;
            ++count;
        }
    }
    return count > 0 ? std::optional(sum / count) : std::nullopt;
}

std::optional<std::int64_t> throttle_events(const meters::FileTree& files) {
    std::optional<std::int64_t> events;
    for (const auto& cpu : files.list(kCpus)) {
        const auto count =
            number_in(files, fmt::format("{}/{}/thermal_throttle/core_throttle_count", kCpus, cpu));
        if (count) events = events.value_or(0) + static_cast<std::int64_t>(*count);
    }
    return events;
}

/// Pages moved to and from swap, by proc/vmstat's lines "pswpin N" and "pswpout N".
std::optional<std::int64_t> swapped_pages(const meters::FileTree& files) {
    const std::string text = files.read("proc/vmstat").text;
    std::optional<std::int64_t> pages;
    for (const std::string name : {"pswpin ", "pswpout "}) {
        const auto at = text.find(name);
        if (at == std::string::npos) continue;
        std::int64_t count = 0;
        const char* start = text.data() + at + name.size();
        if (std::from_chars(start, text.data() + text.size(), count).ec == std::errc())
            pages = pages.value_or(0) + count;
    }
    return pages;
}

std::optional<double> power_limit(const meters::FileTree& files) {
    const auto microwatts = number_in(files, "sys/class/powercap/intel-rapl:0/constraint_0_power_limit_uw");
    return microwatts ? std::optional(*microwatts * 1e-6) : std::nullopt;
}

std::string names_of(const std::map<std::string, int>& governors) {
    std::string names;
    for (const auto& [name, policies] : governors) names += (names.empty() ? "" : ", ") + name;
    return names;
}

template <typename T>
json or_null(const std::optional<T>& value) {
    return value ? json(*value) : json(nullptr);
}

/// How processor time went between two conditions, as shares of all of it.
struct Shares {
    double steal = 0.0;
    double foreign = 0.0;  ///< of other programs, and of the kernel on its own
};

std::optional<Shares> shares(const Conditions& before, const Conditions& after, Seconds own) {
    if (!before.times || !after.times) return std::nullopt;
    const Seconds steal = after.times->steal - before.times->steal;
    const Seconds busy = after.times->busy - before.times->busy;
    const Seconds all = steal + busy + (after.times->idle - before.times->idle);
    if (all <= Seconds(0.0)) return std::nullopt;
    return Shares{steal / all, std::max(0.0, (busy - own) / all)};
}

json conditions_json(const Conditions& conditions) {
    return {{"load_1min", or_null(conditions.load)},
            {"temperature_c", or_null(conditions.temperature_c)},
            {"governor", conditions.governor.empty() ? json(nullptr) : json(conditions.governor)},
            {"turbo", or_null(conditions.turbo)},
            {"clock_mhz", or_null(conditions.clock_mhz)},
            {"throttle_events", or_null(conditions.throttle_events)},
            {"power_limit_w", or_null(conditions.power_limit_w)},
            {"on_battery", or_null(conditions.on_battery)},
            {"memory_available_bytes", or_null(conditions.available_bytes)},
            {"swapped_pages", or_null(conditions.swapped_pages)},
            {"gpus", meters::nvml::to_json(conditions.gpus)}};
}

/// Growth of a count that only ever grows; 0 where it is not known.
std::int64_t growth(const std::optional<std::int64_t>& before, const std::optional<std::int64_t>& after) {
    return before && after ? *after - *before : 0;
}

bool held_down(const std::vector<meters::nvml::Snapshot>& gpus) {
    return std::any_of(gpus.begin(), gpus.end(), [](const auto& gpu) { return !gpu.slowdowns().empty(); });
}

/// Collects the notes of one trial.
class Judge {
  public:
    Judge(const Conditions& before, const Conditions& after, const OwnUse& own)
        : before_(before), after_(after), own_(own) {}

    std::vector<store::NoteRecord> judge();

  private:
    void note(const char* code, std::string text) { notes_.push_back({0, code, std::move(text), ""}); }
    void judge_use();
    void judge_limits();
    void judge_changes();

    const Conditions& before_;
    const Conditions& after_;
    const OwnUse& own_;
    std::vector<store::NoteRecord> notes_;
};

std::vector<store::NoteRecord> Judge::judge() {
    judge_use();
    judge_limits();
    judge_changes();
    return std::move(notes_);
}

void Judge::judge_use() {
    if (const auto share = shares(before_, after_, own_.cpu)) {
        if (share->steal > kStealLimit) {
            note("steal",
                 fmt::format("the hypervisor gave {:.1f} % of the processor time to others during this trial",
                             share->steal * 100.0));
        }
        if (share->foreign > kForeignLoadLimit) {
            note("foreign-load",
                 fmt::format("other programs used {:.0f} % of the processor time during this trial",
                             share->foreign * 100.0));
        }
    }
    if (before_.load && *before_.load > kForeignLoadLimit * own_.cpus + own_.threads) {
        note("load",
             fmt::format("the machine was busy before this trial began (load {:.1f} on {} processors)",
                         *before_.load, own_.cpus));
    }
}

void Judge::judge_limits() {
    if (const auto events = growth(before_.throttle_events, after_.throttle_events); events > 0)
        note("throttled", fmt::format("heat held processor cores down {} times during this trial", events));
    if (held_down(before_.gpus) || held_down(after_.gpus))
        note("gpu-throttled", "heat or power held a GPU down at an edge of this trial");
    if (const auto pages = growth(before_.swapped_pages, after_.swapped_pages); pages > 0)
        note("swap", fmt::format("{} pages moved between memory and swap during this trial", pages));
    if (before_.on_battery.value_or(false) || after_.on_battery.value_or(false))
        note("battery", "the machine ran on its battery during this trial");
}

void Judge::judge_changes() {
    if (before_.governor != after_.governor) {
        note("governor", fmt::format("the frequency governor changed during this trial from '{}' to '{}'",
                                     before_.governor, after_.governor));
    }
    if (before_.turbo && after_.turbo && *before_.turbo != *after_.turbo) {
        note("turbo", fmt::format("turbo was switched {} during this trial", *after_.turbo ? "on" : "off"));
    }
    if (before_.power_limit_w && after_.power_limit_w && *before_.power_limit_w != *after_.power_limit_w) {
        note("power-limit",
             fmt::format("the processor's power limit changed during this trial from {:g} to {:g} W",
                         *before_.power_limit_w, *after_.power_limit_w));
    }
}

}  // namespace

Conditions read_conditions(const meters::FileTree& files, const std::vector<meters::nvml::Gpu>& gpus) {
    const auto machine = meters::read_environment(files);
    Conditions conditions;
    conditions.load = machine.load_1min;
    conditions.temperature_c = machine.temperature_c;
    conditions.governor = names_of(machine.governors);
    conditions.turbo = machine.turbo;
    conditions.on_battery = machine.on_battery;
    if (machine.memory_available)
        conditions.available_bytes = static_cast<double>(machine.memory_available->value);
    conditions.clock_mhz = mean_clock(files);
    conditions.throttle_events = throttle_events(files);
    conditions.power_limit_w = power_limit(files);
    conditions.swapped_pages = swapped_pages(files);
    conditions.times = meters::read_machine_times(files);
    conditions.gpus = meters::nvml::look_at(gpus);
    return conditions;
}

json to_json(const Conditions& before, const Conditions& after, Seconds own_cpu) {
    const auto share = shares(before, after, own_cpu);
    return {{"before", conditions_json(before)},
            {"after", conditions_json(after)},
            {"steal_share", share ? json(share->steal) : json(nullptr)},
            {"foreign_share", share ? json(share->foreign) : json(nullptr)}};
}

std::optional<double> start_temperature(const std::string& environment) {
    const json object = json::parse(environment, nullptr, false);
    const json::json_pointer place("/before/temperature_c");
    if (!object.is_object() || !object.contains(place) || !object.at(place).is_number()) return std::nullopt;
    return object.at(place).get<double>();
}

std::vector<store::NoteRecord> judge_conditions(const Conditions& before, const Conditions& after,
                                                const OwnUse& own) {
    return Judge(before, after, own).judge();
}

}  // namespace espalier::lab
