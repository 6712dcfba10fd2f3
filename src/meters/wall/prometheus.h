#pragma once

#include <map>
#include <string>
#include <string_view>

namespace espalier::meters::wall {

/// A metric and the labels that its line must have, others being allowed.
struct Selector {
    std::string metric;
    std::map<std::string, std::string> labels;
};

/// Reads "name" or "name{label=\"value\",...}". Throws a usage Error for anything else.
Selector parse_selector(std::string_view text);

/// A line that fits a selector.
struct MetricLine {
    double value = 0.0;
    std::string time;  ///< its timestamp; empty where it has none
};

/// Finds the one line of an exposition in text format 0.0.4 that fits. Throws SourceError where none does,
/// several do, or its value is no finite number.
MetricLine find_metric(std::string_view text, const Selector& selector);

}  // namespace espalier::meters::wall
