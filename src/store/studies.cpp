#include "store/studies.h"

#include <SQLiteCpp/Statement.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "store/columns.h"
#include "store/controls.h"
#include "store/notes.h"
#include "store/predictions.h"
#include "store/trials.h"

namespace espalier::store {
namespace {

std::vector<std::string> parse_names(const std::string& json) {
    const auto parsed = nlohmann::json::parse(json, nullptr, false);
    if (!parsed.is_array()) fail("the store is damaged: the image names of a data set are no JSON array");
    std::vector<std::string> names;
    for (const auto& item : parsed) names.push_back(item.is_string() ? item.get<std::string>() : item.dump());
    return names;
}

std::string dump_names(const std::vector<std::string>& names) {
    // File names need not be UTF-8; what is not becomes a replacement character.
    return nlohmann::json(names).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Id add_study_row(SQLite::Database& sql, const StudyRecord& study) {
    SQLite::Statement insert(
        sql,
        "INSERT INTO study (key, plan_hash, repeat, plan, seed, blocks, tool_version, created_at, "
        "environment) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    insert.bind(1, study.key);
    insert.bind(2, study.plan_hash);
    insert.bind(3, study.repeat);
    insert.bind(4, study.plan);
    insert.bind(5, study.seed);
    insert.bind(6, study.blocks);
    insert.bind(7, study.tool_version);
    insert.bind(8, study.created_at);
    insert.bind(9, study.environment);
    insert.exec();
    return sql.getLastInsertRowid();
}

void add_dataset_row(SQLite::Database& sql, Id study, const DatasetRecord& dataset) {
    SQLite::Statement insert(
        sql, "INSERT INTO dataset (study_id, path, kind, sha256, images, names) VALUES (?, ?, ?, ?, ?, ?)");
    insert.bind(1, study);
    insert.bind(2, dataset.path);
    insert.bind(3, dataset.kind);
    insert.bind(4, dataset.sha256);
    insert.bind(5, dataset.images);
    insert.bind(6, dump_names(dataset.names));
    insert.exec();
}

Id add_model_row(SQLite::Database& sql, Id study, int ordinal, const ModelRecord& model) {
    SQLite::Statement insert(
        sql,
        "INSERT INTO model (study_id, ordinal, name, path, architecture, sha256, classes, info) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    insert.bind(1, study);
    insert.bind(2, ordinal);
    insert.bind(3, model.name);
    insert.bind(4, model.path);
    insert.bind(5, model.architecture);
    insert.bind(6, model.sha256);
    insert.bind(7, model.classes);
    insert.bind(8, model.info);
    insert.exec();
    return sql.getLastInsertRowid();
}

Id add_variant_row(SQLite::Database& sql, Id study, int ordinal, const VariantRecord& variant) {
    SQLite::Statement insert(
        sql,
        "INSERT INTO variant (study_id, model_id, ordinal, tactic, runtime, device, batch, "
        "threads, is_baseline) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    insert.bind(1, study);
    insert.bind(2, variant.model_id);
    insert.bind(3, ordinal);
    insert.bind(4, variant.tactic);
    insert.bind(5, variant.runtime);
    insert.bind(6, variant.device);
    insert.bind(7, variant.batch);
    insert.bind(8, variant.threads);
    insert.bind(9, variant.is_baseline ? 1 : 0);
    insert.exec();
    return sql.getLastInsertRowid();
}

Id add_trial_row(SQLite::Database& sql, Id study, const TrialRecord& trial) {
    SQLite::Statement insert(sql,
                             "INSERT INTO trial (study_id, block, position, variant_id) VALUES (?, ?, ?, ?)");
    insert.bind(1, study);
    insert.bind(2, trial.block);
    insert.bind(3, trial.position);
    insert.bind(4, trial.variant_id);
    insert.exec();
    return sql.getLastInsertRowid();
}

void add_import_rows(SQLite::Database& sql, Id study, const ImportRecord& import) {
    SQLite::Statement insert(sql, "INSERT INTO import (study_id, name, format) VALUES (?, ?, ?)");
    insert.bind(1, study);
    insert.bind(2, import.name);
    insert.bind(3, import.format);
    insert.exec();
    for (std::size_t i = 0; i < import.files.size(); ++i) {
        const auto& file = import.files[i];
        SQLite::Statement add(sql,
                              "INSERT INTO import_file (study_id, ordinal, path, sha256, bytes, rows) VALUES "
                              "(?, ?, ?, ?, ?, ?)");
        add.bind(1, study);
        add.bind(2, static_cast<std::int64_t>(i));
        add.bind(3, file.path);
        add.bind(4, file.sha256);
        add.bind(5, file.bytes);
        add.bind(6, file.rows);
        add.exec();
    }
}

std::optional<ImportRecord> read_import(SQLite::Database& sql, Id study) {
    SQLite::Statement select(sql, "SELECT name, format FROM import WHERE study_id = ?");
    select.bind(1, study);
    if (!select.executeStep()) return std::nullopt;
    ImportRecord import{select.getColumn(0).getString(), select.getColumn(1).getString(), {}};
    SQLite::Statement files(
        sql, "SELECT path, sha256, bytes, rows FROM import_file WHERE study_id = ? ORDER BY ordinal");
    files.bind(1, study);
    while (files.executeStep()) {
        import.files.push_back({files.getColumn(0).getString(), files.getColumn(1).getString(),
                                files.getColumn(2).getInt64(), files.getColumn(3).getInt64()});
    }
    return import;
}

std::vector<std::string> texts(SQLite::Database& sql, const char* query, Id study) {
    SQLite::Statement select(sql, query);
    select.bind(1, study);
    std::vector<std::string> found;
    while (select.executeStep()) found.push_back(select.getColumn(0).getString());
    return found;
}

StudyRecord read_study_row(SQLite::Database& sql, Id id) {
    SQLite::Statement select(
        sql,
        "SELECT key, plan_hash, repeat, plan, seed, blocks, tool_version, created_at, environment, "
        "(SELECT json FROM verdict WHERE study_id = study.id) FROM study WHERE id = ?");
    select.bind(1, id);
    if (!select.executeStep()) fail("the store holds no study with number {}", id);
    StudyRecord study;
    study.id = id;
    study.key = select.getColumn(0).getString();
    study.plan_hash = select.getColumn(1).getString();
    study.repeat = select.getColumn(2).getInt();
    study.plan = select.getColumn(3).getString();
    study.seed = select.getColumn(4).getInt64();
    study.blocks = select.getColumn(5).getInt();
    study.tool_version = select.getColumn(6).getString();
    study.created_at = select.getColumn(7).getString();
    study.environment = select.getColumn(8).getString();
    study.verdict = read_text(select.getColumn(9));
    return study;
}

DatasetRecord read_dataset(SQLite::Database& sql, Id study) {
    SQLite::Statement select(sql, "SELECT path, kind, sha256, images, names FROM dataset WHERE study_id = ?");
    select.bind(1, study);
    if (!select.executeStep()) fail("the store is damaged: a study has no data set");
    return {select.getColumn(0).getString(), select.getColumn(1).getString(), select.getColumn(2).getString(),
            select.getColumn(3).getInt64(), parse_names(select.getColumn(4).getString())};
}

std::vector<ModelRecord> read_models(SQLite::Database& sql, Id study) {
    SQLite::Statement select(sql,
                             "SELECT id, name, path, architecture, sha256, classes, info FROM model "
                             "WHERE study_id = ? ORDER BY ordinal");
    select.bind(1, study);
    std::vector<ModelRecord> models;
    while (select.executeStep()) {
        models.push_back({select.getColumn(0).getInt64(), select.getColumn(1).getString(),
                          select.getColumn(2).getString(), select.getColumn(3).getString(),
                          select.getColumn(4).getString(), select.getColumn(5).getInt(),
                          select.getColumn(6).getString()});
    }
    return models;
}

std::vector<VariantRecord> read_variants(SQLite::Database& sql, Id study) {
    SQLite::Statement select(
        sql,
        "SELECT id, model_id, tactic, runtime, device, batch, threads, is_baseline FROM variant "
        "WHERE study_id = ? ORDER BY ordinal");
    select.bind(1, study);
    std::vector<VariantRecord> variants;
    while (select.executeStep()) {
        VariantRecord variant;
        variant.id = select.getColumn(0).getInt64();
        variant.model_id = select.getColumn(1).getInt64();
        variant.tactic = select.getColumn(2).getString();
        variant.runtime = select.getColumn(3).getString();
        variant.device = select.getColumn(4).getString();
        variant.batch = select.getColumn(5).getInt();
        variant.threads = select.getColumn(6).getInt();
        variant.is_baseline = select.getColumn(7).getInt() != 0;
        variants.push_back(std::move(variant));
    }
    return variants;
}

}  // namespace

void Studies::add(StudyRecord& study) {
    StudyRecord added = study;
    database_.transaction([&] {
        added.key = sha256(added.plan_hash + "/" + std::to_string(added.repeat)).substr(0, 12);
        added.id = add_study_row(database_.sql(), added);
        add_parts(added);
    });
    study = std::move(added);
}

void Studies::add_parts(StudyRecord& study) {
    auto& sql = database_.sql();
    add_dataset_row(sql, study.id, study.dataset);
    if (study.imported) add_import_rows(sql, study.id, *study.imported);
    for (std::size_t i = 0; i < study.models.size(); ++i) {
        study.models[i].id = add_model_row(sql, study.id, static_cast<int>(i), study.models[i]);
    }
    for (std::size_t i = 0; i < study.variants.size(); ++i) {
        auto& variant = study.variants[i];
        variant.model_id = study.models.at(static_cast<std::size_t>(variant.model_id)).id;
        variant.id = add_variant_row(sql, study.id, static_cast<int>(i), variant);
    }
    for (auto& trial : study.trials) {
        trial.variant_id = study.variants.at(static_cast<std::size_t>(trial.variant_id)).id;
        trial.id = add_trial_row(sql, study.id, trial);
    }
}

std::optional<Id> Studies::find_plan(const std::string& plan_hash) {
    return database_.guarded([&]() -> std::optional<Id> {
        SQLite::Statement select(database_.sql(),
                                 "SELECT id FROM study WHERE plan_hash = ? ORDER BY repeat DESC");
        select.bind(1, plan_hash);
        if (!select.executeStep()) return std::nullopt;
        return select.getColumn(0).getInt64();
    });
}

std::optional<Id> Studies::find_import(const std::string& content) {
    return database_.guarded([&]() -> std::optional<Id> {
        SQLite::Statement select(database_.sql(),
                                 "SELECT study_id FROM import_file WHERE sha256 = ? ORDER BY study_id DESC");
        select.bind(1, content);
        if (!select.executeStep()) return std::nullopt;
        return select.getColumn(0).getInt64();
    });
}

Id Studies::find(const std::string& key) {
    return database_.guarded([&] {
        SQLite::Statement select(database_.sql(),
                                 "SELECT id, key FROM study WHERE substr(key, 1, ?) = ? ORDER BY id DESC");
        select.bind(1, static_cast<std::int64_t>(key.size()));
        select.bind(2, key);
        if (!select.executeStep()) {
            if (key.empty())
                fail_usage("{} holds no study yet; 'espalier run' makes one", database_.path().string());
            fail_usage("{} holds no study {}; 'espalier list' shows what there is", database_.path().string(),
                       key);
        }
        const Id found = select.getColumn(0).getInt64();
        if (!key.empty() && select.executeStep()) {
            fail_usage("more than one study begins with {}; give more of its name ('espalier list')", key);
        }
        return found;
    });
}

std::vector<StudySummary> Studies::list() {
    return database_.guarded([&] {
        std::vector<StudySummary> summaries;
        SQLite::Statement select(
            database_.sql(),
            "SELECT study.id, key, created_at, images, blocks, import.name FROM study JOIN dataset ON "
            "dataset.study_id = study.id LEFT JOIN import ON import.study_id = study.id ORDER BY study.id "
            "DESC");
        while (select.executeStep()) {
            StudySummary summary;
            summary.id = select.getColumn(0).getInt64();
            summary.key = select.getColumn(1).getString();
            summary.created_at = select.getColumn(2).getString();
            summary.images = select.getColumn(3).getInt64();
            summary.blocks = select.getColumn(4).getInt();
            summary.imported = read_text(select.getColumn(5));
            summaries.push_back(std::move(summary));
        }
        for (auto& summary : summaries) {
            auto& sql = database_.sql();
            summary.models =
                texts(sql, "SELECT name FROM model WHERE study_id = ? ORDER BY ordinal", summary.id);
            summary.tactics = texts(
                sql, "SELECT tactic FROM variant WHERE study_id = ? GROUP BY tactic ORDER BY min(ordinal)",
                summary.id);
            summary.progress = Trials(database_).progress(summary.id);
        }
        return summaries;
    });
}

StudyRecord Studies::read(Id id) {
    return database_.guarded([&] {
        auto& sql = database_.sql();
        StudyRecord study = read_study_row(sql, id);
        study.dataset = read_dataset(sql, id);
        study.models = read_models(sql, id);
        study.variants = read_variants(sql, id);
        study.imported = read_import(sql, id);
        study.trials = Trials(database_).list(id);
        return study;
    });
}

void Studies::set_verdict(Id study, const std::string& json, const std::string& now) {
    database_.guarded([&] {
        SQLite::Statement insert(
            database_.sql(), "INSERT OR REPLACE INTO verdict (study_id, json, created_at) VALUES (?, ?, ?)");
        insert.bind(1, study);
        insert.bind(2, json);
        insert.bind(3, now);
        insert.exec();
    });
}

StudyRecord read_study(Database& database, Id id) {
    StudyRecord study = Studies(database).read(id);
    Trials(database).read_measurements(study.trials);
    for (auto& variant : study.variants) variant.prediction = Predictions(database).read(variant.id);
    study.notes = Notes(database).list(id);
    study.controls = Controls(database).list(id);
    return study;
}

}  // namespace espalier::store
