#include "store/predictions.h"

#include <SQLiteCpp/Statement.h>

#include "store/columns.h"

namespace espalier::store {

void Predictions::add(Id variant, Id trial, const PredictionRecord& prediction) {
    database_.guarded([&] {
        SQLite::Statement insert(
            database_.sql(),
            "INSERT OR IGNORE INTO prediction (variant_id, trial_id, labels, predicted, ranks) "
            "VALUES (?, ?, ?, ?, ?)");
        insert.bind(1, variant);
        insert.bind(2, trial);
        bind_array(insert, 3, prediction.labels);
        bind_array(insert, 4, prediction.predicted);
        bind_array(insert, 5, prediction.ranks);
        insert.exec();
    });
}

std::optional<PredictionRecord> Predictions::read(Id variant) {
    return database_.guarded([&]() -> std::optional<PredictionRecord> {
        SQLite::Statement select(database_.sql(),
                                 "SELECT labels, predicted, ranks FROM prediction WHERE variant_id = ?");
        select.bind(1, variant);
        if (!select.executeStep()) return std::nullopt;
        PredictionRecord prediction;
        prediction.labels = read_array<std::int32_t>(select.getColumn(0));
        prediction.predicted = read_array<std::int32_t>(select.getColumn(1));
        prediction.ranks = read_array<std::int32_t>(select.getColumn(2));
        return prediction;
    });
}

}  // namespace espalier::store
