#include "meters/named/discover.h"

#include <fmt/format.h>

#include <map>

#include "base/error.h"
#include "meters/named/kinds.h"
#include "meters/named/source_error.h"
#include "meters/self_check.h"

namespace espalier::meters {
namespace {

/// Six values of a source that has one each 10 s.
constexpr Seconds kLongestWatch{65};
constexpr Seconds kWatchPoll{0.1};
constexpr std::size_t kChangesWatched = 10;

std::string describe(const Meters& meters) {
    std::vector<std::string> parts;
    for (const auto& meter : meters) {
        const Description& description = meter->description();
        parts.push_back(fmt::format("{}: {}, {}", description.name, description.scope, description.source));
    }
    return fmt::format("{}", fmt::join(parts, "; "));
}

void ask(const NamedMeter& named, const std::string& name, const MeterSpec& spec, const NamedKind& kind,
         Clock& clock, Discovery& discovery) {
    Finding finding{named.text, std::string(kind.what), kind.tier, {}, true};
    try {
        Meters meters = kind.make({spec, named, name, clock});
        finding.tier = meters.front()->description().tier;
        finding.availability = {State::kOk, describe(meters), ""};
        for (auto& meter : meters) discovery.meters.push_back(std::move(meter));
    } catch (const SourceError& problem) {
        finding.availability = problem.why();
    }
    discovery.findings.push_back(std::move(finding));
}

}  // namespace

void discover_named(const DiscoveryOptions& options, Discovery& discovery) {
    std::map<std::string, int> count;
    for (const NamedMeter& named : options.named) {
        const MeterSpec spec = parse_spec(named.text);
        const int number = ++count[spec.scheme];
        const std::string name = number == 1 ? spec.scheme : fmt::format("{}-{}", spec.scheme, number);
        ask(named, name, spec, kind_of(spec), options.clock, discovery);
    }
}

std::optional<Seconds> watch(const NamedMeter& named, Clock& clock) {
    const MeterSpec spec = parse_spec(named.text);
    // An analyser's period is part of what it is told to do.
    if (spec.scheme == "ptdaemon" || spec.options.contains("period")) return std::nullopt;
    try {
        const Meters meters = kind_of(spec).make({spec, named, spec.scheme, clock});
        return measure_refresh_period(*meters.front(), clock, kLongestWatch, kWatchPoll, kChangesWatched);
    } catch (const SourceError&) {
        return std::nullopt;
    }
}

void demand_named(const Discovery& discovery) {
    for (const Finding& finding : discovery.findings) {
        if (!finding.named || finding.availability.state == State::kOk) continue;
        const Availability& why = finding.availability;
        throw Error(fmt::format("the meter {} cannot be used ({}): {}{}{}", finding.source, name(why.state),
                                why.reason, why.fix.empty() ? "" : ". ", why.fix),
                    ErrorKind::kCannotMeasure);
    }
}

}  // namespace espalier::meters
