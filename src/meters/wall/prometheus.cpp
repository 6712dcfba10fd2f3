#include "meters/wall/prometheus.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/error.h"
#include "meters/named/source_error.h"
#include "meters/named/stated.h"
#include "meters/wall/dialect.h"

namespace espalier::meters::wall {
namespace {

constexpr std::string_view kBlanks = " \t\r";

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(kBlanks);
    if (first == std::string_view::npos) return "";
    return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

bool is_name(std::string_view text) {
    const auto part_of_name = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
               c == ':';
    };
    return !text.empty() && std::all_of(text.begin(), text.end(), part_of_name);
}

/// A text in quotes at the beginning of `text`, which is moved behind it; nothing where there is none.
std::optional<std::string> take_quoted(std::string_view& text) {
    if (!text.starts_with('"')) return std::nullopt;
    std::string value;
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '"') {
            text = text.substr(i + 1);
            return value;
        }
        if (text[i] == '\\' && ++i < text.size()) {
            value += text[i] == 'n' ? '\n' : text[i];
        } else if (i < text.size()) {
            value += text[i];
        }
    }
    return std::nullopt;
}

/// Name and labels at the beginning of `text`, which is moved behind them; nothing where they are malformed.
std::optional<Selector> take_selector(std::string_view& text) {
    Selector selector;
    const auto end = std::min(text.find_first_of("{ \t"), text.size());
    selector.metric = text.substr(0, end);
    text = text.substr(end);
    if (!is_name(selector.metric)) return std::nullopt;
    if (!text.starts_with('{')) return selector;
    for (text = trimmed(text.substr(1)); !text.starts_with('}');) {
        const auto equals = text.find('=');
        if (equals == std::string_view::npos) return std::nullopt;
        const std::string name(trimmed(text.substr(0, equals)));
        text = trimmed(text.substr(equals + 1));
        const auto value = take_quoted(text);
        if (!is_name(name) || !value) return std::nullopt;
        selector.labels[name] = *value;
        text = trimmed(text);
        if (text.starts_with(',')) text = trimmed(text.substr(1));
    }
    text = text.substr(1);
    return selector;
}

bool fits(const Selector& line, const Selector& wanted) {
    return line.metric == wanted.metric &&
           std::all_of(wanted.labels.begin(), wanted.labels.end(), [&](const auto& label) {
               const auto found = line.labels.find(label.first);
               return found != line.labels.end() && found->second == label.second;
           });
}

MetricLine read_value(std::string_view text) {
    text = trimmed(text);
    MetricLine line;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), line.value);
    if (problem != std::errc() || !std::isfinite(line.value))
        broken(fmt::format("the metric has the value '{}', which is no number", text.substr(0, 40)));
    line.time = trimmed(text.substr(static_cast<std::size_t>(end - text.data())));
    return line;
}

Sample read(const std::string& body, const Selector& selector, const Unit& unit) {
    const MetricLine line = find_metric(body, selector);
    Sample sample;
    if (unit.kind == UnitKind::kPower) sample.power = Watts(line.value * unit.factor);
    if (unit.kind == UnitKind::kCumulativeEnergy) sample.energy = Joules(line.value * unit.factor);
    sample.stamp = line.time;
    return sample;
}

}  // namespace

Selector parse_selector(std::string_view text) {
    std::string_view rest = text;
    const auto selector = take_selector(rest);
    if (!selector || !trimmed(rest).empty())
        fail_usage("'{}' is no metric such as node_power_watts{{chip=\"psu\"}}", text);
    return *selector;
}

MetricLine find_metric(std::string_view text, const Selector& selector) {
    std::optional<MetricLine> found;
    // The last line may have been cut off, which a number does not show; a whole exposition ends its last
    // line.
    if (!text.ends_with('\n')) broken("its answer is cut off: the last line does not end");
    while (!text.empty()) {
        const auto end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text = text.substr(end + 1);
        if (line.starts_with('#')) continue;
        const auto has = take_selector(line);
        if (!has || !fits(*has, selector)) continue;
        if (found) broken("several lines fit the metric", "name labels that tell them apart");
        found = read_value(line);
    }
    if (!found) broken(fmt::format("it has no metric {} with these labels", selector.metric));
    return *found;
}

Dialect prometheus(const MeterSpec& spec) {
    const Stated about = stated(spec);
    Dialect dialect{.device = fmt::format("Prometheus metric {}", spec.part),
                    .target = "",
                    .scope = about.scope,
                    .read = [selector = parse_selector(spec.part), unit = about.unit](
                                const std::string& body) { return read(body, selector, unit); },
                    .tier = about.tier,
                    .part = about.part,
                    .averaging = about.averaging,
                    .accuracy = about.accuracy,
                    .notes = about.notes};
    dialect.notes.emplace_back("an exporter may show a model; whether this one measures is not known");
    dialect.notes.emplace_back(
        "unless its lines have timestamps, a value that rests looks like a steady load");
    return dialect;
}

}  // namespace espalier::meters::wall
