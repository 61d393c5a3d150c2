-- Where a wanted version came from, and what the camera said to it.
ALTER TABLE wanted_config ADD COLUMN origin TEXT NOT NULL DEFAULT '';
ALTER TABLE wanted_config ADD COLUMN answer TEXT;
ALTER TABLE wanted_config ADD COLUMN errors TEXT NOT NULL DEFAULT '[]'; -- JSON: [[field, message], …]
ALTER TABLE wanted_config ADD COLUMN answered_ms INTEGER;

-- What groups of cameras shall have in common.
CREATE TABLE config_template (
    name TEXT PRIMARY KEY,
    config TEXT NOT NULL, -- JSON
    changed_by TEXT NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A camera follows one template at most.
CREATE TABLE config_follower (
    device TEXT PRIMARY KEY,
    name TEXT NOT NULL REFERENCES config_template ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX config_follower_name ON config_follower (name);
