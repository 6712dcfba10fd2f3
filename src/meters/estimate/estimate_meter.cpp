#include "meters/estimate/estimate_meter.h"

#include <fmt/core.h>
#include <unistd.h>

#include <cmath>

#include "meters/estimate/curve.h"

namespace espalier::meters {
namespace {

double two_digits(double value) {
    if (value == 0) return 0;
    const double step = std::pow(10.0, std::floor(std::log10(std::fabs(value))) - 1);
    return std::round(value / step) * step;
}

}  // namespace

EstimateMeter::EstimateMeter(const FileTree& files, const Clock& clock, ThermalDesignPower power)
    : files_(files), clock_(clock), power_(std::move(power)) {
    description_.name = "estimate";
    description_.source = fmt::format("model: {:.3g} W thermal design power ({}) x load curve",
                                      power_.watts.value(), power_.source);
    description_.scope = "CPU, modelled from the load of the machine";
    description_.tier = Tier::kUncalibratedModel;
    description_.unit = UnitKind::kCumulativeEnergy;
    description_.zones = {{"cpu", "all processors of this machine", ZoneRole::kAdded}};
    description_.refresh_period = Seconds(1.0 / static_cast<double>(sysconf(_SC_CLK_TCK)));
    description_.factor = power_.factor;
    description_.notes = {"an estimate, not a measurement", kEstimateRanking};
}

Reading EstimateMeter::read() {
    const Seconds time = clock_.now();
    return {time, {advance(time)}};
}

ZoneReading EstimateMeter::advance(Seconds time) {
    const auto now = read_machine_times(files_);
    if (!now) {
        ++continuity_;
        interruption_ = files_.display("proc/stat") + " could not be read";
        last_.reset();
        return Gap{GapKind::kUnreadable, interruption_};
    }
    if (!last_) {
        last_ = now;
        last_time_ = time;
    }
    const Seconds busy = now->busy - last_->busy;
    const Seconds all = busy + (now->idle - last_->idle) + (now->steal - last_->steal);
    // Within one clock tick there is no load to tell; the time is counted with the next tick.
    if (all > Seconds(0)) {
        total_ += power_.watts * power_share(busy / all) * (time - last_time_);
        last_ = now;
        last_time_ = time;
    }
    return Value{total_, time, continuity_, interruption_};
}

std::string describe_estimate(Joules energy, FactorInterval factor) {
    const double value = energy.value();
    return fmt::format("{:g} J (estimate, x{:.2g} to x{:.2g}: {:g} to {:g} J)", two_digits(value), factor.low,
                       factor.high, two_digits(value * factor.low), two_digits(value * factor.high));
}

void discover_estimate(const DiscoveryOptions& options, Discovery& discovery) {
    Finding finding{"estimate", "CPU energy, modelled", Tier::kUncalibratedModel, {State::kOk, "", ""}};
    if (read_machine_times(options.files)) {
        auto meter = std::make_unique<EstimateMeter>(
            options.files, options.clock,
            thermal_design_power(read_cpu_info(options.files), options.thermal_design_power));
        finding.availability.reason = meter->description().source + "; " + kEstimateRanking;
        discovery.meters.push_back(std::move(meter));
    } else {
        finding.availability = {State::kAbsent, options.files.display("proc/stat") + " cannot be read",
                                "mount -t proc proc /proc"};
    }
    discovery.findings.push_back(std::move(finding));
}

}  // namespace espalier::meters
