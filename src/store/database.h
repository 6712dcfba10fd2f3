#pragma once

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Exception.h>

#include <filesystem>
#include <memory>

namespace espalier::store {

/// How a store is opened.
enum class Access {
    kRead,   ///< must exist; nothing is changed but an older schema, and what a crash left half done
    kWrite,  ///< made when absent, brought to the newest schema
};

/// One SQLite file with our schema. A committed transaction survives the death of the process and of the
/// machine: rollback journal, synchronous = FULL. Rollback rather than WAL, so that a store can be read from
/// a read-only folder and lives on file systems without shared memory.
///
/// Everything that goes wrong is an Error that names the file: not a database, another program's database, a
/// newer schema, corruption, no right to write, no space, locked by someone else.
class Database {
  public:
    Database(const std::filesystem::path& path, Access access);

    const std::filesystem::path& path() const { return path_; }

    /// The connection, for the repositories of this floor.
    SQLite::Database& sql() { return *sql_; }

    /// Runs `body` and turns what SQLite throws into an Error.
    template <typename Body>
    auto guarded(Body&& body) {
        try {
            return body();
        } catch (const SQLite::Exception& problem) {
            explain(problem);
        }
    }

    /// Runs `body` in one transaction: all of it is committed and on the disk, or none. Inside another
    /// transaction it becomes part of that one.
    template <typename Body>
    void transaction(Body&& body) {
        if (in_transaction_) {
            body();
            return;
        }
        guarded([&] {
            begin();
            try {
                body();
                commit();
            } catch (...) {
                roll_back();
                throw;
            }
        });
    }

  private:
    [[noreturn]] void explain(const SQLite::Exception& problem) const;
    void check_identity(Access access);
    void migrate();
    void begin();
    void commit();
    void roll_back() noexcept;

    std::filesystem::path path_;
    std::unique_ptr<SQLite::Database> sql_;
    bool in_transaction_ = false;
};

}  // namespace espalier::store
