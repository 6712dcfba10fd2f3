#include "store/calibrations.h"

#include <SQLiteCpp/Statement.h>

namespace espalier::store {

void Calibrations::add(const std::string& machine, const std::string& made_at, const std::string& json) {
    database_.guarded([&] {
        SQLite::Statement insert(database_.sql(),
                                 "INSERT INTO calibration (machine, made_at, json) VALUES (?, ?, ?)");
        insert.bind(1, machine);
        insert.bind(2, made_at);
        insert.bind(3, json);
        insert.exec();
    });
}

std::optional<std::string> Calibrations::newest(const std::string& machine) {
    return database_.guarded([&]() -> std::optional<std::string> {
        SQLite::Statement select(database_.sql(),
                                 "SELECT json FROM calibration WHERE machine = ? ORDER BY id DESC LIMIT 1");
        select.bind(1, machine);
        if (!select.executeStep()) return std::nullopt;
        return select.getColumn(0).getString();
    });
}

}  // namespace espalier::store
