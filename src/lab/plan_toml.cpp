#include <toml++/toml.h>

#include <array>
#include <functional>
#include <map>
#include <span>

#include "base/error.h"
#include "base/file.h"
#include "base/suggest.h"
#include "lab/plan.h"
#include "lab/quantities.h"
#include "lab/regions/region.h"
#include "meters/named/kinds.h"

namespace espalier::lab {
namespace {

/// Where errors are reported and what relative paths start from.
struct Context {
    std::string source;
    std::filesystem::path folder;

    [[noreturn]] void reject(const toml::source_region& region, const std::string& problem) const {
        fail_usage("{}:{}:{}: {}", source, region.begin.line, region.begin.column, problem);
    }

    std::string absolute(const std::string& path) const {
        return std::filesystem::absolute(folder / path).lexically_normal().string();
    }
};

using Setter = std::function<void(const toml::node&, PlanDraft&, const Context&)>;
using Table = std::map<std::string, Setter>;

std::string text(const toml::node& node, const Context& context, const std::string& key) {
    if (const auto value = node.value_exact<std::string>()) return *value;
    context.reject(node.source(), "'" + key + "' must be a text in quotes");
}

std::vector<std::string> texts(const toml::node& node, const Context& context, const std::string& key) {
    if (node.is_string()) return {text(node, context, key)};
    const auto* array = node.as_array();
    if (array == nullptr) context.reject(node.source(), "'" + key + "' must be a list of texts");
    std::vector<std::string> values;
    for (const auto& item : *array) values.push_back(text(item, context, key));
    return values;
}

std::int64_t integer(const toml::node& node, const Context& context, const std::string& key) {
    if (const auto value = node.value_exact<std::int64_t>()) return *value;
    context.reject(node.source(), "'" + key + "' must be a whole number");
}

int small_integer(const toml::node& node, const Context& context, const std::string& key) {
    const std::int64_t value = integer(node, context, key);
    if (value < 0 || value > 1'000'000'000) context.reject(node.source(), "'" + key + "' is out of range");
    return static_cast<int>(value);
}

/// Runs a parser of lab/quantities.h and puts the place into its message.
template <typename Parse>
auto quantity(const toml::node& node, const Context& context, const std::string& key, Parse parse) {
    try {
        return parse(text(node, context, key), "'" + key + "'");
    } catch (const Error& error) {
        const std::string_view message = error.what();
        if (message.starts_with(context.source + ":")) throw;
        context.reject(node.source(), std::string(message));
    }
}

void check_keys(const toml::table& table, const Table& known, const Context& context,
                const std::string& prefix) {
    for (const auto& [key, node] : table) {
        const std::string name(key.str());
        if (known.contains(name)) continue;
        std::vector<std::string> names;
        for (const auto& entry : known) names.push_back(entry.first);
        context.reject(key.source(),
                       "there is no key '" + prefix + name + "' in a plan." + suggestion(name, names));
    }
}

void read_table(const toml::table& table, const Table& known, PlanDraft& draft, const Context& context,
                const std::string& prefix) {
    check_keys(table, known, context, prefix);
    for (const auto& [key, node] : table) known.at(std::string(key.str()))(node, draft, context);
}

Setter section(Table known, std::string prefix) {
    return [known = std::move(known), prefix = std::move(prefix)](const toml::node& node, PlanDraft& draft,
                                                                  const Context& context) {
        const auto* table = node.as_table();
        if (table == nullptr) context.reject(node.source(), "'" + prefix + "' must be a table");
        read_table(*table, known, draft, context, prefix + ".");
    };
}

/// A figure is a text such as "0.25/kWh", or a table that also says when it was true and who says so.
template <typename Parse>
Setter figure(std::string key, std::optional<CostFigure> CostSettings::*member, Parse parse) {
    return [=](const toml::node& node, PlanDraft& draft, const Context& context) {
        CostFigure read;
        read.source = "plan file";
        const auto* table = node.as_table();
        if (table == nullptr) {
            read.value = quantity(node, context, key, parse);
        } else {
            for (const auto& [name, item] : *table) {
                const std::string field(name.str());
                if (field == "value")
                    read.value = quantity(item, context, key, parse);
                else if (field == "date")
                    read.date = text(item, context, key + ".date");
                else if (field == "source")
                    read.source = text(item, context, key + ".source");
                else
                    context.reject(name.source(),
                                   "'" + key + "' has value, date and source; not '" + field + "'");
            }
            if (!table->contains("value")) context.reject(node.source(), "'" + key + "' lacks its value");
            if (read.date.empty()) context.reject(node.source(), "'" + key + "' lacks the date it was true");
        }
        draft.costs.*member = read;
    };
}

/// A dimensionless figure is a plain number.
Setter plain_figure(std::string key, std::optional<CostFigure> CostSettings::*member, double least) {
    return [=](const toml::node& node, PlanDraft& draft, const Context& context) {
        const auto value = node.value<double>();
        if (!value || !(*value >= least) || *value > 1e15) {
            context.reject(node.source(), fmt::format("'{}' must be a number of at least {}", key, least));
        }
        draft.costs.*member = CostFigure{*value, "", "plan file"};
    };
}

Table protocol_keys() {
    const auto duration = [](std::string key, std::optional<Seconds> PlanDraft::*member) {
        return [=](const toml::node& node, PlanDraft& draft, const Context& context) {
            draft.*member = quantity(node, context, key, parse_duration);
        };
    };
    return {
        {"idle", duration("protocol.idle", &PlanDraft::idle)},
        {"warmup-cap", duration("protocol.warmup-cap", &PlanDraft::warmup_cap)},
        {"window", duration("protocol.window", &PlanDraft::window)},
        {"timeout", duration("protocol.timeout", &PlanDraft::timeout)},
        {"cool-down", duration("protocol.cool-down", &PlanDraft::cool_down)},
        {"control-every",
         [](const toml::node& node, PlanDraft& draft, const Context& context) {
             draft.control_every = small_integer(node, context, "protocol.control-every");
         }},
        {"exclude", [](const toml::node& node, PlanDraft& draft,
                       const Context& context) { draft.exclude = texts(node, context, "protocol.exclude"); }},
        {"warmup",
         [](const toml::node& node, PlanDraft& draft, const Context& context) {
             draft.warmup_calls = small_integer(node, context, "protocol.warmup");
         }},
        {"attempts", [](const toml::node& node, PlanDraft& draft, const Context& context) {
             draft.attempts = small_integer(node, context, "protocol.attempts");
         }}};
}

Table cost_keys() {
    return {{"price", figure("costs.price", &CostSettings::price, parse_price)},
            {"carbon", figure("costs.carbon", &CostSettings::carbon, parse_carbon)},
            {"rent", figure("costs.rent", &CostSettings::rent, parse_rent)},
            {"embodied", figure("costs.embodied", &CostSettings::embodied, parse_embodied)},
            {"region",
             [](const toml::node& node, PlanDraft& draft, const Context& context) {
                 const auto region = quantity(
                     node, context, "costs.region",
                     [](std::string_view name, std::string_view) { return find_region(std::string(name)); });
                 // What the file states itself goes before; its keys come in alphabetical order.
                 if (!draft.costs.carbon) draft.costs.carbon = region.carbon;
                 if (!draft.costs.pue) draft.costs.pue = region.pue;
             }},
            {"pue", plain_figure("costs.pue", &CostSettings::pue, 1.0)},
            {"images-per-day", plain_figure("costs.images-per-day", &CostSettings::per_day, 0.0)},
            {"currency", [](const toml::node& node, PlanDraft& draft, const Context& context) {
                 draft.costs.currency = text(node, context, "costs.currency");
                 draft.currency_given = true;
             }}};
}

Table limit_keys() {
    return {{"max-accuracy-drop",
             [](const toml::node& node, PlanDraft& draft, const Context& context) {
                 draft.max_accuracy_drop = quantity(node, context, "limits.max-accuracy-drop", parse_points);
             }},
            {"min-effect", [](const toml::node& node, PlanDraft& draft, const Context& context) {
                 draft.min_effect = quantity(node, context, "limits.min-effect", parse_percent);
             }}};
}

/// A model, or a table of one with images of its own.
void model(const toml::node& node, PlanDraft& draft, const Context& context) {
    std::string path;
    std::string data;
    if (const auto* table = node.as_table()) {
        for (const auto& [name, value] : *table) {
            const std::string key(name.str());
            if (key != "path" && key != "data")
                context.reject(name.source(), "a model has a 'path' and 'data', no '" + key + "'");
            (key == "path" ? path : data) = text(value, context, "models." + key);
        }
        if (path.empty()) context.reject(node.source(), "a model of 'models' has no 'path'");
    } else {
        path = text(node, context, "models");
    }
    draft.models->push_back(path.starts_with("hf://") ? path : context.absolute(path));
    draft.model_data.push_back(data.empty() ? "" : context.absolute(data));
}

void models(const toml::node& node, PlanDraft& draft, const Context& context) {
    draft.models.emplace();
    draft.model_data.clear();
    if (node.is_string()) return model(node, draft, context);
    const auto* array = node.as_array();
    if (array == nullptr) context.reject(node.source(), "'models' must be a list of texts and tables");
    for (const auto& item : *array) model(item, draft, context);
}

/// A plan may come from somebody else, so it starts no program.
void refuse_workers(const toml::node& node, PlanDraft&, const Context& context) {
    context.reject(node.source(), "a plan runs no program: name a worker with --worker");
}

/// The same holds for meters.
void read_meters(const toml::node& node, PlanDraft& draft, const Context& context) {
    draft.meters.emplace();
    for (const auto& meter : texts(node, context, "meters")) {
        try {
            const meters::MeterSpec spec = meters::parse_spec(meter);
            if (spec.runs_program())
                context.reject(node.source(), "a plan runs no program: name a command meter with --meter");
            meters::kind_of(spec);
        } catch (const Error& error) {
            const std::string_view message = error.what();
            if (message.starts_with(context.source + ":")) throw;
            context.reject(node.source(), std::string(message));
        }
        draft.meters->push_back({meter});
    }
}

Table plan_keys() {
    const auto number = [](std::string key, std::optional<int> PlanDraft::*member) {
        return [=](const toml::node& node, PlanDraft& draft, const Context& context) {
            draft.*member = small_integer(node, context, key);
        };
    };
    return {
        {"models", models},
        {"data", [](const toml::node& node, PlanDraft& draft,
                    const Context& context) { draft.data = context.absolute(text(node, context, "data")); }},
        {"calibration",
         [](const toml::node& node, PlanDraft& draft, const Context& context) {
             draft.calibration = context.absolute(text(node, context, "calibration"));
         }},
        {"tactics", [](const toml::node& node, PlanDraft& draft,
                       const Context& context) { draft.tactics = texts(node, context, "tactics"); }},
        {"runtimes", [](const toml::node& node, PlanDraft& draft,
                        const Context& context) { draft.runtimes = texts(node, context, "runtimes"); }},
        {"workers", refuse_workers},
        {"device", [](const toml::node& node, PlanDraft& draft,
                      const Context& context) { draft.device = text(node, context, "device"); }},
        {"seed", [](const toml::node& node, PlanDraft& draft,
                    const Context& context) { draft.seed = integer(node, context, "seed"); }},
        {"meters", read_meters},
        {"blocks", number("blocks", &PlanDraft::blocks)},
        {"images", number("images", &PlanDraft::images)},
        {"batch", number("batch", &PlanDraft::batch)},
        {"threads", number("threads", &PlanDraft::threads)},
        {"protocol", section(protocol_keys(), "protocol")},
        {"costs", section(cost_keys(), "costs")},
        {"limits", section(limit_keys(), "limits")}};
}

}  // namespace

PlanDraft parse_plan(std::string_view content, const std::string& source,
                     const std::filesystem::path& folder) {
    toml::table document;
    try {
        document = toml::parse(content);
    } catch (const toml::parse_error& error) {
        fail_usage("{}:{}:{}: {}", source, error.source().begin.line, error.source().begin.column,
                   error.description());
    }
    PlanDraft draft;
    read_table(document, plan_keys(), draft, {source, folder}, "");
    return draft;
}

PlanDraft read_plan_file(const std::filesystem::path& path) {
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(path, ignored))
        fail_usage("there is no plan file {}", path.string());
    constexpr std::size_t kLongestPlan = std::size_t{1} << 20;
    return parse_plan(read_text_file(path, kLongestPlan), path.string(),
                      std::filesystem::absolute(path).parent_path());
}

}  // namespace espalier::lab
