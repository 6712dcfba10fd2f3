#include <fmt/format.h>

#include "base/error.h"
#include "meters/named/source_error.h"
#include "meters/named/stated.h"
#include "meters/wall/dialect.h"
#include "meters/wall/fields.h"

namespace espalier::meters::wall {
namespace {

void check_pointer(const std::string& pointer) {
    try {
        const nlohmann::json::json_pointer ignored(pointer);
    } catch (const nlohmann::json::exception&) {
        fail_usage("'{}' is no JSON pointer such as /meters/0/power", pointer);
    }
}

Sample read(const std::string& body, const std::string& pointer, const std::string& time, const Unit& unit) {
    const auto document = parse_json(body);
    const auto value = number_at(document, pointer);
    if (!value) broken(fmt::format("its document has no number at '{}'", pointer), "look at what it answers");
    Sample sample;
    if (unit.kind == UnitKind::kPower) sample.power = Watts(*value * unit.factor);
    if (unit.kind == UnitKind::kCumulativeEnergy) sample.energy = Joules(*value * unit.factor);
    if (time.empty()) return sample;
    const nlohmann::json::json_pointer place(time);
    if (!document.contains(place))
        broken(fmt::format("its document has nothing at '{}', where its time is", time));
    sample.stamp = document.at(place).dump();
    return sample;
}

}  // namespace

Dialect http_json(const MeterSpec& spec) {
    const Stated about = stated(spec);
    const std::string time = spec.option("time");
    check_pointer(spec.part);
    check_pointer(time);
    Dialect dialect{.device = fmt::format("JSON document, number at '{}'", spec.part),
                    .target = "",
                    .scope = about.scope,
                    .read = [pointer = spec.part, time, unit = about.unit](
                                const std::string& body) { return read(body, pointer, time, unit); },
                    .tier = about.tier,
                    .part = about.part,
                    .averaging = about.averaging,
                    .accuracy = about.accuracy,
                    .notes = about.notes};
    if (time.empty())
        dialect.notes.emplace_back(
            "it tells no time of its own, so a value that rests looks like a steady load");
    return dialect;
}

}  // namespace espalier::meters::wall
