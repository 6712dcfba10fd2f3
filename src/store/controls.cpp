#include "store/controls.h"

#include <SQLiteCpp/Statement.h>

#include "store/columns.h"

namespace espalier::store {

void Controls::add(Id study, const ControlRecord& control) {
    database_.guarded([&] {
        SQLite::Statement insert(
            database_.sql(),
            "INSERT INTO control (study_id, ordinal, after_trials, made_at, time_s, energy_j, power_w, "
            "meter, tier, scope) SELECT ?1, coalesce(max(ordinal), 0) + 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 "
            "FROM control WHERE study_id = ?1");
        insert.bind(1, study);
        insert.bind(2, control.after_trials);
        insert.bind(3, control.made_at);
        insert.bind(4, control.time_s);
        bind_real(insert, 5, control.energy_j);
        bind_real(insert, 6, control.power_w);
        insert.bind(7, control.meter);
        insert.bind(8, control.tier);
        insert.bind(9, control.scope);
        insert.exec();
    });
}

std::vector<ControlRecord> Controls::list(Id study) {
    return database_.guarded([&] {
        SQLite::Statement select(
            database_.sql(),
            "SELECT after_trials, made_at, time_s, energy_j, power_w, meter, tier, scope "
            "FROM control WHERE study_id = ? ORDER BY ordinal");
        select.bind(1, study);
        std::vector<ControlRecord> controls;
        while (select.executeStep()) {
            controls.push_back({select.getColumn(0).getInt64(), select.getColumn(1).getString(),
                                select.getColumn(2).getDouble(), read_real(select.getColumn(3)),
                                read_real(select.getColumn(4)), select.getColumn(5).getString(),
                                select.getColumn(6).getString(), select.getColumn(7).getString()});
        }
        return controls;
    });
}

}  // namespace espalier::store
