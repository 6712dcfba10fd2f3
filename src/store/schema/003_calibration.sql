R"sql(
-- SHA-256 of everything the trial measured (store/seal.h); NULL before it is done, and of trials made before this
-- step.
ALTER TABLE trial ADD COLUMN measured_sha256 TEXT;

-- What `espalier calibrate` found out about a machine; the newest of a machine is used.
CREATE TABLE calibration (
    id      INTEGER PRIMARY KEY,
    machine TEXT NOT NULL,                 -- lab::machine_id: 12 hexadecimal digits
    made_at TEXT NOT NULL,
    json    TEXT NOT NULL                  -- espalier.calibration/1, settings included
) STRICT;

CREATE INDEX calibration_by_machine ON calibration (machine);

-- Runs of the control workload in a study: the same work each time, so that what it shows is the machine.
CREATE TABLE control (
    study_id     INTEGER NOT NULL REFERENCES study(id) ON DELETE CASCADE,
    ordinal      INTEGER NOT NULL,         -- 1, 2, ...
    after_trials INTEGER NOT NULL,         -- trials of the study that were done before
    made_at      TEXT NOT NULL,
    time_s       REAL NOT NULL,            -- median of its calls
    energy_j     REAL,                     -- per call; NULL where no meter of tier A to D read it
    power_w      REAL,
    meter        TEXT NOT NULL,            -- of the energy; '' where there is none
    tier         TEXT NOT NULL,
    scope        TEXT NOT NULL,
    PRIMARY KEY (study_id, ordinal)
) STRICT, WITHOUT ROWID;
)sql"
