#include "store/database.h"

#include <sqlite3.h>

#include <cstring>

#include "base/error.h"
#include "store/schema/schema.h"

namespace espalier::store {
namespace {

/// A reader holds its lock for milliseconds; longer than this means that somebody keeps the file.
constexpr int kBusyTimeoutMs = 10'000;

int pragma(SQLite::Database& sql, const char* text) { return sql.execAndGet(text).getInt(); }

void prepare_folder(const std::filesystem::path& path) {
    const auto folder = path.parent_path();
    std::error_code problem;
    if (!folder.empty()) std::filesystem::create_directories(folder, problem);
    if (problem) fail("cannot make the folder {} for the store: {}", folder.string(), problem.message());
}

}  // namespace

Database::Database(const std::filesystem::path& path, Access access) : path_(path) {
    std::error_code ignored;
    const bool exists = std::filesystem::exists(path, ignored);
    if (std::filesystem::is_directory(path, ignored)) {
        fail_usage("the store {} is a folder; give a file, for example {}", path.string(),
                   (path / "lab.db").string());
    }
    if (access == Access::kRead && !exists) {
        fail_usage("there is no store at {}; 'espalier run' makes one, --store names another", path.string());
    }
    if (access == Access::kWrite) prepare_folder(path);
    guarded([&] {
        // Readers too open for writing where they may: after a crash the first to come must roll back what
        // was not committed. SQLite itself falls back to reading a file that is write-protected.
        const int flags = SQLite::OPEN_READWRITE | (access == Access::kWrite ? SQLite::OPEN_CREATE : 0);
        sql_ = std::make_unique<SQLite::Database>(path.string(), flags, kBusyTimeoutMs);
        check_identity(access);
        // Readers know the newest schema only, so they bring an older store forward, too.
        const auto newest = static_cast<int>(schema_steps().size());
        if (access == Access::kWrite || pragma(*sql_, "PRAGMA user_version") < newest) migrate();
        sql_->exec("PRAGMA foreign_keys = ON");
        if (access == Access::kRead) sql_->exec("PRAGMA query_only = ON");
    });
}

void Database::check_identity(Access access) {
    const int application = pragma(*sql_, "PRAGMA application_id");
    const int version = pragma(*sql_, "PRAGMA user_version");
    const int tables = pragma(*sql_, "SELECT count(*) FROM sqlite_master");
    if (application != kApplicationId && tables > 0) {
        fail_usage("{} is a database of another program; name another file with --store", path_.string());
    }
    const int known = static_cast<int>(schema_steps().size());
    if (application == kApplicationId && version > known) {
        fail("{} was written by a newer espalier (schema {}, this one knows {}); update espalier",
             path_.string(), version, known);
    }
    if (application != kApplicationId && access == Access::kRead) {
        fail("{} is an empty file, not a store; 'espalier run' fills it", path_.string());
    }
}

void Database::migrate() {
    sql_->exec("PRAGMA journal_mode = DELETE");
    sql_->exec("PRAGMA synchronous = FULL");
    const auto steps = schema_steps();
    if (pragma(*sql_, "PRAGMA user_version") == static_cast<int>(steps.size())) return;
    transaction([&] {
        // Read again inside the transaction: another process may have been first.
        const auto version = static_cast<std::size_t>(pragma(*sql_, "PRAGMA user_version"));
        for (std::size_t step = version; step < steps.size(); ++step) sql_->exec(std::string(steps[step]));
        sql_->exec(fmt::format("PRAGMA application_id = {}", kApplicationId));
        sql_->exec(fmt::format("PRAGMA user_version = {}", steps.size()));
    });
}

void Database::begin() {
    sql_->exec("BEGIN IMMEDIATE");
    in_transaction_ = true;
}

void Database::commit() {
    sql_->exec("COMMIT");
    in_transaction_ = false;
}

void Database::roll_back() noexcept {
    in_transaction_ = false;
    // After some errors (a full disk) SQLite has rolled back by itself; then this fails and nothing is lost.
    sqlite3_exec(sql_->getHandle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Database::explain(const SQLite::Exception& problem) const {
    const std::string file = path_.string();
    switch (problem.getErrorCode()) {
        case SQLITE_NOTADB:
            fail_usage("{} is not a store of espalier; name another file with --store", file);
        case SQLITE_CORRUPT:
            fail("the store {} is damaged ({}); keep a copy and start a new one with --store", file,
                 problem.what());
        case SQLITE_CANTOPEN:
            fail("the store {} cannot be opened: {}; check that its folder exists and can be written", file,
                 problem.what());
        case SQLITE_READONLY:
        case SQLITE_PERM:
        case SQLITE_AUTH:
            fail(
                "the store {} cannot be written; check the rights of the file and its folder, or use --store",
                file);
        case SQLITE_FULL:
            fail(
                "no space left for the store {}; what was committed before is safe. Free some space, run "
                "again",
                file);
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            fail("the store {} is in use by another program; try again when it has finished", file);
        case SQLITE_IOERR:
            fail("reading or writing the store {} failed: {}; check the disk", file, problem.what());
        default:
            fail("the store {} cannot be used: {}", file, problem.what());
    }
}

}  // namespace espalier::store
