-- What somebody wanted a camera to be set to, version by version.
CREATE TABLE wanted_config (
    device TEXT NOT NULL,
    version INTEGER NOT NULL,
    config TEXT NOT NULL, -- JSON
    wanted_by TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (device, version)
) STRICT, WITHOUT ROWID;

-- Unknown faces that somebody looked at and doesn't want to see again.
CREATE TABLE ignored_face (
    event_id TEXT NOT NULL REFERENCES event ON DELETE CASCADE,
    place INTEGER NOT NULL,
    PRIMARY KEY (event_id, place)
) STRICT, WITHOUT ROWID;
