R"sql(
-- Times of day are ISO 8601 in UTC and serve as records only. Intervals are seconds on the trial's monotonic
-- clock. A NULL measurement is a gap: it was not read. BLOBs are little-endian arrays.

CREATE TABLE study (
    id           INTEGER PRIMARY KEY,
    key          TEXT NOT NULL UNIQUE,     -- 12 hexadecimal digits that name the study on screen
    plan_hash    TEXT NOT NULL,            -- SHA-256 of `plan`
    repeat       INTEGER NOT NULL,         -- 0, 1, ...: the same plan carried out anew
    plan         TEXT NOT NULL,            -- resolved plan, JSON
    seed         INTEGER NOT NULL,
    blocks       INTEGER NOT NULL,
    tool_version TEXT NOT NULL,
    created_at   TEXT NOT NULL,
    environment  TEXT NOT NULL,            -- JSON
    UNIQUE (plan_hash, repeat)
) STRICT;

CREATE TABLE dataset (
    study_id INTEGER PRIMARY KEY REFERENCES study(id) ON DELETE CASCADE,
    path     TEXT NOT NULL,
    kind     TEXT NOT NULL,                -- 'image folder', 'manifest', 'cifar', 'idx'
    sha256   TEXT NOT NULL,
    images   INTEGER NOT NULL,             -- used by the study
    names    TEXT NOT NULL                 -- JSON array, one per image, in the order of prediction arrays
) STRICT;

CREATE TABLE model (
    id           INTEGER PRIMARY KEY,
    study_id     INTEGER NOT NULL REFERENCES study(id) ON DELETE CASCADE,
    ordinal      INTEGER NOT NULL,
    name         TEXT NOT NULL,
    path         TEXT NOT NULL,
    architecture TEXT NOT NULL,
    sha256       TEXT NOT NULL,
    classes      INTEGER NOT NULL,
    info         TEXT NOT NULL,            -- JSON: labels, input shape, preprocessing
    UNIQUE (study_id, ordinal)
) STRICT;

CREATE TABLE variant (
    id          INTEGER PRIMARY KEY,
    study_id    INTEGER NOT NULL REFERENCES study(id) ON DELETE CASCADE,
    model_id    INTEGER NOT NULL REFERENCES model(id) ON DELETE CASCADE,
    ordinal     INTEGER NOT NULL,
    tactic      TEXT NOT NULL,
    runtime     TEXT NOT NULL,
    device      TEXT NOT NULL,
    batch       INTEGER NOT NULL,
    threads     INTEGER NOT NULL,
    is_baseline INTEGER NOT NULL CHECK (is_baseline IN (0, 1)),
    UNIQUE (study_id, ordinal)
) STRICT;

CREATE TABLE trial (
    id                 INTEGER PRIMARY KEY,
    study_id           INTEGER NOT NULL REFERENCES study(id) ON DELETE CASCADE,
    block              INTEGER NOT NULL,
    position           INTEGER NOT NULL,
    variant_id         INTEGER NOT NULL REFERENCES variant(id) ON DELETE CASCADE,
    state              TEXT NOT NULL DEFAULT 'planned' CHECK (state IN ('planned', 'running', 'done', 'failed')),
    started_at         TEXT,
    ended_at           TEXT,
    error              TEXT,
    predictions_sha256 TEXT,
    evidence           TEXT,               -- JSON
    environment        TEXT,               -- JSON
    UNIQUE (study_id, block, position),
    UNIQUE (study_id, block, variant_id)
) STRICT;

