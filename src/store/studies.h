#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/database.h"
#include "store/records.h"

namespace espalier::store {

/// Tables study, dataset, model, variant, import and verdict, and the planned rows of trial.
class Studies {
  public:
    explicit Studies(Database& database) : database_(database) {}

    /// Writes a new study with its data set, models, variants and planned trials, all or nothing, and fills
    /// in every id and the key. Before writing, VariantRecord::model_id is an index into `models` and
    /// TrialRecord::variant_id an index into `variants`; afterwards they are row identifiers.
    void add(StudyRecord& study);

    /// The newest study with this plan.
    std::optional<Id> find_plan(const std::string& plan_hash);

    /// The study whose key begins with `key`; the newest one when `key` is empty. Throws a usage Error when
    /// there is none or more than one.
    Id find(const std::string& key);

    /// Every study, newest first.
    std::vector<StudySummary> list();

    /// A study without its trials' measurements, predictions and notes.
    StudyRecord read(Id study);

    /// The study that a file with this content was imported into, the newest of several.
    std::optional<Id> find_import(const std::string& sha256);

    /// Replaces the stored verdict.
    void set_verdict(Id study, const std::string& json, const std::string& now);

  private:
    void add_parts(StudyRecord& study);

    Database& database_;
};

/// Everything stored about a study, raw measurements included.
StudyRecord read_study(Database& database, Id study);

}  // namespace espalier::store
