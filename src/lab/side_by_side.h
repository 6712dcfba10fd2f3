#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "store/records.h"

namespace espalier::lab {

/// One thing that is compared: a text for people and the number behind it, where there is one.
struct Fact {
    std::string text;             ///< empty where unknown
    std::optional<double> value;  ///< in Row::unit
};

/// One line of a comparison: the same fact of every column.
struct Row {
    std::string key;   ///< stable, with its unit, e.g. "energy_j_per_image"
    std::string name;  ///< for people
    std::vector<Fact> facts;
    bool differs() const;
};

/// Variants side by side.
struct SideBySide {
    /// E.g. "vit-mini compile"; with the study's key where there are several
    std::vector<std::string> columns;
    std::vector<Row> rows;
    std::vector<std::string> cautions;  ///< why a comparison may mislead: another machine, version or data
};

/// What is to be put beside each other.
struct Column {
    const store::StudyRecord* study = nullptr;
    const store::VariantRecord* variant = nullptr;
};

/// Medians over blocks, accuracy, size and conditions of every column, and the size of its effect against the
/// baseline of its own model and study: Cliff's delta and A12, of energy only where it counts. No test is
/// made here: differences between studies were not randomized, and within one study that is the verdict's
/// task.
SideBySide put_side_by_side(const std::vector<Column>& columns);

/// Rows in which the columns differ, or all of them.
std::vector<const Row*> shown_rows(const SideBySide& comparison, bool all);

/// "espalier.compare/1".
nlohmann::json to_json(const SideBySide& comparison, bool all);

}  // namespace espalier::lab