CREATE TABLE attempt (
    trial_id   INTEGER NOT NULL REFERENCES trial(id) ON DELETE CASCADE,
    number     INTEGER NOT NULL,           -- 1, 2, ...
    started_at TEXT NOT NULL,
    ended_at   TEXT,
    outcome    TEXT CHECK (outcome IN ('done', 'failed', 'crashed', 'timed out', 'interrupted')),
    detail     TEXT,
    PRIMARY KEY (trial_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE phase (
    id       INTEGER PRIMARY KEY,
    trial_id INTEGER NOT NULL REFERENCES trial(id) ON DELETE CASCADE,
    ordinal  INTEGER NOT NULL,
    name     TEXT NOT NULL,                -- 'idle', 'load', 'optimize', 'warm-up', 'measure', 'accuracy', 'unload'
    start_s  REAL NOT NULL,
    end_s    REAL NOT NULL,
    calls    INTEGER NOT NULL,
    images   INTEGER NOT NULL,
    cpu_s    REAL,                         -- processor time of the trial's process
    latency  BLOB,                         -- float32 seconds of each call, in order
    UNIQUE (trial_id, ordinal)
) STRICT;

CREATE TABLE energy (
    phase_id    INTEGER NOT NULL REFERENCES phase(id) ON DELETE CASCADE,
    ordinal     INTEGER NOT NULL,
    meter       TEXT NOT NULL,
    zone        TEXT NOT NULL,
    joules      REAL,
    tier        TEXT NOT NULL CHECK (tier IN ('A', 'B', 'C', 'D', 'E')),
    scope       TEXT NOT NULL,             -- what the zone covers, e.g. 'cpu package'
    in_total    INTEGER NOT NULL CHECK (in_total IN (0, 1)),  -- zones inside another zone are not added
    factor_low  REAL NOT NULL,             -- the true value lies in joules * [factor_low, factor_high]
    factor_high REAL NOT NULL,
    problem     TEXT,                      -- why joules is NULL, or what weakens it
    PRIMARY KEY (phase_id, ordinal)
) STRICT, WITHOUT ROWID;

CREATE TABLE reading (
    phase_id INTEGER NOT NULL REFERENCES phase(id) ON DELETE CASCADE,
    name     TEXT NOT NULL,                -- e.g. 'peak memory', 'machine utilization'
    unit     TEXT NOT NULL,
    value    REAL,
    PRIMARY KEY (phase_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE trace (
    trial_id INTEGER NOT NULL REFERENCES trial(id) ON DELETE CASCADE,
    ordinal  INTEGER NOT NULL,
    meter    TEXT NOT NULL,
    zone     TEXT NOT NULL,
    unit     TEXT NOT NULL,
    times    BLOB NOT NULL,                -- float64 seconds
    samples  BLOB NOT NULL,                -- float64, NaN marks a gap
    PRIMARY KEY (trial_id, ordinal)
) STRICT, WITHOUT ROWID;

CREATE TABLE prediction (
    variant_id INTEGER PRIMARY KEY REFERENCES variant(id) ON DELETE CASCADE,
    trial_id   INTEGER NOT NULL REFERENCES trial(id) ON DELETE CASCADE,
    labels     BLOB NOT NULL,              -- int32 class of each image
    predicted  BLOB NOT NULL,              -- int32 class with the largest logit
    ranks      BLOB NOT NULL               -- int32 place of the label among the logits, 0 = largest
) STRICT;

CREATE TABLE note (
    id         INTEGER PRIMARY KEY,
    study_id   INTEGER NOT NULL REFERENCES study(id) ON DELETE CASCADE,
    trial_id   INTEGER REFERENCES trial(id) ON DELETE CASCADE,
    code       TEXT NOT NULL,              -- stable word for programs, e.g. 'governor'
    text       TEXT NOT NULL,              -- sentence for people
    created_at TEXT NOT NULL
) STRICT;

CREATE TABLE verdict (
    study_id   INTEGER PRIMARY KEY REFERENCES study(id) ON DELETE CASCADE,
    json       TEXT NOT NULL,              -- espalier.verdict/1; derived, replaced whenever it is computed anew
    created_at TEXT NOT NULL
) STRICT;

CREATE INDEX trial_by_study ON trial (study_id, state);
CREATE INDEX phase_by_trial ON phase (trial_id);
CREATE INDEX note_by_study ON note (study_id);
)sql"
