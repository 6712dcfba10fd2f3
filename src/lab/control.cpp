#include "lab/control.h"

#include <fmt/format.h>

#include "base/error.h"
#include "lab/measures.h"
#include "lab/protocol.h"
#include "statistics/summary.h"
#include "store/totals.h"

namespace espalier::lab {
namespace {

/// Long enough for a counter of 1 ms, short beside the trials between two controls.
constexpr Seconds kWindow{0.5};

/// The values of the controls that have one.
std::vector<double> known(const std::vector<store::ControlRecord>& controls,
                          std::optional<double> store::ControlRecord::*member) {
    std::vector<double> values;
    for (const auto& control : controls) {
        if (control.*member) values.push_back(*(control.*member));
    }
    return values;
}

}  // namespace

TrialRequest control_request(int threads, const ProtocolSettings& protocol) {
    TrialRequest request;
    request.runtime = kControl;
    request.tactic = "baseline";
    request.threads = threads;
    request.protocol = protocol;
    request.protocol.window = kWindow;
    request.protocol.idle = Seconds(0.0);
    request.protocol.cool_down = Seconds(0.0);
    return request;
}

bool is_control(const TrialRequest& request) { return request.runtime == kControl; }

store::ControlRecord control_record(const store::TrialRecord& trial, std::int64_t after_trials,
                                    const std::string& now) {
    const auto* window = store::find_phase(trial, phase::kMeasure);
    if (window == nullptr || window->latency_s.empty() || window->images <= 0)
        fail("the control workload ran, but its trial has no measured window");
    const std::vector<double> calls(window->latency_s.begin(), window->latency_s.end());
    store::ControlRecord record;
    record.after_trials = after_trials;
    record.made_at = now;
    record.time_s = statistics::median(calls);
    for (const auto& total : store::energy_totals(*window, "cpu")) {
        if (!total.joules || total.tier >= "E") continue;
        record.energy_j = *total.joules / static_cast<double>(window->images);
        record.power_w = *total.joules / window->duration_s();
        record.meter = total.meter;
        record.tier = total.tier;
        record.scope = total.scope;
        break;
    }
    return record;
}

std::optional<double> relative_scatter(const std::vector<double>& values) {
    if (values.size() < 2) return std::nullopt;
    const double mean = statistics::mean(values);
    return mean > 0.0 ? std::optional(statistics::standard_deviation(values) / mean) : std::nullopt;
}

std::optional<store::NoteRecord> judge_controls(const std::vector<store::ControlRecord>& controls) {
    std::vector<double> times;
    for (const auto& control : controls) times.push_back(control.time_s);
    std::string drifted;
    const auto look = [&](const char* what, const std::vector<double>& values) {
        const auto scatter = relative_scatter(values);
        if (!scatter || *scatter <= kControlLimit) return;
        drifted += fmt::format("{}{} by {:.1f} %", drifted.empty() ? "" : ", ", what, *scatter * 100.0);
    };
    look("time", times);
    look("energy", known(controls, &store::ControlRecord::energy_j));
    look("power", known(controls, &store::ControlRecord::power_w));
    if (drifted.empty()) return std::nullopt;
    return store::NoteRecord{
        0, "control-drift",
        fmt::format("the machine changed during the study: the same work, done {} times, "
                    "scattered in {} (limit 1 %)",
                    controls.size(), drifted),
        ""};
}

}  // namespace espalier::lab
