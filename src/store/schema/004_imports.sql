R"sql(
-- A study that was made elsewhere: what it was read from. Studies measured here have no row.
CREATE TABLE import (
    study_id INTEGER PRIMARY KEY REFERENCES study(id) ON DELETE CASCADE,
    name     TEXT NOT NULL,                -- for people
    format   TEXT NOT NULL                 -- of the files, e.g. 'replication'
) STRICT;

CREATE TABLE import_file (
    study_id INTEGER NOT NULL REFERENCES import(study_id) ON DELETE CASCADE,
    ordinal  INTEGER NOT NULL,
    path     TEXT NOT NULL,
    sha256   TEXT NOT NULL,
    bytes    INTEGER NOT NULL,
    rows     INTEGER NOT NULL,             -- records below the heading
    PRIMARY KEY (study_id, ordinal)
) STRICT, WITHOUT ROWID;

CREATE INDEX import_file_by_content ON import_file (sha256);
)sql"
