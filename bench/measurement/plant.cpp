// A machine whose energy is known: writes the RAPL counters of a powercap tree in real time, and answers what
// was really used.
//
//     bench_plant MACHINE.json FOLDER
//
// MACHINE.json: {"origin_s": T, "traces": {"name": "constant 60", ...},
//                "zones": [{"folder": "intel-rapl:0", "name": "package-0", "trace": "name",
//                           "start_j": 1234.5, "range_j": 262143.3}, ...]}
// in which T is a time of CLOCK_MONOTONIC at which the traces begin. FOLDER becomes what /sys/class/powercap
// is. Every counter shows the energy at the last whole millisecond, as the hardware does, in a file that is
// written in place, so that readers that keep it open see it, too. Commands on standard input, each answered
// by one line:
//
//     energy NAME T0 T1     joules of a trace between two times of CLOCK_MONOTONIC
//     fault deny            the counters may be read by root only      (mode 0400)
//     fault vanish          the counters' files are gone
//     fault freeze          the counters do not move any more
//     late                  the longest time, in seconds, that a counter was behind; then it is forgotten
//
// Ends with its standard input.

#include <fcntl.h>
#include <fmt/core.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/clock.h"
#include "base/error.h"
#include "trace.h"

namespace espalier::bench {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr Seconds kRefresh{0.001};
constexpr std::size_t kWidth = 24;  // of the content of energy_uj: digits, then ends of lines

/// One zone: its counter's file, and what it counts.
struct Counter {
    int file = -1;
    fs::path path;
    const meters::Plant* plant = nullptr;
    double start_uj = 0;
    double range_uj = 0;

    std::array<char, kWidth> text(Seconds time) const {
        const double energy = std::floor(start_uj + 1e6 * plant->energy(time).value());
        std::array<char, kWidth> content;
        content.fill('\n');
        fmt::format_to_n(content.data(), kWidth - 1, "{:.0f}", std::fmod(energy, range_uj));
        return content;
    }
};

class Machine {
  public:
    Machine(const json& description, const fs::path& root);
    ~Machine() {
        stopping_ = true;
        writer_.join();
    }
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;

    std::string answer(const std::string& line);

  private:
    void add_zone(const json& zone, const fs::path& root);
    void write_counters();
    void fault(const std::string& kind);
    Joules energy(const std::string& trace, double from, double to) const {
        const auto& plant = *traces_.at(trace);
        return plant.energy(Seconds(to) - origin_) - plant.energy(Seconds(from) - origin_);
    }

