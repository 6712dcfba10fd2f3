#include "meters/ipmi/ipmi.h"

#include <fmt/format.h>

#include <charconv>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "meters/command/meter.h"
#include "meters/command/program.h"
#include "meters/named/controller.h"
#include "meters/named/source_error.h"

namespace espalier::meters::ipmi {
namespace {

constexpr Seconds kRefresh{10};
/// A controller answers within a second unless it is busy.
constexpr Seconds kTimeout{10};

/// What stands behind `label` and its colon, without blanks; nothing where there is no such line.
std::optional<std::string_view> after(std::string_view text, std::string_view label) {
    const auto at = text.find(label);
    if (at == std::string_view::npos) return std::nullopt;
    text = text.substr(at + label.size());
    text = text.substr(0, text.find('\n'));
    const auto begin = text.find_first_not_of(": \t");
    if (begin == std::string_view::npos) return std::nullopt;
    return text.substr(begin, text.find_last_not_of(" \t\r") + 1 - begin);
}

/// "220 Watts" as 220.
std::optional<double> watts(std::string_view text) {
    double value = 0.0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    if (problem != std::errc() || unit != " Watts") return std::nullopt;
    return value;
}

/// A controller that does not measure says 0 W, or that its reading is not activated: neither is a power.
std::variant<double, Gap> read(const std::string& output) {
    const auto said = after(output, "Instantaneous power reading");
    const auto value = said ? watts(*said) : std::nullopt;
    if (!value) return Gap{GapKind::kMalformed, "ipmitool printed no instantaneous power reading"};
    const auto state = after(output, "Power reading state is");
    if (state && *state != "activated")
        return Gap{GapKind::kUnreadable, fmt::format("the controller's power reading is {}", *state)};
    if (*value <= 0)
        return Gap{GapKind::kUnreadable,
                   "the controller says 0 W of a machine that runs: it does not measure"};
    return *value;
}

[[noreturn]] void refuse(const Gap& gap) {
    const auto says = [&gap](const char* text) { return gap.reason.find(text) != std::string::npos; };
    if (gap.kind == GapKind::kMalformed)
        broken(gap.reason, "run 'ipmitool dcmi power reading' and look at what it prints");
    if (says("Could not open device") && says("Permission denied"))
        throw SourceError({State::kNoPermission, gap.reason,
                           "sudo chown $USER /dev/ipmi0   (it also lets you switch the machine off)"});
    if (says("Could not open device"))
        throw SourceError({State::kAbsent, gap.reason, "sudo modprobe ipmi_si; sudo modprobe ipmi_devintf"});
    if (says("No such file"))
        throw SourceError({State::kAbsent, gap.reason, "sudo apt-get install ipmitool"});
    throw SourceError(
        {State::kUnsupported, gap.reason, "look for power readings in the controller's settings"});
}

Stated known(const MeterSpec& spec) {
    Stated about;
    about.unit = {"W", UnitKind::kPower, 1.0};
    about.accuracy = spec.share("accuracy").value_or(0.0);
    about.averaging = controller_averaging(spec);
    about.scope = "this machine, by its management controller";
    about.notes = {controller_averaging_note(spec), kControllerTimeNote};
    return about;
}

}  // namespace

Meters make(const NamedRequest& request) {
    auto program = std::make_unique<command::OnceProgram>(
        std::vector<std::string>{"ipmitool", "dcmi", "power", "reading"}, read, kTimeout, request.clock);
    const auto said = program->ask();
    if (const Gap* gap = std::get_if<Gap>(&said)) refuse(*gap);
    Meters meters;
    meters.push_back(std::make_unique<command::CommandMeter>(
        request.name, "baseboard management controller (IPMI, ipmitool dcmi power reading)",
        known(request.spec), request.refresh_period(kRefresh), std::move(program), request.clock));
    return meters;
}

void check(const MeterSpec& spec) {
    spec.duration("period");
    spec.duration("averaging");
    spec.share("accuracy");
}

}  // namespace espalier::meters::ipmi
