#include "store/trials.h"

#include <SQLiteCpp/Statement.h>

#include "base/error.h"
#include "store/columns.h"
#include "store/seal.h"

namespace espalier::store {
namespace {

void set_state(SQLite::Database& sql, Id trial, TrialState state, const std::string& error,
               const std::string& ended_at) {
    SQLite::Statement update(sql, "UPDATE trial SET state = ?, error = ?, ended_at = ? WHERE id = ?");
    update.bind(1, name(state));
    bind_text(update, 2, error);
    bind_text(update, 3, ended_at);
    update.bind(4, trial);
    update.exec();
}

void end_attempt(SQLite::Database& sql, Id trial, const std::string& outcome, const std::string& detail,
                 const std::string& now) {
    SQLite::Statement update(
        sql,
        "UPDATE attempt SET ended_at = ?, outcome = ?, detail = ? WHERE trial_id = ? AND outcome IS NULL");
    update.bind(1, now);
    update.bind(2, outcome);
    bind_text(update, 3, detail);
    update.bind(4, trial);
    update.exec();
}

void add_energy(SQLite::Database& sql, Id phase, int ordinal, const EnergyRecord& energy) {
    SQLite::Statement insert(
        sql,
        "INSERT INTO energy (phase_id, ordinal, meter, zone, joules, tier, scope, in_total, "
        "factor_low, factor_high, problem, device) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    insert.bind(1, phase);
    insert.bind(2, ordinal);
    insert.bind(3, energy.meter);
    insert.bind(4, energy.zone);
    bind_real(insert, 5, energy.joules);
    insert.bind(6, energy.tier);
    insert.bind(7, energy.scope);
    insert.bind(8, energy.in_total ? 1 : 0);
    insert.bind(9, energy.factor_low);
    insert.bind(10, energy.factor_high);
    bind_text(insert, 11, energy.problem);
    insert.bind(12, energy.device);
    insert.exec();
}

void add_reading(SQLite::Database& sql, Id phase, const ReadingRecord& reading) {
    SQLite::Statement insert(sql, "INSERT INTO reading (phase_id, name, unit, value) VALUES (?, ?, ?, ?)");
    insert.bind(1, phase);
    insert.bind(2, reading.name);
    insert.bind(3, reading.unit);
    bind_real(insert, 4, reading.value);
    insert.exec();
}

void add_trace(SQLite::Database& sql, Id trial, int ordinal, const TraceRecord& trace) {
    SQLite::Statement insert(sql,
                             "INSERT INTO trace (trial_id, ordinal, meter, zone, unit, times, samples) "
                             "VALUES (?, ?, ?, ?, ?, ?, ?)");
    insert.bind(1, trial);
    insert.bind(2, ordinal);
    insert.bind(3, trace.meter);
    insert.bind(4, trace.zone);
    insert.bind(5, trace.unit);
    bind_array(insert, 6, trace.times_s);
    bind_array(insert, 7, trace.samples);
    insert.exec();
}

std::vector<EnergyRecord> read_energies(SQLite::Database& sql, Id phase) {
    SQLite::Statement select(
        sql,
        "SELECT meter, zone, joules, tier, scope, in_total, factor_low, factor_high, problem, "
        "device FROM energy WHERE phase_id = ? ORDER BY ordinal");
    select.bind(1, phase);
    std::vector<EnergyRecord> energies;
    while (select.executeStep()) {
        energies.push_back({select.getColumn(0).getString(), select.getColumn(1).getString(),
                            read_real(select.getColumn(2)), select.getColumn(3).getString(),
                            select.getColumn(4).getString(), select.getColumn(5).getInt() != 0,
                            select.getColumn(6).getDouble(), select.getColumn(7).getDouble(),
                            read_text(select.getColumn(8)), select.getColumn(9).getString()});
    }
    return energies;
}

std::vector<ReadingRecord> read_readings(SQLite::Database& sql, Id phase) {
    SQLite::Statement select(sql, "SELECT name, unit, value FROM reading WHERE phase_id = ? ORDER BY name");
    select.bind(1, phase);
    std::vector<ReadingRecord> readings;
    while (select.executeStep()) {
        readings.push_back({select.getColumn(0).getString(), select.getColumn(1).getString(),
                            read_real(select.getColumn(2))});
    }
    return readings;
}

std::vector<PhaseRecord> read_phases(SQLite::Database& sql, Id trial) {
    SQLite::Statement select(sql,
                             "SELECT id, name, start_s, end_s, calls, images, cpu_s, latency FROM phase "
                             "WHERE trial_id = ? ORDER BY ordinal");
    select.bind(1, trial);
    std::vector<PhaseRecord> phases;
    while (select.executeStep()) {
        PhaseRecord phase;
        const Id id = select.getColumn(0).getInt64();
        phase.name = select.getColumn(1).getString();
        phase.start_s = select.getColumn(2).getDouble();
        phase.end_s = select.getColumn(3).getDouble();
        phase.calls = select.getColumn(4).getInt64();
        phase.images = select.getColumn(5).getInt64();
        phase.cpu_s = read_real(select.getColumn(6));
        phase.latency_s = read_array<float>(select.getColumn(7));
        phase.energies = read_energies(sql, id);
        phase.readings = read_readings(sql, id);
        phases.push_back(std::move(phase));
    }
    return phases;
}

std::vector<TraceRecord> read_traces(SQLite::Database& sql, Id trial) {
    SQLite::Statement select(
        sql, "SELECT meter, zone, unit, times, samples FROM trace WHERE trial_id = ? ORDER BY ordinal");
    select.bind(1, trial);
    std::vector<TraceRecord> traces;
    while (select.executeStep()) {
        traces.push_back({select.getColumn(0).getString(), select.getColumn(1).getString(),
                          select.getColumn(2).getString(), read_array<double>(select.getColumn(3)),
                          read_array<double>(select.getColumn(4))});
    }
    return traces;
}

std::vector<AttemptRecord> read_attempts(SQLite::Database& sql, Id trial) {
    SQLite::Statement select(
        sql,
        "SELECT number, started_at, ended_at, outcome, detail FROM attempt WHERE trial_id = ? "
        "ORDER BY number");
    select.bind(1, trial);
    std::vector<AttemptRecord> attempts;
    while (select.executeStep()) {
        attempts.push_back({select.getColumn(0).getInt(), select.getColumn(1).getString(),
                            read_text(select.getColumn(2)), read_text(select.getColumn(3)),
                            read_text(select.getColumn(4))});
    }
    return attempts;
}

/// Trials of a store that did not know seals have none.
void check_seal(SQLite::Database& sql, const TrialRecord& trial) {
    SQLite::Statement select(sql, "SELECT measured_sha256 FROM trial WHERE id = ?");
    select.bind(1, trial.id);
    const std::string seal = select.executeStep() ? read_text(select.getColumn(0)) : "";
    if (seal.empty() || seal == measured_sha256(trial)) return;
    fail(
        "the store is damaged: block {}, position {} of a study does not hold what was measured; its samples "
        "were changed after they were recorded. Use a copy of the store, or measure again",
        trial.block + 1, trial.position + 1);
}

}  // namespace

std::vector<TrialRecord> Trials::list(Id study) {
    return database_.guarded([&] {
        SQLite::Statement select(
            database_.sql(),
            "SELECT id, variant_id, block, position, state, started_at, ended_at, error, predictions_sha256, "
            "evidence, environment FROM trial WHERE study_id = ? ORDER BY block, position");
        select.bind(1, study);
        std::vector<TrialRecord> trials;
        while (select.executeStep()) {
            TrialRecord trial;
            trial.id = select.getColumn(0).getInt64();
            trial.variant_id = select.getColumn(1).getInt64();
            trial.block = select.getColumn(2).getInt();
            trial.position = select.getColumn(3).getInt();
            trial.state = parse_trial_state(select.getColumn(4).getString());
            trial.started_at = read_text(select.getColumn(5));
            trial.ended_at = read_text(select.getColumn(6));
            trial.error = read_text(select.getColumn(7));
            trial.predictions_sha256 = read_text(select.getColumn(8));
            trial.evidence = read_text(select.getColumn(9));
            trial.environment = read_text(select.getColumn(10));
            trials.push_back(std::move(trial));
        }
        return trials;
    });
}

Progress Trials::progress(Id study) {
    return database_.guarded([&] {
        SQLite::Statement select(database_.sql(),
                                 "SELECT state, count(*) FROM trial WHERE study_id = ? GROUP BY state");
        select.bind(1, study);
        Progress progress;
        while (select.executeStep()) {
            const std::int64_t count = select.getColumn(1).getInt64();
            switch (parse_trial_state(select.getColumn(0).getString())) {
                case TrialState::kPlanned:
                    progress.planned = count;
                    break;
                case TrialState::kRunning:
                    progress.running = count;
                    break;
                case TrialState::kDone:
                    progress.done = count;
                    break;
                case TrialState::kFailed:
                    progress.failed = count;
                    break;
            }
        }
        return progress;
    });
}

std::optional<double> Trials::mean_seconds(Id study) {
    return database_.guarded([&]() -> std::optional<double> {
        SQLite::Statement select(
            database_.sql(),
            "SELECT avg((julianday(ended_at) - julianday(started_at)) * 86400.0) FROM trial "
            "WHERE study_id = ? AND state = 'done'");
        select.bind(1, study);
        return select.executeStep() ? read_real(select.getColumn(0)) : std::nullopt;
    });
}

int Trials::recover(Id study, const std::string& now) {
    int recovered = 0;
    database_.transaction([&] {
        auto& sql = database_.sql();
        SQLite::Statement attempts(
            sql,
            "UPDATE attempt SET ended_at = ?, outcome = 'interrupted', detail = 'the runner "
            "ended before the trial did' WHERE outcome IS NULL AND trial_id IN "
            "(SELECT id FROM trial WHERE study_id = ?)");
        attempts.bind(1, now);
        attempts.bind(2, study);
        attempts.exec();
        SQLite::Statement trials(
            sql,
            "UPDATE trial SET state = 'planned', started_at = NULL WHERE study_id = ? AND state = 'running'");
        trials.bind(1, study);
        recovered = trials.exec();
    });
    return recovered;
}

int Trials::retry_failed(Id study) {
    return database_.guarded([&] {
        SQLite::Statement update(
            database_.sql(),
            "UPDATE trial SET state = 'planned', error = NULL, started_at = NULL, ended_at = NULL "
            "WHERE study_id = ? AND state = 'failed'");
        update.bind(1, study);
        return update.exec();
    });
}

int Trials::begin(Id trial, const std::string& now) {
    int number = 0;
    database_.transaction([&] {
        auto& sql = database_.sql();
        SQLite::Statement update(
            sql, "UPDATE trial SET state = 'running', started_at = ?, error = NULL WHERE id = ?");
        update.bind(1, now);
        update.bind(2, trial);
        update.exec();
        SQLite::Statement insert(
            sql,
            "INSERT INTO attempt (trial_id, number, started_at) SELECT ?1, "
            "coalesce(max(number), 0) + 1, ?2 FROM attempt WHERE trial_id = ?1 RETURNING number");
        insert.bind(1, trial);
        insert.bind(2, now);
        if (insert.executeStep()) number = insert.getColumn(0).getInt();
        while (!insert.isDone()) insert.executeStep();
    });
    return number;
}

void Trials::give_up(Id trial, const std::string& outcome, const std::string& detail, TrialState next,
                     const std::string& now) {
    database_.transaction([&] {
        end_attempt(database_.sql(), trial, outcome, detail, now);
        const bool failed = next == TrialState::kFailed;
        set_state(database_.sql(), trial, next, failed ? detail : "", failed ? now : "");
    });
}

void Trials::finish(const TrialRecord& trial, const std::string& now) {
    database_.transaction([&] {
        auto& sql = database_.sql();
        int ordinal = 0;
        for (const auto& phase : trial.phases) add_phase(trial.id, ordinal++, phase);
        ordinal = 0;
        for (const auto& trace : trial.traces) add_trace(sql, trial.id, ordinal++, trace);
        SQLite::Statement update(
            sql,
            "UPDATE trial SET predictions_sha256 = ?, evidence = ?, environment = ?, measured_sha256 = ? "
            "WHERE id = ?");
        bind_text(update, 1, trial.predictions_sha256);
        bind_text(update, 2, trial.evidence);
        bind_text(update, 3, trial.environment);
        update.bind(4, measured_sha256(trial));
        update.bind(5, trial.id);
        update.exec();
        end_attempt(sql, trial.id, "done", "", now);
        set_state(sql, trial.id, TrialState::kDone, "", now);
    });
}

void Trials::add_phase(Id trial, int ordinal, const PhaseRecord& phase) {
    auto& sql = database_.sql();
    SQLite::Statement insert(
        sql,
        "INSERT INTO phase (trial_id, ordinal, name, start_s, end_s, calls, images, cpu_s, latency) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    insert.bind(1, trial);
    insert.bind(2, ordinal);
    insert.bind(3, phase.name);
    insert.bind(4, phase.start_s);
    insert.bind(5, phase.end_s);
    insert.bind(6, phase.calls);
    insert.bind(7, phase.images);
    bind_real(insert, 8, phase.cpu_s);
    if (!phase.latency_s.empty()) bind_array(insert, 9, phase.latency_s);
    insert.exec();
    const Id id = sql.getLastInsertRowid();
    int zone = 0;
    for (const auto& energy : phase.energies) add_energy(sql, id, zone++, energy);
    for (const auto& reading : phase.readings) add_reading(sql, id, reading);
}

void Trials::read_measurements(std::vector<TrialRecord>& trials) {
    database_.guarded([&] {
        for (auto& trial : trials) {
            trial.phases = read_phases(database_.sql(), trial.id);
            trial.traces = read_traces(database_.sql(), trial.id);
            trial.attempts = read_attempts(database_.sql(), trial.id);
            check_seal(database_.sql(), trial);
        }
    });
}

}  // namespace espalier::store
