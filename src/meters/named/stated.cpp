#include "meters/named/stated.h"

#include <fmt/format.h>

#include "base/error.h"

namespace espalier::meters {
namespace {

Tier tier_of(const MeterSpec& spec) {
    const std::string text = spec.option("tier", "C");
    if (text.size() == 1 && text[0] >= 'A' && text[0] <= 'D') return parse_tier(text[0]);
    fail_usage("option 'tier' of a meter is A, B, C or D (a model from a data sheet is no meter); got '{}'",
               text);
}

Part part_of(const MeterSpec& spec) {
    const std::string text = spec.option("scope", std::string(name(Part::kMachine)));
    for (const Part part : {Part::kMachine, Part::kProcessor, Part::kGpu, Part::kModule}) {
        if (name(part) == text) return part;
    }
    fail_usage("option 'scope' of a meter is machine, cpu, gpu or module; got '{}'", text);
}

}  // namespace

Stated stated(const MeterSpec& spec) {
    Stated result;
    result.unit = unit_of(spec);
    result.tier = tier_of(spec);
    result.part = part_of(spec);
    result.averaging = spec.duration("averaging").value_or(Seconds(0));
    const auto accuracy = spec.share("accuracy");
    if (result.tier == Tier::kWallMeter && !accuracy)
        fail_usage("a meter that is stated to be of tier A needs its accuracy, e.g. accuracy=1%");
    result.accuracy = accuracy.value_or(0.0);
    result.scope = fmt::format("{}, as stated", name(result.part));
    result.notes = {accuracy ? "unit, tier, scope and accuracy are what the user states"
                             : "unit, tier and scope are what the user states; its accuracy is not known"};
    return result;
}

}  // namespace espalier::meters
