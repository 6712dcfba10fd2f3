#include <fmt/format.h>

#include "lab/comparison.h"
#include "lab/machine_calibration.h"
#include "lab/numbers.h"
#include "lab/quantities.h"

namespace espalier::lab {
namespace {

constexpr double kSavings[] = {0.01, 0.02, 0.05};

std::string percent(double share) { return significant(share * 100.0, 2) + " %"; }

std::string ratio_text(double ratio, const std::optional<statistics::Interval>& interval) {
    if (!interval) return fmt::format("{:.4f} (too few for an interval)", ratio);
    return fmt::format("{:.4f} (95 % {:.4f} to {:.4f})", ratio, interval->low, interval->high);
}

std::string idle_line(const IdlePower& power) {
    const std::string who = fmt::format("  {} (tier {}, {}): ", power.meter, power.tier, power.scope);
    if (!power.watts) return who + "unknown: " + power.problem + "\n";
    if (!power.standard) {
        return who + fmt::format("{} W by a model, no measurement: the truth lies between {} and {} W\n",
                                 significant(*power.watts, 2), significant(power.low, 2),
                                 significant(power.high, 2));
    }
    return who + fmt::format("{} W (95 % {} to {} W, {} windows)\n", significant(*power.watts),
                             significant(power.low), significant(power.high), power.windows);
}

std::string noise_line(const NoiseFloor& floor) {
    std::string text = fmt::format("  {:<9} ratio {}; scatter {} from block to block", floor.quantity,
                                   ratio_text(floor.ratio, floor.interval), percent(floor.spread));
    if (floor.source.known()) text += fmt::format("; {}, tier {}", floor.source.meter, floor.source.tier);
    if (!floor.holds_one())
        text += "; the arms are the same, yet 1 is left out: something disturbed them, calibrate again";
    return text + "\n";
}

std::string blocks_text(double saving, const NoiseFloor& floor) {
    const auto blocks = blocks_to_show(saving, floor.spread, 1);
    return blocks ? fmt::format("{} blocks", *blocks) : "too many";
}

std::string power_line(const NoiseFloor& floor) {
    const auto least = detectable_saving(floor.spread, kBlocksForTests, 1);
    std::string text = fmt::format("  {:<9} {} blocks find {}", floor.quantity, kBlocksForTests,
                                   least ? percent(*least) : "unknown: no scatter was seen");
    for (const double saving : kSavings)
        text += fmt::format("; {:g} % needs {}", saving * 100.0, blocks_text(saving, floor));
    return text + "\n";
}

}  // namespace

std::string describe(const MachineCalibration& calibration) {
    const auto& settings = calibration.settings;
    const auto& overhead = calibration.overhead;
    std::string text =
        fmt::format("Calibration of {} ({}), {}\n\nIdle power, {}\n", calibration.machine_name,
                    calibration.machine, calibration.made_at.substr(0, 10), describe_duration(settings.idle));
    for (const auto& power : calibration.idle) text += idle_line(power);
    if (calibration.idle.empty()) text += "  unknown: no energy meter works here; see espalier doctor\n";
    text += fmt::format(
        "\nOwn overhead, {} meters read each {}\n  {} of the processor time; time with / without {}, {} "
        "pairs\n",
        overhead.meters, describe_duration(Seconds(overhead.period_s)), percent(overhead.cpu_share),
        ratio_text(overhead.ratio, overhead.interval), overhead.pairs);
    text += fmt::format("\nNoise floor, {} twice in each of {} blocks (batch {}, {} threads, window {})\n",
                        settings.workload, settings.blocks, settings.trial.batch, settings.trial.threads,
                        describe_duration(settings.trial.protocol.window));
    for (const auto& floor : calibration.noise) text += noise_line(floor);
    text += "\nWhat a study of one variant will show (power 80 %)\n";
    for (const auto& floor : calibration.noise) text += power_line(floor);
    return text;
}

std::string describe_prospect(const MachineCalibration* calibration, int blocks, int variants) {
    if (calibration == nullptr) {
        return "what differences will be found is unknown: this machine was never calibrated; espalier "
               "calibrate tells";
    }
    const auto& settings = calibration->settings;
    const std::string how =
        fmt::format("{}, window {}, calibrated {}", settings.workload,
                    describe_duration(settings.trial.protocol.window), calibration->made_at.substr(0, 10));
    const auto expected = prospect(*calibration, blocks, variants);
    if (!expected.saving) {
        return fmt::format("with {} blocks no difference can be shown between {} variants ({})", blocks,
                           variants + 1, how);
    }
    return fmt::format("with {} blocks differences of {} or more will be found (power 80 %; {}, {})", blocks,
                       percent(*expected.saving), expected.quantity, how);
}

}  // namespace espalier::lab
