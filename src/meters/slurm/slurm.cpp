#include "meters/slurm/slurm.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "meters/command/meter.h"
#include "meters/command/program.h"
#include "meters/named/source_error.h"

namespace espalier::meters::slurm {
namespace {

/// The controller of a large cluster may take its time.
constexpr Seconds kTimeout{30};
/// A cluster writes NO_VAL and INFINITE, of 32 and of 64 bits, where it has no number.
constexpr std::array<double, 2> kNoNumber = {4294967294.0, 4294967295.0};
constexpr double kNoLongNumber = 1e18;
/// From here on step ids stand for the parts of a job that no `srun` started.
constexpr long kFirstSpecialStep = 0xfffffff0;

/// What a plugin of Slurm reads.
struct Plugin {
    std::string_view name;
    Part part;
    std::string_view scope;
};
constexpr std::array<Plugin, 5> kPlugins = {
    {{"ipmi", Part::kMachine, "the node, by its management controller"},
     {"xcc", Part::kMachine, "the node, by its management controller"},
     {"pm_counters", Part::kMachine, "the node, by the counters of its blade"},
     {"rapl", Part::kProcessor, "the CPU packages of the node"},
     {"gpu", Part::kGpu, "all GPU boards of the node"}}};

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

/// The output of a program of Slurm. Throws SourceError where it gives none.
std::string ask(const std::vector<std::string>& command) {
    auto output = command::output_of(command, kTimeout);
    if (const Gap* gap = std::get_if<Gap>(&output))
        throw SourceError({State::kAbsent, gap->reason, "make scontrol and sstat work on this node"});
    return std::get<std::string>(std::move(output));
}

/// The word after `key` and an equals sign with or without blanks; empty where there is none.
std::string word_after(std::string_view text, std::string_view key) {
    for (auto at = text.find(key); at != std::string_view::npos; at = text.find(key, at + 1)) {
        if (at > 0 && text[at - 1] != ' ' && text[at - 1] != '\n') continue;
        const auto equals = text.find_first_not_of(' ', at + key.size());
        if (equals == std::string_view::npos || text[equals] != '=') continue;
        const auto begin = text.find_first_not_of(' ', equals + 1);
        if (begin == std::string_view::npos) return "";
        return std::string(text.substr(begin, text.find_first_of(" \n", begin) - begin));
    }
    return "";
}

/// Refuses a job that shares its node, or has several.
void demand_whole_node(const std::string& job) {
    const std::string about = ask({"scontrol", "show", "job", job, "--oneliner"});
    const std::string shared = word_after(about, "OverSubscribe");
    if (shared != "NO")
        throw SourceError(
            {State::kUnsupported,
             fmt::format("job {} may share its node (OverSubscribe={}), and Slurm counts the whole node", job,
                         shared.empty() ? "not told" : shared),
             "start the job with --exclusive"});
    const std::string nodes = word_after(about, "NumNodes");
    if (nodes != "1")
        throw SourceError({State::kUnsupported,
                           fmt::format("job {} has {} nodes, and Slurm adds them up", job,
                                       nodes.empty() ? "an unknown number of" : nodes),
                           "start the job with --nodes=1"});
}

const Plugin& plugin_of(const std::string& config) {
    const std::string type = word_after(config, "AcctGatherEnergyType");
    const std::string name = type.substr(type.rfind('/') + 1);
    for (const Plugin& plugin : kPlugins) {
        if (plugin.name == name && type.find(',') == std::string::npos) return plugin;
    }
    throw SourceError(
        {State::kUnsupported,
         fmt::format("this cluster collects no energy that is known here (AcctGatherEnergyType={})",
                     type.empty() ? "not told" : type),
         "its administrator can enable acct_gather_energy/ipmi or /rapl in slurm.conf"});
}

/// How often the cluster looks at a node.
Seconds period_of(const std::string& config) {
    const std::string text = word_after(config, "AcctGatherNodeFreq");
    double seconds = 0.0;
    std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (seconds > 0 && seconds < 1e6) return Seconds(seconds);
    throw SourceError({State::kUnsupported,
                       "this cluster does not look at the energy of its nodes (AcctGatherNodeFreq is 0)",
                       "its administrator can set AcctGatherNodeFreq in slurm.conf"});
}

/// "4711.batch", or "4711.0" within an srun.
std::string step_of(const std::string& job) {
    const std::string text = variable("SLURM_STEP_ID");
    long step = -1;
    std::from_chars(text.data(), text.data() + text.size(), step);
    return step < 0 || step >= kFirstSpecialStep ? job + ".batch" : fmt::format("{}.{}", job, step);
}

/// The joules of one step in lines of "JobID|ConsumedEnergyRaw".
std::variant<double, Gap> read(const std::string& output, const std::string& step) {
    const std::string lines = "\n" + output;
    const std::string begin = "\n" + step + "|";
    const auto at = lines.find(begin);
    if (at == std::string::npos)
        return Gap{GapKind::kUnreadable, fmt::format("sstat knows no running step {}", step)};
    const std::string text = lines.substr(at + begin.size(), lines.find('\n', at + 1) - at - begin.size());
    double joules = 0.0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), joules);
    if (problem != std::errc() || end != text.data() + text.size())
        return Gap{GapKind::kMalformed,
                   fmt::format("sstat says '{}' J of step {}", text.substr(0, 40), step)};
    const bool no_number = joules == kNoNumber[0] || joules == kNoNumber[1] || joules >= kNoLongNumber;
    if (joules <= 0 || no_number)
        return Gap{
            GapKind::kUnreadable,
            fmt::format("sstat says {} J of step {}, which means that nothing was collected", text, step)};
    return joules;
}

Stated known(const MeterSpec& spec, const Plugin& plugin) {
    Stated about;
    about.unit = {"J", UnitKind::kCumulativeEnergy, 1.0};
    about.part = plugin.part;
    about.accuracy = spec.share("accuracy").value_or(0.0);
    about.scope = plugin.scope;
    about.notes = {
        "Slurm does not tell how its plugin samples; of a management controller it adds up powers that are "
        "averages"};
    return about;
}

}  // namespace

Meters make(const NamedRequest& request) {
    const std::string job = variable("SLURM_JOB_ID");
    if (job.empty())
        throw SourceError({State::kAbsent, "this is no job of Slurm (SLURM_JOB_ID is not set)",
                           "start it with sbatch --exclusive --nodes=1"});
    demand_whole_node(job);
    const std::string config = ask({"scontrol", "show", "config"});
    const Plugin& plugin = plugin_of(config);
    const Seconds period = period_of(config);
    const std::string step = step_of(job);
    auto program = std::make_unique<command::OnceProgram>(
        std::vector<std::string>{"sstat", "--noheader", "--parsable2", "--allsteps", "--jobs=" + job,
                                 "--format=JobID,ConsumedEnergyRaw"},
        [step](const std::string& output) { return read(output, step); }, kTimeout, request.clock);
    const auto said = program->ask();
    if (const Gap* gap = std::get_if<Gap>(&said))
        throw SourceError(
            {gap->kind == GapKind::kMalformed ? State::kBroken : State::kUnsupported, gap->reason,
             fmt::format("a job that has just begun has no energy for {:.0f} s", period.value())});
    Meters meters;
    meters.push_back(std::make_unique<command::CommandMeter>(
        request.name, fmt::format("Slurm, acct_gather_energy/{}, step {}", plugin.name, step),
        known(request.spec, plugin), period, std::move(program), request.clock));
    return meters;
}

void check(const MeterSpec& spec) { spec.share("accuracy"); }

}  // namespace espalier::meters::slurm
