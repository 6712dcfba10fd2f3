#include "meters/command/command.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "meters/command/meter.h"
#include "meters/named/source_error.h"

namespace espalier::meters::command {
namespace {

constexpr Seconds kRefresh{1};
/// How long a program may take for one number, and a stream until its first line.
constexpr Seconds kTimeout{5};
constexpr double kStalePeriods = 3.0;

bool is_stream(const MeterSpec& spec) {
    const std::string mode = spec.option("mode", "once");
    if (mode == "once" || mode == "stream") return mode == "stream";
    fail_usage("option 'mode' of a command meter is once or stream; got '{}'", mode);
}

[[noreturn]] void refuse(const Gap& gap) {
    const State state = gap.kind == GapKind::kMalformed ? State::kBroken : State::kAbsent;
    throw SourceError({state, gap.reason, "run the program by hand and look at what it prints"});
}

std::unique_ptr<Program> start(const NamedRequest& request, Seconds refresh) {
    auto words = split_words(request.spec.place);
    const std::string pointer = request.spec.option("pointer");
    if (!is_stream(request.spec)) {
        auto program =
            std::make_unique<OnceProgram>(std::move(words), last_number(pointer), kTimeout, request.clock);
        const auto said = program->ask();
        if (const Gap* gap = std::get_if<Gap>(&said)) refuse(*gap);
        return program;
    }
    auto program =
        std::make_unique<StreamProgram>(std::move(words), pointer, refresh * kStalePeriods, request.clock);
    const auto said = program->first(std::max(kTimeout, refresh * kStalePeriods));
    if (const Gap* gap = std::get_if<Gap>(&said)) refuse(*gap);
    return program;
}

}  // namespace

Meters make(const NamedRequest& request) {
    const Seconds refresh = request.refresh_period(kRefresh);
    Stated about = stated(request.spec);
    auto program = start(request, refresh);
    Meters meters;
    meters.push_back(std::make_unique<CommandMeter>(
        request.name, fmt::format("the program {}", split_words(request.spec.place)[0]), std::move(about),
        refresh, std::move(program), request.clock));
    return meters;
}

void check(const MeterSpec& spec) {
    stated(spec);
    spec.duration("period");
    is_stream(spec);
    split_words(spec.place);
    try {
        const nlohmann::json::json_pointer ignored(spec.option("pointer"));
    } catch (const nlohmann::json::exception&) {
        fail_usage("'{}' is no JSON pointer such as /power", spec.option("pointer"));
    }
}

}  // namespace espalier::meters::command