    MonotonicClock clock_;
    Seconds origin_;
    std::map<std::string, std::unique_ptr<meters::Plant>> traces_;
    std::vector<Counter> counters_;
    std::atomic<bool> frozen_{false};
    std::atomic<bool> stopping_{false};
    std::atomic<double> late_{0};
    std::thread writer_;
};

void write_text(const fs::path& path, const std::string& text) { std::ofstream(path) << text << '\n'; }

/// The folder of "intel-rapl:0:1" below the tree: "intel-rapl/intel-rapl:0/intel-rapl:0:1".
fs::path place_of(const std::string& zone) {
    const auto first = zone.find(':');
    fs::path place = zone.substr(0, first);
    for (auto colon = first; colon != std::string::npos; colon = zone.find(':', colon + 1)) {
        const auto next = zone.find(':', colon + 1);
        place /= zone.substr(0, next);
    }
    return place;
}

Machine::Machine(const json& description, const fs::path& root)
    : origin_(description.at("origin_s").get<double>()) {
    for (const auto& [name, text] : description.at("traces").items()) {
        traces_[name] = make_trace(text.get<std::string>());
        if (!traces_[name]) fail("trace '{}' is not understood: {}", name, text.get<std::string>());
    }
    for (const json& zone : description.at("zones")) add_zone(zone, root);
    writer_ = std::thread([this] { write_counters(); });
}

void Machine::add_zone(const json& zone, const fs::path& root) {
    const auto folder = zone.at("folder").get<std::string>();
    const fs::path place = place_of(folder);
    const fs::path control = root / *place.begin();
    fs::create_directories(root / place);
    if (!fs::is_symlink(control / "subsystem")) fs::create_directory_symlink("..", control / "subsystem");
    fs::create_directory_symlink(place, root / folder);
    write_text(root / place / "name", zone.at("name").get<std::string>());
    Counter counter;
    counter.plant = traces_.at(zone.at("trace").get<std::string>()).get();
    counter.start_uj = 1e6 * zone.at("start_j").get<double>();
    counter.range_uj = std::floor(1e6 * zone.at("range_j").get<double>());
    write_text(root / place / "max_energy_range_uj", fmt::format("{:.0f}", counter.range_uj));
    counter.path = root / place / "energy_uj";
    counter.file = ::open(counter.path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0444);
    if (counter.file < 0) fail("{} cannot be made: {}", counter.path.string(), std::strerror(errno));
    ::fchmod(counter.file, 0444);
    const auto content = counter.text(clock_.now() - origin_);
    if (::pwrite(counter.file, content.data(), kWidth, 0) != kWidth) fail("{} cannot be written", folder);
    counters_.push_back(counter);
}

/// Punctual, where the system allows it: ahead of everything that is not.
void become_punctual() {
    sched_param priority{};
    priority.sched_priority = 50;
    if (::sched_setscheduler(0, SCHED_FIFO, &priority) != 0)
        fmt::print(stderr, "bench_plant: no right to be punctual: {}\n", std::strerror(errno));
}

void Machine::write_counters() {
    become_punctual();
    double tick = std::ceil(clock_.now() / kRefresh);
    while (!stopping_) {
        const double now = clock_.now() / kRefresh;
        if (now < tick) {
            const double seconds = tick * kRefresh.value();
            timespec until{};
            until.tv_sec = static_cast<time_t>(seconds);
            until.tv_nsec = static_cast<long>(1e9 * (seconds - std::floor(seconds)));
            ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
        }
        tick = std::floor(clock_.now() / kRefresh);
        if (!frozen_) {
            for (const Counter& counter : counters_) {
                const auto content = counter.text(kRefresh * tick - origin_);
                if (::pwrite(counter.file, content.data(), kWidth, 0) != kWidth) stopping_ = true;
            }
        }
        // The counters are renewed each millisecond; what exceeds it is time in which they were behind.
        const double behind = (clock_.now() - kRefresh * tick).value();
        if (behind > late_) late_ = behind;
        tick += 1;
    }
}

void Machine::fault(const std::string& kind) {
    if (kind == "freeze") frozen_ = true;
    for (const Counter& counter : counters_) {
        if (kind == "deny") ::fchmod(counter.file, 0400);
        if (kind == "vanish") fs::remove(counter.path);
    }
}

std::string Machine::answer(const std::string& line) {
    std::istringstream words(line);
    std::string command;
    std::string name;
    words >> command >> name;
    if (command == "late") return fmt::format("{:.6f}", late_.exchange(0));
    if (command == "fault") {
        fault(name);
        return "done";
    }
    double from = 0;
    double to = 0;
    words >> from >> to;
    if (command != "energy" || !words) fail("not understood: {}", line);
    return fmt::format("{:.9f}", energy(name, from, to).value());
}

}  // namespace
}  // namespace espalier::bench

int main(int argc, char** argv) {
    if (argc != 3) {
        fmt::print(stderr, "usage: bench_plant MACHINE.json FOLDER\n");
        return 2;
    }
    try {
        std::ifstream file(argv[1]);
        espalier::bench::Machine machine(nlohmann::json::parse(file), argv[2]);
        std::cout << "ready" << std::endl;
        for (std::string line; std::getline(std::cin, line);) std::cout << machine.answer(line) << std::endl;
    } catch (const std::exception& problem) {
        fmt::print(stderr, "bench_plant: {}\n", problem.what());
        return 1;
    }
    return 0;
}
