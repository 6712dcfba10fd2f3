#include "lab/plan.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "base/cpu_features.h"
#include "base/error.h"
#include "base/suggest.h"
#include "lab/exclusion.h"
#include "runtimes/runtime.h"

namespace espalier::lab {
namespace {

const std::vector<std::string> kDefaultTactics = {"baseline", "compile", "dynamic-quantization",
                                                  "local-pruning", "global-pruning"};

template <typename T>
void fill(std::optional<T>& value, const std::optional<T>& other) {
    if (!value) value = other;
}

int in_range(const std::optional<int>& value, int fallback, int low, int high, const char* what) {
    const int number = value.value_or(fallback);
    if (number < low || number > high)
        fail_usage("{} must be from {} to {}; got {}", what, low, high, number);
    return number;
}

Seconds in_range(const std::optional<Seconds>& value, Seconds fallback, Seconds high, const char* what) {
    const Seconds duration = value.value_or(fallback);
    if (duration > high)
        fail_usage("{} must be at most {} s; got {} s", what, high.value(), duration.value());
    return duration;
}

double share(const std::optional<double>& value, double fallback, const char* what) {
    const double number = value.value_or(fallback);
    if (!(number >= 0.0 && number <= 1.0)) fail_usage("{} must be from 0 to 100 percent", what);
    return number;
}

std::vector<std::string> without_repeats(const std::vector<std::string>& items) {
    std::vector<std::string> unique;
    for (const auto& item : items) {
        if (std::find(unique.begin(), unique.end(), item) == unique.end()) unique.push_back(item);
    }
    return unique;
}

/// "models/a", "./models/a/" and a link to it are one model.
std::string absolute_path(const std::string& path) {
    std::error_code problem;
    const auto canonical = std::filesystem::weakly_canonical(path, problem);
    if (path.empty() || problem) fail_usage("'{}' is no path", path);
    return canonical.has_filename() ? canonical.string() : canonical.parent_path().string();
}

std::vector<std::string> absolute_paths(const std::vector<std::string>& paths) {
    std::vector<std::string> absolute;
    for (const auto& path : paths) absolute.push_back(absolute_path(path));
    return without_repeats(absolute);
}

std::vector<std::string> canonical_tactics(const std::vector<std::string>& texts,
                                           const CanonicalTactic& canonical) {
    // The untouched model is always in the design: every comparison is made against it.
    std::vector<std::string> tactics = {"baseline"};
    for (const auto& text : texts) tactics.push_back(canonical(text));
    return without_repeats(tactics);
}

std::map<std::string, std::string> data_of_models(const PlanDraft& draft) {
    std::map<std::string, std::string> data;
    for (std::size_t i = 0; i < draft.model_data.size(); ++i) {
        if (draft.model_data[i].empty()) continue;
        data[absolute_path(draft.models->at(i))] = absolute_path(draft.model_data[i]);
    }
    return data;
}

/// Only what the plan names makes it another one.
std::map<std::string, std::vector<std::string>> used_workers(
    const std::map<std::string, std::vector<std::string>>& workers,
    const std::vector<std::string>& runtimes) {
    std::map<std::string, std::vector<std::string>> used;
    for (const auto& runtime : runtimes) {
        const auto found = workers.find(runtime);
        if (found == workers.end()) continue;
        if (runtime == "native")
            fail_usage("a worker cannot be called 'native', which is the name of our own engine");
        if (found->second.empty()) fail_usage("the worker '{}' has no command", runtime);
        used.insert(*found);
    }
    return used;
}

/// The causes for which a trial may be left out, sorted. Throws a usage Error for one that nothing notes.
std::vector<std::string> known_causes(std::vector<std::string> causes) {
    for (const auto& cause : causes) {
        if (std::find(kExclusionCauses.begin(), kExclusionCauses.end(), cause) != kExclusionCauses.end())
            continue;
        const std::vector<std::string> known(kExclusionCauses.begin(), kExclusionCauses.end());
        fail_usage("no trial is left out for '{}'.{} Causes are: {}", cause, suggestion(cause, known),
                   fmt::join(known, ", "));
    }
    std::sort(causes.begin(), causes.end());
    return without_repeats(causes);
}

ProtocolSettings resolve_protocol(const PlanDraft& draft) {
    const ProtocolSettings defaults;
    constexpr Seconds kHour{3600.0};
    ProtocolSettings protocol;
    protocol.idle = in_range(draft.idle, defaults.idle, kHour, "the idle window");
    protocol.warmup_calls =
        in_range(draft.warmup_calls, defaults.warmup_calls, 1, 1'000'000, "warm-up calls");
    protocol.warmup_cap = in_range(draft.warmup_cap, defaults.warmup_cap, kHour, "the cap of the warm-up");
    protocol.window = in_range(draft.window, defaults.window, kHour, "the measured window");
    protocol.timeout = in_range(draft.timeout, defaults.timeout, 240.0 * kHour, "the time-out of a trial");
    protocol.attempts = in_range(draft.attempts, defaults.attempts, 1, 100, "attempts");
    if (protocol.timeout < Seconds(1.0)) fail_usage("the time-out of a trial must be at least 1s");
    protocol.cool_down = in_range(draft.cool_down, defaults.cool_down, kHour, "the wait for cooling down");
    protocol.control_every =
        in_range(draft.control_every, defaults.control_every, 0, 1'000'000, "trials between controls");
    protocol.exclude = known_causes(draft.exclude.value_or(defaults.exclude));
    return protocol;
}

}  // namespace

PlanDraft merge(PlanDraft first, const PlanDraft& second) {
    if (!first.models) first.model_data = second.model_data;
    fill(first.models, second.models);
    fill(first.data, second.data);
    fill(first.calibration, second.calibration);
    fill(first.tactics, second.tactics);
    fill(first.runtimes, second.runtimes);
    first.workers.insert(second.workers.begin(), second.workers.end());
    fill(first.device, second.device);
    fill(first.blocks, second.blocks);
    fill(first.images, second.images);
    fill(first.batch, second.batch);
    fill(first.threads, second.threads);
    fill(first.seed, second.seed);
    fill(first.meters, second.meters);
    fill(first.idle, second.idle);
    fill(first.warmup_calls, second.warmup_calls);
    fill(first.warmup_cap, second.warmup_cap);
    fill(first.window, second.window);
    fill(first.timeout, second.timeout);
    fill(first.attempts, second.attempts);
    fill(first.cool_down, second.cool_down);
    fill(first.control_every, second.control_every);
    fill(first.exclude, second.exclude);
    fill(first.costs.price, second.costs.price);
    fill(first.costs.carbon, second.costs.carbon);
    fill(first.costs.rent, second.costs.rent);
    fill(first.costs.pue, second.costs.pue);
    fill(first.costs.per_day, second.costs.per_day);
    fill(first.costs.embodied, second.costs.embodied);
    if (!first.currency_given) {
        first.costs.currency = second.costs.currency;
        first.currency_given = second.currency_given;
    }
    fill(first.max_accuracy_drop, second.max_accuracy_drop);
    fill(first.min_effect, second.min_effect);
    return first;
}

Plan resolve(const PlanDraft& draft, const CanonicalTactic& canonical) {
    if (!draft.models || draft.models->empty()) fail_usage("no model given; name its folder with --model");
    Plan plan;
    plan.models = absolute_paths(*draft.models);
    plan.data_of = data_of_models(draft);
    const bool each_has_its_own = plan.data_of.size() == plan.models.size();
    if ((!draft.data || draft.data->empty()) && !each_has_its_own)
        fail_usage("no images given; name them with --data");
    plan.data = each_has_its_own ? plan.data_of.at(plan.models.front()) : absolute_path(*draft.data);
    if (draft.calibration) plan.calibration = absolute_path(*draft.calibration);
    plan.tactics = canonical_tactics(draft.tactics.value_or(kDefaultTactics), canonical);
    if (draft.runtimes) plan.runtimes = without_repeats(*draft.runtimes);
    if (plan.runtimes.empty()) fail_usage("no runtime given; name one with --runtime, or none for 'native'");
    plan.workers = used_workers(draft.workers, plan.runtimes);
    plan.device = runtimes::canonical_device(draft.device.value_or(plan.device));
    plan.blocks = in_range(draft.blocks, 10, 1, 10'000, "blocks");
    plan.images = in_range(draft.images, 0, 0, 1'000'000'000, "images");
    plan.batch = in_range(draft.batch, 1, 1, 4096, "the batch size");
    plan.threads = in_range(draft.threads, std::min(usable_cpus(), 1024), 1, 1024, "threads");
    const std::int64_t seed = draft.seed.value_or(1);
    if (seed < 0) fail_usage("the seed must not be negative; got {}", seed);
    plan.seed = static_cast<std::uint64_t>(seed);
    plan.meters = draft.meters.value_or(std::vector<meters::NamedMeter>());
    plan.protocol = resolve_protocol(draft);
    return with_decision(std::move(plan), draft);
}

const std::string& data_for(const Plan& plan, const std::string& model) {
    const auto found = plan.data_of.find(model);
    return found == plan.data_of.end() ? plan.data : found->second;
}

Plan with_decision(Plan plan, const PlanDraft& draft) {
    PlanDraft current;
    current.costs = plan.costs;
    current.currency_given = true;
    plan.costs = merge(draft, current).costs;
    if (plan.costs.pue && plan.costs.pue->value < 1.0) {
        fail_usage("the PUE is facility energy over device energy, so at least 1; got {}",
                   plan.costs.pue->value);
    }
    auto& limits = plan.limits;
    limits.max_accuracy_drop =
        share(draft.max_accuracy_drop, limits.max_accuracy_drop, "the permitted accuracy drop");
    limits.min_effect = share(draft.min_effect, limits.min_effect, "the least effect");
    return plan;
}

}  // namespace espalier::lab
