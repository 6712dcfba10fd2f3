#include "meters/ptdaemon/analyser.h"

#include <fmt/format.h>

#include <algorithm>

#include "meters/named/source_error.h"

namespace espalier::meters::ptdaemon {
namespace {

/// The limit that SPEC sets to the uncertainty of a power measurement.
constexpr double kMostUncertain = 0.01;
/// Current varies within a second; the range must hold its largest value.
constexpr double kHeadroom = 1.1;
constexpr double kStalePeriods = 3.0;

void raise(std::optional<double>& largest, double value) { largest = std::max(largest.value_or(0.0), value); }

}  // namespace

Analyser::Analyser(std::string name, std::string place, Session session, Settings settings, Clock& clock)
    : session_(std::move(session)), settings_(settings), clock_(clock) {
    description_.name = std::move(name);
    description_.source =
        fmt::format("{} behind PTDaemon at {}, power integrated", session_.analyser(), place);
    description_.scope = "outlet behind the analyser at " + place;
    description_.tier = Tier::kWallMeter;
    description_.part = Part::kMachine;
    description_.unit = UnitKind::kPower;
    description_.zones = {{"total", description_.scope, ZoneRole::kAdded}};
    description_.refresh_period = kInterval;
    description_.averaging = kInterval;
    description_.accuracy = kMostUncertain;
    description_.costly_period = kInterval / 2;
    description_.notes = {"values with an uncertainty above 1 %, or in an automatic range, are refused"};
    found_ = session_.ranges();
    if (settings_.ranges.volts) {
        begin_testing(settings_.ranges);
        if (!failure_.empty()) broken(failure_);
        return;
    }
    session_.set_range('V', std::nullopt);
    session_.set_range('A', std::nullopt);
    begin("espalier_ranging");
}

Analyser::~Analyser() {
    try {
        session_.stop();
        session_.set_range('V', found_.volts);
        session_.set_range('A', found_.amps);
    } catch (const Error&) {
        // The session has ended; the analyser keeps its ranges, and whoever uses it next sets them anyway.
    }
}

void Analyser::begin_testing(const Ranges& ranges) {
    session_.set_range('V', ranges.volts);
    session_.set_range('A', ranges.amps);
    clock_.sleep(settings_.settle);
    fixed_ = session_.ranges();
    if (!fixed_.volts || !fixed_.amps)
        broken("the analyser did not take the ranges: one of them is automatic still");
    testing_ = true;
    begin("espalier_testing");
}

/// The first sample is waited for, so that the next read has one.
void Analyser::begin(const char* mark) {
    session_.go(mark);
    last_.reset();
    last_time_ = clock_.now();
    for (int i = 0; i < kStalePeriods && !last_; ++i) {
        clock_.sleep(kInterval);
        take_samples(clock_.now());
    }
}

void Analyser::fix_ranges() {
    if (testing_) return;
    try {
        take_samples(clock_.now());
        if (largest_.volts.value_or(0.0) <= 0.0 || largest_.amps.value_or(0.0) <= 0.0)
            broken("no voltage and current were seen while the load warmed up; make the warm-up longer");
        session_.stop();
        begin_testing({*largest_.amps * kHeadroom, largest_.volts});
    } catch (const Error& problem) {
        failure_ = problem.what();
    }
}

void Analyser::take_samples(Seconds now) {
    for (const Sample& sample : session_.unread()) {
        last_ = sample;
        last_time_ = now;
        raise(largest_.volts, sample.volts);
        raise(largest_.amps, sample.amps);
        if (testing_) check_testing(sample);
    }
}

void Analyser::check_testing(const Sample& sample) {
    if (sample.amps > *fixed_.amps || sample.volts > *fixed_.volts)
        failure_ = fmt::format("{:.4g} V and {:.4g} A do not fit the ranges of {:.4g} V and {:.4g} A",
                               sample.volts, sample.amps, *fixed_.volts, *fixed_.amps);
    const Ranges now = session_.ranges();
    if (!now.volts || !now.amps) failure_ = "a range of the analyser became automatic while it was testing";
    const auto uncertainty = session_.uncertainty();
    if (!uncertainty) failure_ = "the analyser does not tell its uncertainty";
    if (uncertainty > kMostUncertain)
        failure_ = fmt::format("the analyser's uncertainty is {:.2f} %, more than 1 %", *uncertainty * 100.0);
}

Reading Analyser::read() {
    const Seconds before = clock_.now();
    ZoneReading zone = read_zone();
    const Seconds half = (clock_.now() - before) / 2;
    if (auto* value = std::get_if<Value>(&zone)) {
        value->time = before + half;
        value->time_error = half;
    }
    return {before + half, {std::move(zone)}};
}

ZoneReading Analyser::read_zone() {
    // What spoilt the ranges spoils everything that follows.
    if (!failure_.empty()) return Gap{GapKind::kMalformed, failure_};
    try {
        const Seconds now = clock_.now();
        take_samples(now);
        if (!failure_.empty()) return Gap{GapKind::kMalformed, failure_};
        if (!last_) return Gap{GapKind::kUnreadable, "the analyser has told no sample yet"};
        if (now - last_time_ > kInterval * kStalePeriods)
            return Gap{GapKind::kFrozen, fmt::format("the analyser has told no sample for {:.1f} s",
                                                     (now - last_time_).value())};
        return Value{Watts(last_->watts), now, 0, ""};
    } catch (const Error& problem) {
        return Gap{GapKind::kUnreadable, problem.what()};
    }
}

}  // namespace espalier::meters::ptdaemon
